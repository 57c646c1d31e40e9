#!/bin/sh
# check.sh [-b BUILD] [ARGUMENT...]: installs what the tests need, builds, runs
# them all and says what came of it.  Arguments go to `meson test`, such as
# `--suite base`.  CHECK_ALL=1 makes a skipped test a failure (summary.py).
#
#   SETUP   more arguments for `meson setup`, if BUILD is not set up yet
#   JOBS    how many processors to use; all of them by default
set -u
cd "$(dirname "$0")/.." || exit 1
build=build
if [ "${1:-}" = -b ]; then
    build=$2
    shift 2
fi
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}

had_missing=$(sh scripts/deps.sh --list test)
sh scripts/deps.sh unit || exit 1
sh scripts/deps.sh test || echo "going on without; what needs it is skipped"

# Says what a command said only if it failed or the compiler warned.
quietly() {
    said=$("$@" 2>&1)
    status=$?
    [ $status = 0 ] && [ "${said#*warning: }" = "$said" ] || echo "$said"
    return $status
}

# meson looks for cmocka only when it is set up.
if [ ! -f "$build/build.ninja" ]; then
    # shellcheck disable=SC2086
    quietly meson setup "$build" --libdir lib ${SETUP:-} || exit 1
elif [ -n "$had_missing" ]; then
    quietly meson setup --reconfigure "$build" || exit 1
fi
quietly ninja -C "$build" --quiet -j "$jobs" || exit 1

rm -f "$build/meson-logs/testlog.json"
# One test more than there are processors, for many wait for a peer.  A machine
# that is busy with other things may take three times as long.
set -- --num-processes $((jobs + 1)) --timeout-multiplier 3 "$@"
if [ -t 1 ]; then
    meson test -C "$build" --no-rebuild "$@"
else
    meson test -C "$build" --no-rebuild "$@" \
        >"$build/meson-logs/check.txt" 2>&1
fi
status=$?
if [ ! -f "$build/meson-logs/testlog.json" ]; then
    cat "$build/meson-logs/check.txt" 2>/dev/null
    echo "0 passed, 1 failed"
    exit 1
fi
/usr/bin/python3 scripts/summary.py "$build/meson-logs/testlog.json" $status
