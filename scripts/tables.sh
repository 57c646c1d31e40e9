#!/bin/sh
# tables.sh [--update] HANDFAST: the tables in docs/tables are those that the
# program prints.  Prints TAP; --update writes them instead.
set -u
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
handfast=$(readlink -f "${1:-$top/build/handfast}")
cd "$top" || exit 1
tables="layouts extensions flow suites groups signatures errors exits events
    limits options"

[ -x "$handfast" ] || { echo "Bail out! no $handfast"; exit 1; }
printed=$(mktemp -d) || exit 1
trap 'rm -rf "$printed"' EXIT INT TERM

# compare NAME ARGUMENT...: docs/tables/NAME is what the program prints
compare() {
    name=$1
    shift
    count=$((count + 1))
    if ! "$handfast" tables "$@" >"$printed/$name"; then
        echo "not ok $count - handfast tables $* prints"
        bad=1
    elif [ -n "$update" ]; then
        mkdir -p docs/tables && cp "$printed/$name" "docs/tables/$name" &&
            echo "ok $count - docs/tables/$name written"
    elif diff -u "docs/tables/$name" "$printed/$name" >"$printed/diff"; then
        echo "ok $count - docs/tables/$name is what the program prints"
    else
        sed -n 's/^/# /;1,20p' "$printed/diff"
        echo "not ok $count - docs/tables/$name is what the program prints"
        echo "# to bring it up to date: scripts/tables.sh --update $handfast"
        bad=1
    fi
}

count=0
bad=0
for table in $tables; do
    compare "$table.md" "$table"
done
compare flow.dot flow --dot
echo "1..$count"
exit $bad
