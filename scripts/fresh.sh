#!/bin/sh
# fresh.sh [DIRECTORY]: tries what the README promises in a bare Debian 12: makes
# one with debootstrap in DIRECTORY (a temporary one by default, removed in the
# end), clones this repository's HEAD into it, and there runs ./demo twice, which
# may leave nothing outside build/, and make check.  Needs root.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
# The mirror that apt is set up with, in either form of its list.
mirror=${MIRROR:-$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list \
    2>/dev/null | sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' \
    -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p' | head -n 1)}

if [ "${1:-}" = --inside ]; then
    # In a mount and process namespace of its own: what is mounted or started
    # from here ends with it.
    root=$2
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    exec chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb CI=1 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        /bin/sh -c '
            cd /root/handfast || exit 1
            listing() {
                find /root /tmp /var/tmp /etc /usr/local /run -xdev \
                    -path /root/handfast/build -prune -o -type f -print | sort
            }
            ./demo || exit 1
            listing >/var/before
            ./demo || exit 1
            listing >/var/after
            diff /var/before /var/after || {
                echo "fresh: ./demo leaves files"; exit 1; }
            echo "fresh: ./demo twice leaves nothing outside build/"
            exec make check'
fi

root=${1:-}
if [ -z "$root" ]; then
    root=$(mktemp -d /tmp/fresh.XXXXXX)
    trap 'rm -rf --one-file-system "$root"' EXIT
fi
if [ ! -x "$root/bin/sh" ]; then
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
        { tail "$root.log"; exit 1; }
    rm -f "$root.log"
    printf 'deb %s %s main\n' "$mirror" bookworm "$mirror" bookworm-updates \
        "$mirror-security" bookworm-security >"$root/etc/apt/sources.list"
    # as an installer does, and debootstrap does not
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
fi
rm -rf "$root/root/handfast"
git clone -q "file://$source" "$root/root/handfast"
unshare --mount --pid --fork sh "$0" --inside "$root"
