#!/bin/sh
# Training beside TRL and PEFT: makes students and rows under target/peers/train, checks that both sides see the same
# tokens, and races. Options go to compare.py: `sh benches/peers/train/run.sh --races sft-135M --runs 5`.
# Needs Python 3.11 and asks PyPI. DISTILL names a program that is built already, PYTHON one that has the packages,
# SHAPES the students (135M 1B 3B).
set -eu
cd "$(dirname "$0")/../../.."
made=$PWD/target/peers/train
if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$made/venv"
    PYTHON=$made/venv/bin/python
    "$PYTHON" -m pip install --quiet --requirement benches/peers/train/requirements.txt
fi
if [ -z "${DISTILL:-}" ]; then
    cargo build --release --bin distill
    DISTILL=${CARGO_TARGET_DIR:-target}/release/distill
fi
here=benches/peers/train
missing=
for shape in ${SHAPES:-135M 1B}; do
    [ -f "$made/$shape/model.safetensors.index.json" ] || missing="$missing $shape"
done
# The index is a student's last file; rows are written every time.
# shellcheck disable=SC2086
"$PYTHON" $here/make.py "$made" --shapes ${missing:-}
first=$(set -- ${SHAPES:-135M 1B}; echo "$1")
"$PYTHON" $here/check_ids.py "$DISTILL" "$made/$first" "$made/rows"
exec "$PYTHON" $here/compare.py "$DISTILL" "$made" "$@"
