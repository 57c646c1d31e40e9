#!/bin/sh
# format.sh [--write]: is every C file as .clang-format wants it?  --write makes
# it so.  Tables stand between "clang-format off" and "clang-format on".
set -u
cd "$(dirname "$0")/.." || exit 1
if ! command -v clang-format >/dev/null 2>&1; then
    echo "SKIP: clang-format is not there (apt install clang-format)"
    exit 77
fi
files=$(find include src tools examples test -name '*.[ch]' | sort)
[ -n "$files" ] || { echo "no C files found"; exit 1; }
# shellcheck disable=SC2086
if [ "${1:-}" = --write ]; then
    exec clang-format -i $files
fi
bad=0
for file in $files; do
    clang-format "$file" | cmp -s - "$file" || {
        clang-format "$file" | diff -u "$file" - | head -20
        bad=$((bad + 1))
    }
done
[ $bad = 0 ] || echo "$bad files are not formatted: make format"
[ $bad = 0 ]
