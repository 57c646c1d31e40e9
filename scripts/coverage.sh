#!/bin/sh
# coverage.sh [--gaps] [--drop]: builds the library with gcc's counters into
# build-coverage/, not optimised, so that each line is what was written; runs
# the tests of the layers and the fuzz corpora; and has coverage.py judge what
# they reached.  The command's tests are left out, and interop's: what the
# library refuses is to be shown by the library's own tests.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh unit || exit 1
build=build-coverage
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
how=$*

# These run long and reach nothing that another test does not: each is about
# what can be seen from outside, or about time.
slow='constant time|a secret .*|taint.*|rsa12_oracle_test|splits_test|wipe_test'
slow="$slow|state explorer, .*|state matrix"

# Atomic counters: what a thread forgets to count, gcov makes up for by
# subtracting, and then a line that was reached is none.
if [ ! -f $build/build.ninja ]; then
    CC=${CC:-gcc} meson setup $build --buildtype debug -Db_coverage=true \
        -Dc_args=-fprofile-update=atomic >/dev/null 2>&1 || exit 1
fi
find $build/ -name '*.gcda' -exec rm -f {} +

# meson builds what these tests need and no more.  Tests of one name in two
# suites are told apart by the suite.
set --
for suite in base wire crypto x509 record handshake engine api fuzz; do
    set -- "$@" --suite "$suite"
done
names=$(meson test -C $build --list "$@" 2>/dev/null |
    sed -n 's,^handfast:.* / ,,p' | grep -vxE "$slow" | sort -u)
[ -n "$names" ] || { echo "no tests: apt install libcmocka-dev"; exit 1; }
IFS='
'
# shellcheck disable=SC2086
if ! meson test -C $build --num-processes "$jobs" --timeout-multiplier 4 \
    "$@" $names >$build/tests.txt 2>&1; then
    grep -vE ' (OK|SKIP) ' $build/tests.txt | tail -n 60
    echo "the tests failed in $build/ (tests.txt)"
    echo "0 passed, 1 failed"
    exit 1
fi
# shellcheck disable=SC2086
python3 scripts/coverage.py $how $build
