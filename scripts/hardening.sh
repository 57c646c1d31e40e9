#!/bin/sh
# hardening.sh LIBHANDFAST.so [PROGRAM...]: what the linker was asked for is in
# what it made.  Position independent, relocations read-only before the program
# runs, no memory both writable and executable, no relocation of code, no
# libssl; and the library shows only names of its own, with their version.
set -u
bad=0
complain() {
    echo "$file: $1"
    bad=$((bad + 1))
}

for file; do
    headers=$(readelf -Wl "$file") || exit 1
    dynamic=$(readelf -Wd "$file") || exit 1
    case $headers in *"Elf file type is DYN"*) ;; *) complain "not PIE" ;; esac
    case $headers in *GNU_RELRO*) ;; *) complain "no RELRO" ;; esac
    case $dynamic in *BIND_NOW* | *NOW*) ;; *) complain "lazy binding" ;; esac
    case $dynamic in *TEXTREL*) complain "relocates code" ;; esac
    case $dynamic in *libssl*) complain "needs libssl" ;; esac
    echo "$headers" | grep -q 'RWE' && complain "writable and executable"
    echo "$headers" | grep -q 'GNU_STACK.* RW ' || complain "executable stack"
done

file=$1
shown=$(nm -D --defined-only "$file" | awk '$2 != "A" { print $3 }' |
    grep -v '^hf_[a-z0-9_]*@@HANDFAST_0$')
[ -z "$shown" ] || complain "shows $shown"
nm -D --defined-only "$file" | grep -q 'hf_' || complain "shows nothing"
[ $bad = 0 ]
