#!/bin/sh
# tidy.sh [FILE...]: clang-tidy over the library and the command (or over the
# files named), with .clang-tidy.  Tests are left out: cmocka's macros are not
# ours to tidy.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh tidy || exit 1
build=${BUILD_TIDY:-build-tidy}
if [ ! -f "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Dtests=false >/dev/null || exit 1
fi
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(find src tools examples -name '*.c' \
    ! -name '*_test.c' | sort)
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
bad=0
for file; do
    # A file of no target is not in the compilation database.
    grep -q "\"file\": \".*$file\"" "$build/compile_commands.json" || {
        echo "$file is not built"
        bad=$((bad + 1))
        continue
    }
    clang-tidy -quiet -p "$build" "$file" >"$log" 2>&1 || {
        grep -v -e '^[0-9]* warnings' -e '^Suppressed' "$log"
        bad=$((bad + 1))
    }
done
echo "$# files, $bad with something to mend"
[ $bad = 0 ]
