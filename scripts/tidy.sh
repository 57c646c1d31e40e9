#!/bin/sh
# tidy.sh [FILE...]: clang-tidy over the library, the command and the examples
# (or over the files named), with .clang-tidy.  Tests are left out: cmocka's
# macros are not ours to tidy.  TIDY_JOBS at a time, 2 by default.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh tidy || exit 1
build=./build-tidy
if [ -f $build/build.ninja ]; then
    meson setup --reconfigure $build >/dev/null || exit 1
else
    CC=clang meson setup $build -Dtests=false >/dev/null || exit 1
fi
# what the command includes and the build makes
ninja -C $build tools/lang_books.inc >/dev/null || exit 1
built=$(sed -n 's,^ *"file": "\.\./\(\(src\|tools\|examples\)/.*\.c\)".*,\1,p' \
    $build/compile_commands.json | sort -u)

logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $built
# shellcheck disable=SC2016 # the inner shell expands
for file; do
    case " $(echo "$built" | tr '\n' ' ') " in
    *" $file "*) echo "$file" ;;
    *) echo "$file: not built without tests, left out" >&2 ;;
    esac
done | xargs -P "${TIDY_JOBS:-2}" -I{} sh -c '
    log=$1/$(echo "$3" | tr / _)
    clang-tidy -quiet -p "$2" "$3" >"$log" 2>/dev/null && rm "$log"
    exit 0' tidy "$logs" $build {}

bad=0
for log in "$logs"/*; do
    [ -f "$log" ] || continue
    cat "$log"
    bad=$((bad + 1))
done
echo "$# files, $bad with something to mend"
[ $bad = 0 ]
