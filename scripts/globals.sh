#!/bin/sh
# globals.sh LIBHANDFAST.a: the library has nothing that can be written and
# outlives a call: no variable in .data, .bss, thread-local or common.  Tables
# of pointers are read-only after relocation (.data.rel.ro), and are fine.
set -u
found=$(objdump -t "$1" | awk '
    /^[^ ].*: +file format/ { object = $1 }
    # value, seven flag letters (O: an object), section, size, name
    {
        section = ""
        if (match($0, /[ \t](\.(data|bss|tdata|tbss|ldata|lbss)[^ \t]*|\*COM\*)\t/))
            section = substr($0, RSTART + 1, RLENGTH - 2)
        if (section == "" || section ~ /^\.data\.rel\.ro/)
            next
        if (substr($0, 18, 7) !~ /d/ && $(NF - 1) !~ /^0+$/)
            print object, $NF, "in", section
    }')
if [ -n "$found" ]; then
    echo "writable globals:"
    echo "$found"
    exit 1
fi
objdump -t "$1" | grep -q ' F \.text' || { echo "no code in $1"; exit 1; }
