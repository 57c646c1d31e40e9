#!/bin/sh
# packaging.sh SOURCE BUILD: what `make install` installs can be used: installs
# into a folder of BUILD and builds a program against that, by pkg-config (shared
# and static), by CMake, and in C++.  Each public header stands on its own, in
# C11 too.  Speaks TAP.
set -u
source=$1
build=$2
root=$build/packaging-test
rm -rf "$root"
mkdir -p "$root/scratch"
log=$root/scratch/log
echo 1..6

number=0
# try NAME FUNCTION: one line of TAP, with what was said if it failed.
try() {
    number=$((number + 1))
    if "$2" >"$log" 2>&1; then
        echo "ok $number - $1"
    else
        sed 's/^/# /' "$log"
        echo "not ok $number - $1"
    fi
}
# without PROGRAM PACKAGE NAME: true, and says so, if PROGRAM is not there.
without() {
    command -v "$1" >/dev/null 2>&1 && return 1
    number=$((number + 1))
    echo "# SKIP: $3 (apt install $2)"
    echo "ok $number - $3 # SKIP"
}

cat >"$root/scratch/try.c" <<'END'
#include <handfast/handfast.h>
#include <stdio.h>
int main(void)
{
    struct hf_config *config = hf_config_new();

    printf("%s\n", hf_error_name(HF_E_NAME_MISMATCH));
    hf_config_free(config);
    return config ? 0 : 1;
}
END

installs() {
    meson install -C "$build" --no-rebuild --destdir "$root/to"
    pc=$(find "$root/to" -name handfast.pc)
    [ -n "$pc" ] || return 1
    prefix=$(sed -n 's/^prefix=//p' "$pc")
    libdir=$(dirname "$(dirname "$pc")")
    for name in "$libdir/libhandfast.so.0" "$libdir/libhandfast.a" \
        "$root/to$prefix/include/handfast/handfast.h"; do
        [ -e "$name" ] || { echo "no $name"; return 1; }
    done
}
flags() {
    PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config \
        --define-variable=prefix="$root/to$prefix" "$@" handfast
}
# shellcheck disable=SC2046
by_pkg_config() {
    cc -Wall -Werror -o "$root/scratch/shared" "$root/scratch/try.c" \
        $(flags --cflags --libs) &&
        LD_LIBRARY_PATH=$libdir "$root/scratch/shared" | grep -x verify.name
}
# shellcheck disable=SC2046,SC2086
statically() {
    # what it needs itself: libcrypto, and libraries that Meson found
    needs=$(flags --print-requires-private | sed 's/ .*//')
    cc -o "$root/scratch/static" "$root/scratch/try.c" $(flags --cflags) \
        "$libdir/libhandfast.a" $(pkg-config --libs $needs) &&
        "$root/scratch/static" | grep -x verify.name
}
headers_stand_alone() {
    for header in "$source"/include/handfast/*.h; do
        name=handfast/$(basename "$header")
        echo "#include <$name>" >"$root/scratch/alone.c"
        cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
            -D_POSIX_C_SOURCE=200809L -I"$source/include" \
            "$root/scratch/alone.c" || return 1
    done
}
in_cplusplus() {
    for header in "$source"/include/handfast/*.h; do
        name=handfast/$(basename "$header")
        echo "#include <$name>" >"$root/scratch/alone.cc"
        g++ -Wall -Wextra -Werror -fsyntax-only -I"$source/include" \
            "$root/scratch/alone.cc" || return 1
    done
}
by_cmake() {
    cat >"$root/scratch/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(try C)
find_package(handfast 0.1 REQUIRED)
add_executable(try_shared try.c)
target_link_libraries(try_shared handfast::handfast)
add_executable(try_static try.c)
target_link_libraries(try_static handfast::handfast_static)
END
    cmake -S "$root/scratch" -B "$root/scratch/cmake" \
        -Dhandfast_DIR="$libdir/cmake/handfast" &&
        cmake --build "$root/scratch/cmake" &&
        "$root/scratch/cmake/try_shared" | grep -x verify.name &&
        "$root/scratch/cmake/try_static" | grep -x verify.name
}

try "installs" installs
try "a program builds by pkg-config and runs" by_pkg_config
try "a program builds with the static library and runs" statically
try "each public header stands alone in C11" headers_stand_alone
without g++ g++ "public headers in C++" ||
    try "each public header stands alone in C++" in_cplusplus
without cmake cmake "the CMake config" ||
    try "a program builds by CMake and runs" by_cmake
rm -rf "$root"
