#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A disk image with one EFI system partition: mkimage.sh IMAGE [SOURCE=DESTINATION]...
#
# MBR, one FAT32 partition of type 0xEF from 1 MiB on (Q68): what the pickiest firmware still takes. The same
# files give the same bytes: fixed identifiers (--invariant) and times.
set -eu
PATH=$PATH:/sbin:/usr/sbin
image=$1
shift
SIZE_MIB=${SIZE_MIB:-96}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600} TZ=UTC MTOOLS_SKIP_CHECK=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s "${SIZE_MIB}M" "$work/disk"
printf 'label: dos\nlabel-id: 0xb007be00\nstart=2048, type=ef, bootable\n' |
	sfdisk --quiet --no-reread --no-tell-kernel "$work/disk"
truncate -s "$((SIZE_MIB - 1))M" "$work/part"
mkfs.fat -F 32 -s 1 -h 2048 -n BOOTMEM --invariant "$work/part" >/dev/null

for pair in "$@"; do
	to=${pair#*=}
	directory=${to%/*}
	path=
	for name in $(echo "$directory" | tr / ' '); do
		path=$path/$name
		mdir -i "$work/part" "::$path" >/dev/null 2>&1 || mmd -i "$work/part" "::$path"
	done
	cp "${pair%%=*}" "$work/file"
	touch -d "@$SOURCE_DATE_EPOCH" "$work/file"
	mcopy -m -i "$work/part" "$work/file" "::$to"
done
dd if="$work/part" of="$work/disk" bs=1M seek=1 conv=notrunc status=none
mv "$work/disk" "$image"
