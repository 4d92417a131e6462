#!/usr/bin/env bash
# The steps of the GitHub Action (action.yml), in a file so that tests can run them without GitHub.
#
#   action.sh key        says under which key the built linter is cached
#   action.sh install    makes sure that there is a linter
#   action.sh lint       runs it
#
# Inputs come as INPUT_* and are never part of a command line that a shell reads again. Works with bash 3.2, which
# is what runners with macOS have.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home="${RUNNER_TEMP:-${TMPDIR:-/tmp}}/distill-lint"
own="$home/bin/distill"

fail() {
    # A message of ours; only its first line, since what follows a line break could be a command to the runner.
    printf '::error title=distill lint::%s\n' "$(printf '%s' "$1" | head -n 1 | tr -d '\r' | sed 's/%/%25/g')"
    exit 2
}

output() {
    [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Sets `wanted` to a tag or a commit, or to nothing, which is the version of this Action.
version() {
    wanted=${INPUT_VERSION:-}
    case "$wanted" in
    -* | *[!A-Za-z0-9._/+-]*) fail "version is a tag or a commit: letters, digits and . _ / + -" ;;
    esac
}

key() {
    local wanted
    version
    if [ -z "$wanted" ]; then
        # Of the sources: a branch may be moved, and what it pointed to must not come out of the cache.
        wanted=$(cd "$here" && find . \( -name .git -o -name target \) -prune -o -type f -print |
            LC_ALL=C sort | git hash-object --no-filters --stdin-paths | git hash-object --stdin)
    fi
    output key "distill-lint-${RUNNER_OS:-os}-${RUNNER_ARCH:-arch}-$wanted"
    output path "$home/bin"
}

# Sets `distill` to the linter.
find_linter() {
    if [ -n "${INPUT_BINARY:-}" ]; then
        distill=$(command -v -- "$INPUT_BINARY") || fail "binary: there is no such program"
    elif [ -x "$own" ] || [ -x "$own.exe" ]; then
        distill="$own"
    else
        return 1
    fi
}

install() {
    if ! find_linter; then
        command -v cargo >/dev/null || fail "cargo is missing: install Rust 1.95 or newer, or give a binary"
        local wanted from
        version
        from=(--path "$here")
        if [ -n "$wanted" ]; then
            [ -n "${ACTION_REPOSITORY:-}" ] || fail "version needs the Action's repository, which a local Action has none of"
            from=(--git "${GITHUB_SERVER_URL:-https://github.com}/$ACTION_REPOSITORY" --rev "$wanted" distill)
        fi
        CARGO_TARGET_DIR="$home/target" cargo install --locked --no-default-features --root "$home" "${from[@]}"
        # Some hundred megabytes that nothing needs any more.
        rm -rf "$home/target"
        find_linter || fail "cargo install left no linter"
    fi
    "$distill" --version
}

# Puts the lines of a text into `list`, without empty ones.
lines() {
    local line
    list=()
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -z "$line" ] || list+=("$line")
    done <<<"$1"
}

# Puts the words of a text into `list`; quotes keep blanks together, and nothing is expanded.
words() {
    local word words
    list=()
    words=$(mktemp)
    case "$1" in
    *[!$' \t\r\n']*)
        printf '%s' "$1" | tr '\r\n' '  ' | xargs printf '%s\0' >"$words" 2>/dev/null || fail "args: a quote is not closed"
        ;;
    esac
    while IFS= read -r -d '' word; do
        list+=("$word")
    done <"$words"
    rm -f "$words"
}

lint() {
    find_linter || fail "there is no linter: run the step that installs it"
    local flags paths reports=$home/reports annotations format fence code=0
    rm -rf "$reports"
    mkdir -p "$reports"

    words "${INPUT_ARGS:-}"
    flags=(${list[@]+"${list[@]}"})
    [ -z "${INPUT_CONFIG:-}" ] || flags+=("--config=$INPUT_CONFIG")
    [ -z "${INPUT_BASELINE:-}" ] || flags+=("--baseline=$INPUT_BASELINE")
    [ -z "${INPUT_FAIL_ON:-}" ] || flags+=("--fail-on=$INPUT_FAIL_ON")
    words "${INPUT_FORMATS:-}"
    [ "${INPUT_UPLOAD_SARIF:-false}" != true ] || list+=(sarif)
    for format in ${list[@]+"${list[@]}"}; do
        case "$format" in
        text) flags+=("--report=text=$reports/lint.txt") ;;
        json | sarif | html) flags+=("--report=$format=$reports/lint.$format") ;;
        gitlab) flags+=("--report=gitlab=$reports/gl-code-quality-report.json") ;;
        junit) flags+=("--report=junit=$reports/junit.xml") ;;
        *) fail "formats: text, json, sarif, junit, html or gitlab" ;;
        esac
    done
    lines "${INPUT_PATHS:-}"
    paths=(${list[@]+"${list[@]}"})
    [ ${#paths[@]} -gt 0 ] || paths=(.)

    # Names of files may hold line breaks, and so may what is said about them; until the fence falls, the runner
    # takes nothing for a command. What the linter writes as annotations is escaped by it and printed afterwards.
    annotations=$(mktemp)
    fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$fence"
    "$distill" lint --output-format=github ${flags[@]+"${flags[@]}"} -- "${paths[@]}" >"$annotations" || code=$?
    printf '\n::%s::\n' "$fence"
    cat "$annotations"
    rm -f "$annotations"

    output exit-code "$code"
    output reports "$reports"
    [ ! -f "$reports/lint.sarif" ] || output sarif "$reports/lint.sarif"
    if [ "$code" -gt 1 ]; then
        printf '::error title=distill lint::The linter could not do its work (exit code %s); the log says why\n' "$code"
    fi
    exit "$code"
}

case "${1:-}" in
key | install | lint) "$1" ;;
*)
    echo "usage: action.sh key|install|lint" >&2
    exit 2
    ;;
esac
