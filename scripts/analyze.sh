#!/bin/sh
# analyze.sh [BUILD]: gcc's -fanalyzer over the library, as BUILD (build) says
# how it is compiled, and cppcheck over the library, the command and the
# examples.  Both must have nothing to say; what they cannot understand is
# excused at the line, with the reason:
#
#     /* cppcheck-suppress uninitvar ; only its address is taken */
#
# clang-tidy looks for more and takes longer: scripts/tidy.sh.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh analyze || exit 1
build=${1:-build}
[ -f "$build/compile_commands.json" ] || {
    meson setup "$build" --libdir lib >/dev/null || exit 1
}
exec /usr/bin/python3 scripts/analyze.py "$build"
