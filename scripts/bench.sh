#!/bin/sh
# bench.sh [-b BUILD] [ARGUMENT...]: the bench of an optimised build, paired
# with the machine's libssl; writes docs/benchmarks.md.
set -u
cd "$(dirname "$0")/.." || exit 1
build=build
if [ "${1:-}" = -b ]; then
    build=$2
    shift 2
fi
program=$(find "$build" -name bench -type f -perm -u+x | head -n 1)
[ -n "$program" ] || { echo "there is no bench in $build/"; exit 1; }
exec "$program" --write docs/benchmarks.md "$@"
