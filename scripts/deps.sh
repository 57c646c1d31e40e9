#!/bin/sh
# deps.sh GROUP...: installs what a Debian 12 lacks, and says nothing when it
# lacks nothing.  Groups: build, unit, test, tidy, analyze,
# fuzz, ci (all but tidy).
#
#   --list GROUP...   only prints the packages that are missing
#
# Needs root or sudo; without, prints the one line to type and exits with 1.
set -u

# package and proof: a command, or a path (a pattern may match many) that is
# there when the package is.
table() {
    case $1 in
    build) cat <<'END'
make            make
gcc             gcc
libc6-dev       /usr/include/stdio.h
meson           meson
ninja-build     ninja
pkg-config      pkg-config
libssl-dev      /usr/include/openssl/evp.h
END
        ;;
    unit) table build; cat <<'END'
libbrotli-dev   /usr/include/brotli/decode.h
libcmocka-dev   /usr/include/cmocka.h
libzstd-dev     /usr/include/zstd.h
python3         /usr/bin/python3
binutils        nm
zlib1g-dev      /usr/include/zlib.h
END
        ;;
    test) table unit; cat <<'END'
ca-certificates /etc/ssl/certs/ca-certificates.crt
chromium        chromium
clang-format    clang-format
cmake           cmake
curl            curl
fish            fish
g++             g++
gnutls-bin      gnutls-serv
libidn2-dev     /usr/include/idn2.h
libjansson-dev  /usr/include/jansson.h
libnss3-tools   selfserv
mandoc          mandoc
nginx-light     /usr/sbin/nginx
nodejs          node
openssl         openssl
tshark          tshark
valgrind        valgrind
wget            wget
zsh             zsh
xxd             xxd
END
        ;;
    tidy) table build; cat <<'END'
clang-tidy      clang-tidy
END
        ;;
    analyze) table build; cat <<'END'
cppcheck        cppcheck
END
        ;;
    fuzz) table build; cat <<'END'
clang           clang
llvm            llvm-cov
libclang-rt-14-dev /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
END
        ;;
    ci) table test; table fuzz
        ;;
    *) echo "deps.sh: no group called $1" >&2
        exit 2
        ;;
    esac
}

# shellcheck disable=SC2086 # a path may be a pattern, so it stays unquoted
there() {
    case $1 in
    /*) ls $1 >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing() {
    for group; do table "$group" || exit 2; done | sort -u |
        while read -r package proof; do
            there "$proof" || echo "$package"
        done | tr '\n' ' '
}

list=no
if [ "${1:-}" = --list ]; then
    list=yes
    shift
fi
want=$(missing "${@:-build}") || exit 2
if [ $list = yes ]; then
    echo "$want"
    exit 0
fi
[ -n "$want" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 &&
    { [ -t 0 ] || sudo -n true >/dev/null 2>&1; }; then
    as_root=sudo
else
    as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing, and only root can install it.  Type:" >&2
    echo "    apt-get update && apt-get install -y $want" >&2
    exit 1
fi

echo "installing: $want"
log=$(mktemp) || exit 1
# nginx is wanted as a program, not as a server that starts by itself.
policy=/usr/sbin/policy-rc.d
guarded=no
case $want in
*nginx*)
    if [ ! -e $policy ]; then
        guarded=yes
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        $as_root chmod 755 $policy
    fi
    ;;
esac
# shellcheck disable=SC2317 # the trap calls it
tidy_up() {
    rm -f "$log"
    [ "$guarded" = no ] && return
    $as_root rm -f "$policy"
    [ ! -d /run/systemd/system ] ||
        $as_root systemctl disable --quiet nginx.service
}
trap tidy_up EXIT
trap 'exit 1' HUP INT TERM
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends "$@" >"$log" 2>&1 </dev/null
}
$as_root apt-get update >"$log" 2>&1 </dev/null ||
    echo "apt-get update failed: $(grep -m1 '^[EW]:' "$log")" >&2

# All at once; if one of them is unknown here, then one by one.
# shellcheck disable=SC2086
install $want && exit 0
status=0
for package in $want; do
    install "$package" && continue
    echo "could not install $package: $(grep -m1 '^E:' "$log")" >&2
    status=1
done
exit $status
