#!/bin/sh
# bench.sh [-b BUILD] [ARGUMENT...]: the bench of an optimised build, paired
# with the machine's libssl, and what a server's time tells about an encrypted
# secret; writes docs/benchmarks.md.
set -u
cd "$(dirname "$0")/.." || exit 1
build=build
if [ "${1:-}" = -b ]; then
    build=$2
    shift 2
fi
program=$(find "$build" -name bench -type f -perm -u+x | head -n 1)
[ -n "$program" ] || { echo "there is no bench in $build/"; exit 1; }
"$program" --write docs/benchmarks.md "$@"
status=$?
timing=$(find "$build" -name bench-timing -type f -perm -u+x | head -n 1)
[ -n "$timing" ] || { echo "there is no bench-timing in $build/"; exit 1; }
"$timing" --append docs/benchmarks.md || status=1
exit $status
