#!/bin/sh
# Exporting and running beside llama.cpp: makes students under target/peers/train, then races. LLAMA_CPP_DIR is the
# source of llama.cpp, LLAMA_BIN the folder of its programs (README.md says how to build them). Options go to race.py:
# `sh benches/peers/export/run.sh --shapes 1B --types Q4_K_S --runs 3 --imatrix`.
# Needs Python 3.11 and asks PyPI. DISTILL names a program that is built already, PYTHON one that has the packages.
set -eu
: "${LLAMA_CPP_DIR:?the source of llama.cpp}" "${LLAMA_BIN:?the folder of llama-quantize}"
cd "$(dirname "$0")/../../.."
made=$PWD/target/peers/train
if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$PWD/target/peers/export/venv"
    PYTHON=$PWD/target/peers/export/venv/bin/python
    "$PYTHON" -m pip install --quiet --requirement benches/peers/export/requirements.txt
fi
if [ -z "${DISTILL:-}" ]; then
    cargo build --release --bin distill
    DISTILL=${CARGO_TARGET_DIR:-target}/release/distill
fi
missing=
for shape in ${SHAPES:-135M 1B}; do
    [ -f "$made/$shape/model.safetensors.index.json" ] || missing="$missing $shape"
done
# shellcheck disable=SC2086
[ -z "$missing" ] || "$PYTHON" benches/peers/train/make.py "$made" --shapes $missing
# shellcheck disable=SC2086
exec "$PYTHON" benches/peers/export/race.py "$DISTILL" "$LLAMA_CPP_DIR" "$LLAMA_BIN" "$made" --shapes ${SHAPES:-135M 1B} "$@"
