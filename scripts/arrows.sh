#!/bin/sh
# arrows.sh [SOURCE]: includes point only downward.
#
# Each folder of src/ is a layer with one header.  The table says what a layer
# may include besides itself; anything else is an arrow up or sideways.  One
# header is read from below: handshake knows the words of engine.h (settings,
# questions and their answers), but cannot call what it declares, because it is
# linked without it.  libcrypto's headers stay behind the crypto layer, and
# those of each library that compresses behind one file of it.
#
# What a layer's meson.build does not list among its sources is for tests; these
# are held to the table too, but may use libcrypto and what tools/ lends them.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1

# What a layer of src/ may include.
allowed() {
    case $1 in
    base)      echo base ;;
    wire)      echo base wire ;;
    crypto)    echo base crypto ;;
    x509)      echo base crypto x509 ;;
    record)    echo base wire crypto record ;;
    handshake) echo base wire crypto x509 record handshake ;;
    engine)    echo base wire crypto x509 record handshake engine ;;
    api)       echo base wire crypto x509 record handshake engine api ;;
    *)         echo "no such layer: $1" >&2; exit 2 ;;
    esac
}

# Each public header belongs to a layer, and is that layer's arrow.
layer_of_public() {
    case $1 in
    types.h | errors.def | events.def) echo base ;;
    explain.h)  echo wire ;;
    crypto.h)   echo crypto ;;
    x509.h)     echo x509 ;;
    config.h | engine.h) echo engine ;;
    handfast.h) echo api ;;
    *)          echo "nobody's" ;;
    esac
}

bad=0
complain() {
    echo "$1"
    bad=$((bad + 1))
}

# is_test FILE LAYER: not one of the layer's sources?  (Those that compress are,
# where their library is.)
is_test() {
    case $1 in
    src/crypto/compress_[a-z]*.c) [ "${1%_test.c}" != "$1" ]; return ;;
    esac
    [ "${1%.c}" != "$1" ] && ! sed -n "/^$2_sources = /,/)/p" "src/$2/meson.build" |
        grep -q "'${1##*/}'"
}

# check FILE LAYER INCLUDED
check() {
    case $2:$3 in
    *:\"../../tools/*) is_test "$1" "$2" && return ;;
    handshake:\"handfast/engine.h\") return ;;
    esac
    case $3 in
    \"handfast/*)
        target=${3#\"handfast/}
        target=$(layer_of_public "${target%\"}")
        ;;
    \"*/*)
        target=${3#\"}
        target=${target%%/*}
        ;;
    \"*) return ;;                          # beside the file itself
    "<openssl/"*)
        [ "$2" = crypto ] || is_test "$1" "$2" ||
            complain "$1 ($2) includes $3: only crypto may"
        return
        ;;
    "<zlib.h>" | "<brotli/"* | "<zstd.h>")
        library=${3#<}
        library=${library%%[./]*}
        [ "$1" = "src/crypto/compress_$library.c" ] || is_test "$1" "$2" ||
            complain "$1 includes $3: only crypto/compress_$library.c may"
        return
        ;;
    *) return ;;                            # the system's
    esac
    case " $(allowed "$2") " in
    *" $target "*) ;;
    *) complain "$1 ($2) includes $3 ($target)" ;;
    esac
}

# What a file includes, one a line, as written with its quotes or brackets.
includes() {
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*\("[^"]*"\|<[^>]*>\).*/\1/p' "$1"
}

seen=0
for file in src/*/*.[ch] src/*/*.def; do
    [ -f "$file" ] || continue
    layer=${file#src/}
    layer=${layer%%/*}
    for included in $(includes "$file"); do
        check "$file" "$layer" "$included"
        seen=$((seen + 1))
    done
    case $file in
    *.h | *.def) continue ;;
    esac
    is_test "$file" "$layer" && continue
    # A .c file includes a header of its own layer before anything else.
    first=$(includes "$file" | head -n 1)
    case $first in
    \"$layer/*.h\") ;;
    \"*/*) complain "$file includes $first first, not its layer's header" ;;
    \"*.h\") ;;                            # beside it, which is held to this too
    *) complain "$file includes ${first:-nothing} first, not its layer's header" ;;
    esac
done

# Public headers include each other and four of the system's, nothing else.
for file in include/handfast/*.h; do
    layer=$(layer_of_public "${file##*/}")
    for included in $(includes "$file"); do
        seen=$((seen + 1))
        case $included in
        "<stdbool.h>" | "<stddef.h>" | "<stdint.h>" | "<sys/types.h>") ;;
        \"handfast/*) check "$file" "$layer" "$included" ;;
        *) complain "$file includes $included" ;;
        esac
    done
done

# What is built upon the library: examples see only what is installed.
for file in examples/*.c; do
    [ -f "$file" ] || continue
    for included in $(includes "$file"); do
        seen=$((seen + 1))
        case $included in
        \"handfast/* | "<handfast/"*) ;;
        \"keys.h\") ;; # what two of them share
        \"*) complain "$file includes $included: not installed" ;;
        esac
    done
done

# libssl is a peer in tests and the measure in the bench, never a part.
# shellcheck disable=SC2013
for file in $(grep -l '#[[:space:]]*include[[:space:]]*<openssl/ssl' \
    include/handfast/* src/*/*.[ch] tools/*.[ch] examples/*.c 2>/dev/null); do
    complain "$file includes libssl"
done

[ $seen -gt 0 ] || complain "no includes found: wrong folder?"
[ $bad = 0 ] && echo "$seen includes, all of them downward"
[ $bad = 0 ]
