#!/bin/sh
# Makes what race.py needs, under target/peers/lint, and runs it: `sh benches/peers/lint/run.sh`. Needs Python 3.11 and
# asks PyPI. DISTILL names a program that is built already.
set -eu
cd "$(dirname "$0")/../../.."
made=$PWD/target/peers/lint
python3 -m venv "$made/venv"
"$made/venv/bin/pip" install --quiet --requirement benches/peers/lint/requirements.txt
"$made/venv/bin/pip" install --quiet --no-deps text-dedup==0.4.0
if [ -z "${DISTILL:-}" ]; then
    cargo build --release --bin distill
    DISTILL=${CARGO_TARGET_DIR:-$PWD/target}/release/distill
fi
"$made/venv/bin/python" benches/peers/lint/make_rows.py "$made/rows"
exec "$made/venv/bin/python" benches/peers/lint/race.py --distill "$DISTILL" --made "$made/rows" \
    --text-dedup "$made/venv/bin/python" --write BENCHMARKS.md "$@"
