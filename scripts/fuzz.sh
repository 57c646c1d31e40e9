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
passed=0
failed=0
for target in $targets; do
    program=$(find $build -name "fuzz_$target" -type f)
    corpus=$build/corpus/$target
    mkdir -p "$corpus"
    seeds=test/fuzz/corpus/$target
    [ -d "$seeds" ] || seeds=
    log=$build/$target.txt
    # shellcheck disable=SC2086
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/found/$target-" \
        "$corpus" $seeds >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "$target: $runs runs, nothing found"
        passed=$((passed + 1))
    else
        tail -n 40 "$log"
        echo "$target: FOUND something; see $log and $build/found/"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
