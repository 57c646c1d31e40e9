#!/bin/sh
# bogo.sh -b BUILD [RUNNER-ARGUMENT...]: BoringSSL's conformance tests against
# the shim of BUILD; writes docs/conformance.md.  A run of some tests only (-test
# 'Glob;Glob') writes nothing.
#
#   BORINGSSL  a checkout of BoringSSL; nothing in it is changed
#   GO         the go command, as new as BoringSSL's go.mod wants it
#   GOCODE     where the sources of the Go modules lie that the runner needs, as
#              Debian's golang-*-dev put them into /usr/share/gocode/src; without
#              it, go fetches them
#   WORKERS    tests at a time (2)
set -u
cd "$(dirname "$0")/.." || exit 1
build=build
if [ "${1:-}" = -b ]; then
    build=$2
    shift 2
fi
go=${GO:-go}
[ -d "${BORINGSSL:-}/ssl/test/runner" ] ||
    { echo "say where BoringSSL is: make bogo BORINGSSL=dir"; exit 1; }
command -v "$go" >/dev/null ||
    { echo "say where go is: make bogo GO=go"; exit 1; }
boringssl=$(cd "$BORINGSSL" && pwd)
ninja -C "$build" --quiet test/bogo/bogo-shim || exit 1
work=$(cd "$build" && pwd)/bogo
shim=$(cd "$build" && pwd)/test/bogo/bogo-shim
config=$PWD/test/bogo/config.json
mkdir -p "$work"

# A go.mod of our own, that says where its modules lie.
write_mod() {
    {
        sed -n 1,3p "$boringssl/go.mod"
        for module in golang.org/x/crypto golang.org/x/net golang.org/x/sys \
            golang.org/x/term golang.org/x/text filippo.io/mldsa; do
            [ -d "$GOCODE/$module" ] ||
                { echo "no $module in $GOCODE" >&2; exit 1; }
            echo "require $module v0.0.0"
            echo "replace $module => $GOCODE/$module"
        done
    } >"$work/runner.mod"
}

if [ ! -x "$work/runner" ]; then
    if [ -n "${GOCODE:-}" ]; then
        write_mod || exit 1
        export GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local
    else
        cp "$boringssl/go.mod" "$work/runner.mod"
        cp "$boringssl/go.sum" "$work/runner.sum" 2>/dev/null
    fi
    echo "building the runner"
    (cd "$boringssl/ssl/test/runner" && CGO_ENABLED=0 \
        "$go" test -modfile="$work/runner.mod" -c -o "$work/runner" .) || exit 1
fi

# run SHIM CONFIG LOG ARGUMENT...
run() {
    run_shim=$1 run_config=$2 run_log=$3
    shift 3
    (cd "$boringssl/ssl/test/runner" &&
        "$work/runner" -shim-path "$run_shim" -shim-config "$run_config" \
            -allow-unimplemented -num-workers "${WORKERS:-2}" \
            -idle-timeout 15s -pipe "$@") >"$run_log" 2>&1
}

rm -f "$work/lacks"
run "$shim" "$config" "$work/log" \
    -shim-extra-flags "-note-unimplemented;$work/lacks" "$@"
status=$?
if [ $# -gt 0 ]; then
    cat "$work/log"
    exit $status
fi

# The names of all tests there are: a shim that can do nothing is asked for all.
cat >"$work/nothing" <<'END'
#!/bin/sh
[ "$1" = -is-handshaker-supported ] && { echo No; exit 0; }
exit 89
END
chmod +x "$work/nothing"
echo '{}' >"$work/nothing.json"
[ -s "$work/names" ] ||
    run "$work/nothing" "$work/nothing.json" "$work/names"

revision=${BORINGSSL_REVISION:-$(git -C "$boringssl" log -1 --format=%h \
    2>/dev/null)}
python3 test/bogo/report.py "$config" "$work/log" "$work/lacks" \
    "$work/names" "${revision:-unknown}" docs/conformance.md
