#!/usr/bin/env bash
# The pre-commit hook `distill-lint-build`: builds the linter alone beside this checkout, once, and runs it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home="$here/target/hook"
if [ ! -x "$home/bin/distill" ] && [ ! -x "$home/bin/distill.exe" ]; then
    command -v cargo >/dev/null || {
        echo "cargo is missing: install Rust 1.95 or newer, or use the hook distill-lint with an installed linter" >&2
        exit 2
    }
    echo "building the linter; this happens once" >&2
    CARGO_TARGET_DIR="$home/build" cargo install --quiet --locked --no-default-features --root "$home" --path "$here" >&2
    rm -rf "$home/build"
fi
exec "$home/bin/distill" lint --only-datasets "$@"
