#!/bin/sh
# policies.sh [--update] HANDFAST: every policy is, number by number, what
# test/policies/NAME.txt says, and no policy that was ever there has vanished.
# Prints TAP; --update writes the files instead.
#
# A policy that has been released does not change: add an edition above it in
# src/handshake/policies.def, and then update.
set -u
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
handfast=$(readlink -f "${1:-$top/build/handfast}")
cd "$top" || exit 1

[ -x "$handfast" ] || { echo "Bail out! no $handfast"; exit 1; }
names=$("$handfast" policy list | cut -d ' ' -f 1)
[ -n "$names" ] || { echo "Bail out! no policies"; exit 1; }
printed=$(mktemp -d) || exit 1
trap 'rm -rf "$printed"' EXIT INT TERM
count=0
bad=0

# compare NAME: test/policies/NAME.txt is what the program prints
compare() {
    count=$((count + 1))
    if ! "$handfast" policy show "$1" >"$printed/$1"; then
        echo "not ok $count - handfast policy show $1 prints"
        bad=1
    elif [ -n "$update" ]; then
        mkdir -p test/policies && cp "$printed/$1" "test/policies/$1.txt" &&
            echo "ok $count - test/policies/$1.txt written"
    elif diff -u "test/policies/$1.txt" "$printed/$1" >"$printed/diff" 2>&1; then
        echo "ok $count - $1 is what test/policies/$1.txt says"
    else
        sed -n 's/^/# /;1,40p' "$printed/diff"
        echo "not ok $count - $1 is what test/policies/$1.txt says"
        echo "# a released policy does not change; if this one is not released:"
        echo "# scripts/policies.sh --update $handfast"
        bad=1
    fi
}

for name in $names; do
    compare "$name"
done
for file in test/policies/*.txt; do
    name=$(basename "$file" .txt)
    count=$((count + 1))
    if printf '%s\n' "$names" | grep -qx -e "$name"; then
        echo "ok $count - $name is still a policy"
    else
        echo "not ok $count - $name is still a policy: who pinned it is left" \
            "without"
        bad=1
    fi
done
echo "1..$count"
exit $bad
