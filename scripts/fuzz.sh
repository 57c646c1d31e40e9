#!/bin/sh
# fuzz.sh [SECONDS [TARGET...]]: builds the fuzz targets with clang's libFuzzer
# under ASan and UBSan into build-fuzz/ and runs each for SECONDS (60).  What
# they found interesting is kept in build-fuzz/corpus/TARGET, what they broke on
# in build-fuzz/found/; seeds come from test/fuzz/corpus/TARGET.
set -u
cd "$(dirname "$0")/.." || exit 1
sh scripts/deps.sh fuzz || exit 1
seconds=${1:-60}
[ $# -eq 0 ] || shift
build=./build-fuzz

if [ ! -f $build/build.ninja ]; then
    CC=clang meson setup $build -Dfuzzer=true -Dtests=false \
        -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 1
fi
ninja -C $build --quiet || exit 1

if [ $# -gt 0 ]; then
    targets=$*
else
    targets=$(cd $build && find . -name 'fuzz_*' -type f -perm -u+x |
        sed 's/.*fuzz_//' | sort)
fi
[ -n "$targets" ] || { echo "no fuzz targets"; exit 1; }

mkdir -p $build/found

# Runs one target; what it has to say goes to $build/TARGET.verdict, whose last
# line begins with "ok" or "not ok".
one() {
    program=$(find $build -name "fuzz_$1" -type f)
    corpus=$build/corpus/$1
    mkdir -p "$corpus"
    seeds=test/fuzz/corpus/$1
    [ -d "$seeds" ] || seeds=
    log=$build/$1.txt
    # shellcheck disable=SC2086
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/found/$1-" \
        "$corpus" $seeds >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "ok $1: $runs runs, nothing found"
    else
        tail -n 40 "$log"
        echo "not ok $1: FOUND something; see $log and $build/found/"
    fi >$build/"$1".verdict
}

# As many at a time as there are processors.
rm -f $build/*.verdict
at_once=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
running=0
for target in $targets; do
    one "$target" &
    running=$((running + 1))
    if [ $running -ge "$at_once" ]; then
        wait
        running=0
    fi
done
wait

passed=0
failed=0
for target in $targets; do
    if tail -n 1 $build/"$target".verdict | grep -q '^ok '; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    cat $build/"$target".verdict
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
