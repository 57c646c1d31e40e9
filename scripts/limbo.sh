#!/bin/sh
# limbo.sh -b BUILD SUITE FILE [ARGUMENT...]: judges the testcases of others by
# handfast-limbo of BUILD and says where we agree.  SUITE is limbo, bettertls or
# pkits: test/limbo/SUITE.py says what FILE is and what the exit status means.
set -u
cd "$(dirname "$0")/.." || exit 1
build=build
if [ "${1:-}" = -b ]; then
    build=$2
    shift 2
fi
suite=$1
case $suite in
limbo) usage="make limbo LIMBO=limbo.json, of C2SP/x509-limbo" ;;
bettertls) usage="make bettertls BETTERTLS=file, as export-tests writes it" ;;
pkits) usage="make pkits PKITS=dir, with certs/ and crls/ in it" ;;
*) echo "limbo.sh: no suite called $suite" >&2; exit 2 ;;
esac
[ -n "${2:-}" ] || { echo "say where it is: $usage" >&2; exit 1; }
[ -e "$2" ] || { echo "$2 is not there.  $usage" >&2; exit 1; }
harness=$build/test/limbo/handfast-limbo
ninja -C "$build" --quiet test/limbo/handfast-limbo || {
    echo "the harness needs libjansson-dev" >&2
    exit 1
}
shift
exec python3 -B "test/limbo/$suite.py" "$harness" "$@"
