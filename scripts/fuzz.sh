#!/bin/sh
# fuzz.sh [SECONDS [TARGET...]]: builds the fuzz targets with clang's libFuzzer
# under ASan and UBSan into build-fuzz/ and runs each for SECONDS (60), as many
# at a time as there are processors (FUZZ_JOBS).
#
#   --list        the targets, and what each aims at
#   --help        this
#
# What they found interesting is kept in build-fuzz/corpus/TARGET, what they broke
# on in build-fuzz/found/; seeds come from test/fuzz/corpus/TARGET.  For each it
# says how much it ran, libFuzzer's counts of edges (cov) and of edges with how
# often (ft), and how many lines it came to of what it aims at.  It can be stopped
# at any time and goes on from where it was.
set -u
cd "$(dirname "$0")/.." || exit 1
build=./build-fuzz

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' scripts/fuzz.sh; }
wrong() {
    echo "fuzz.sh: $*" >&2
    echo "0 passed, 1 failed"
    exit 2
}

# What a target aims at: patterns of the sources whose lines are counted.
aims() {
    case $1 in
    api) echo "src/engine/ src/api/ src/handshake/" ;;
    capture) echo "tools/capture*.c" ;;
    cert) echo "src/x509/" ;;
    compress) echo "src/crypto/compress*.c" ;;
    der) echo "src/x509/der.c src/x509/key.c" ;;
    duel) echo "src/wire/ src/handshake/" ;;
    engine) echo "src/engine/ src/handshake/" ;;
    record) echo "src/record/" ;;
    revoke) echo "src/x509/crl*.c src/x509/ocsp.c" ;;
    session) echo "src/handshake/resume*.c src/handshake/ticket*.c" ;;
    wire) echo "src/wire/" ;;
    esac
}
every=$(for file in test/fuzz/fuzz_*.c; do
    name=${file##*/fuzz_}
    echo "${name%.c}"
done)

case ${1:-} in
-h | --help) usage && exit 0 ;;
--list)
    for target in $every; do
        echo "$target: $(aims "$target")"
    done
    exit 0
    ;;
esac
seconds=${1:-60}
[ $# -eq 0 ] || shift
case $seconds in
'' | *[!0-9]* | 0*) wrong "$seconds is no number of seconds; see --help" ;;
esac
for target; do
    case " $(echo "$every" | tr '\n' ' ') " in
    *" $target "*) ;;
    *) wrong "no target is called $target; see --list" ;;
    esac
done

sh scripts/deps.sh fuzz || { echo "0 passed, 1 failed"; exit 1; }
if [ ! -f $build/build.ninja ]; then
    CC=${CC:-clang} meson setup $build -Dfuzzer=true -Dtests=false \
        -Db_sanitize=address,undefined -Db_lundef=false >/dev/null ||
        { echo "0 passed, 1 failed"; exit 1; }
fi
ninja -C $build --quiet || { echo "0 passed, 1 failed"; exit 1; }
program() { echo $build/test/fuzz/fuzz_"$1"; }

# Some are built only where their libraries are.
targets=
# shellcheck disable=SC2048
for target in ${*:-$every}; do
    if [ -x "$(program "$target")" ]; then
        targets="$targets $target"
    else
        echo "# SKIP: fuzz_$target (not built here)"
    fi
done
[ -n "$targets" ] || wrong "nothing was built"

mkdir -p $build/found $build/profile

# The share of lines, of what $1 aims at, that its last run came to.
lines() {
    data=$build/profile/$1
    llvm-profdata merge -o "$data.data" "$data.raw" 2>/dev/null &&
        llvm-cov report "$(program "$1")" -instr-profile="$data.data" \
            2>/dev/null | awk -v aims="$(aims "$1")" '
            BEGIN {
                gsub(/\./, "[.]", aims)
                gsub(/\*/, ".*", aims)
                n = split(aims, aim, " ")
            }
            { for (i = 1; i <= n; i++)
                if ($1 ~ "^" aim[i]) { all += $8; missed += $9 } }
            END { if (all) printf "%d of %d lines (%.1f %%) of ",
                      all - missed, all, 100 * (all - missed) / all }'
    aims "$1" | sed 's/ / and /g'
}

# Runs one target; what it has to say goes to $build/TARGET.verdict, whose last
# line begins with "ok" or "not ok".
one() {
    corpus=$build/corpus/$1
    mkdir -p "$corpus"
    seeds=test/fuzz/corpus/$1
    [ -d "$seeds" ] || seeds=
    log=$build/$1.txt
    # shellcheck disable=SC2086
    LLVM_PROFILE_FILE=$build/profile/$1.raw \
        "$(program "$1")" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/found/$1-" \
        "$corpus" $seeds >"$log" 2>&1 &
    fuzzer=$!
    trap 'kill $fuzzer 2>/dev/null; exit 130' INT TERM
    if wait $fuzzer; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        edges=$(sed -n 's/.* \(cov: [0-9]* ft: [0-9]*\) .*/\1/p' "$log" |
            tail -n 1)
        echo "# NOTE: fuzz_$1: $runs executions in $seconds s," \
            "$edges, $(lines "$1")"
        # where nothing but telling was asked for (DUEL_TELL)
        sed -n 's/^differ: /# fuzz_duel differs: /p' "$log" | sort -u
        echo "ok $1: $runs runs, nothing found"
    else
        tail -n 40 "$log"
        echo "not ok $1: FOUND something; see $log and $build/found/"
    fi >$build/"$1".verdict
}

# Background jobs of a script do not hear Ctrl-C, so they are told.
jobs=
trap 'kill $jobs 2>/dev/null; wait; exit 130' INT TERM
rm -f $build/*.verdict
at_once=${FUZZ_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
running=0
for target in $targets; do
    one "$target" &
    jobs="$jobs $!"
    running=$((running + 1))
    if [ $running -ge "$at_once" ]; then
        wait
        running=0
        jobs=
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
