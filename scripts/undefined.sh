#!/bin/sh
# undefined.sh [--update] LIBHANDFAST.so: what the library calls outside itself
# is exactly what undefined.txt lists.  A new line there is a decision that a
# reviewer sees; --update writes it.  Of the fortified variants (__x_chk) the
# plain name is listed, and what only compiler and linker put there is not.
#
# A second word on a line names the optional library that the symbol is from:
# where that one is not linked, none of its symbols are called.
set -u
list=$(dirname "$0")/undefined.txt
update=no
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi

# Names behind each symbol the optional library that brings it.
name_libraries() {
    sed -e 's/^Brotli.*/& brotli/' -e 's/^ZSTD_.*/& zstd/' \
        -e 's/^\(inflate\|deflate\|compress\).*/& zlib/'
}

now=$(nm -D -u "$1" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' |
    sed 's/^__\(.*\)_chk$/\1/' |
    grep -v -e '^__stack_chk_fail$' -e '^__cxa_finalize$' | LC_ALL=C sort -u |
    name_libraries)
[ -n "$now" ] || { echo "nm says nothing about $1"; exit 1; }

# Lines of the list that are of libraries that are not linked here.
absent=$(awk 'NF == 2 { print $2 }' "$list" | sort -u |
    while read -r library; do
        echo "$now" | grep -q " $library\$" || grep " $library\$" "$list"
    done)
now=$(printf '%s\n%s\n' "$now" "$absent" | grep . | LC_ALL=C sort -u)
if [ $update = yes ]; then
    echo "$now" >"$list"
    exit 0
fi
echo "$now" | diff -u "$list" - && exit 0
echo "calls differ from $list; if that is meant: scripts/undefined.sh --update"
exit 1
