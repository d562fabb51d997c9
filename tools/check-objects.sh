#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the library must not have. check-objects.sh LIBRARY CORE_OBJECT...
#
#   an undefined symbol: core and arch need nothing but themselves (no libc, no libgcc, no firmware)
#   writable data in core: its state belongs to the caller
set -eu
library=$1
shift
status=0

linked=$(mktemp)
trap 'rm -f "$linked"' EXIT
ld ${LDEMULATION:+-m "$LDEMULATION"} -r --whole-archive "$library" -o "$linked"
# i386 position-independent code names its own table; the linker defines it.
undefined=$(nm -u "$linked" | awk '$2 != "_GLOBAL_OFFSET_TABLE_" { print $2 }')
if [ -n "$undefined" ]; then
	echo "$library: undefined:" $undefined >&2
	status=1
fi

for object in "$@"; do
	writable=$(size -A "$object" | awk '$1 ~ /^\.(data|bss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 { print $1 }')
	if [ -n "$writable" ]; then
		echo "$object: writable data:" $writable >&2
		status=1
	fi
done
exit $status
