#!/bin/sh
# Makes what race.py needs, under target/peers, and runs it: `just peers`, with `--resumes` and a folder of other people's résumés and
# their sources where there is one. Needs Python 3.11 and asks PyPI and crates.io. DISTILL names a program that is built
# already.
set -eu
cd "$(dirname "$0")/../.."
made=$PWD/target/peers
python3 -m venv "$made/venv"
"$made/venv/bin/pip" install --quiet --requirement benches/peers/requirements.txt
if [ -z "${DISTILL:-}" ]; then
    cargo build --release --bin distill
    DISTILL=${CARGO_TARGET_DIR:-target}/release/distill
fi
CARGO_TARGET_DIR="$made/redact-core" cargo build --release --manifest-path benches/peers/redact-core/Cargo.toml
exec "$made/venv/bin/python" benches/peers/race.py --distill "$DISTILL" \
    --redact-core "$made/redact-core/release/redact-core-filter" --write BENCHMARKS.md "$@"
