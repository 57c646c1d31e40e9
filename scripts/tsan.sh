#!/bin/sh
# tsan.sh: every test that has threads, with gcc's ThreadSanitizer, in
# build-tsan/.  The other tests have one thread each, and nothing to race with:
# the library has no globals that can be written (scripts/globals.sh).
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh unit || exit 1
build=build-tsan
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}

if [ ! -f $build/build.ninja ]; then
    CC=gcc meson setup $build -Db_sanitize=thread -Doptimization=1 \
        -Ddebug=true >/dev/null 2>&1 || exit 1
fi
# The tests that make threads, by what they call.
set --
for file in $(grep -l 'pthread_create' src/*/*_test.c | grep -v peer_test); do
    set -- "$@" "$(basename "$file" .c)"
done
[ $# -gt 0 ] || { echo "no tests with threads"; exit 1; }

# meson builds what these need and no more.
# HF_WRAP: what a test measures under another program has no limit.
export HF_WRAP=env TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1"
rm -f $build/meson-logs/testlog.json
meson test -C $build --num-processes "$jobs" --timeout-multiplier 3 \
    --suite crypto --suite x509 --suite engine --suite api "$@" \
    >$build/tests.txt 2>&1
status=$?
[ -f $build/meson-logs/testlog.json ] || {
    tail -n 40 $build/tests.txt
    echo "0 passed, 1 failed"
    exit 1
}
/usr/bin/python3 scripts/summary.py $build/meson-logs/testlog.json $status
