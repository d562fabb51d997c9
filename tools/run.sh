#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Boots build/bootmem.img from OVMF in QEMU; `make run` calls it with its variables in the environment:
#   ARCH MEM CPU MACHINE SMP NUMA ACCEL KERNEL INITRD CMDLINE QEMU_EXTRA GUI TIMEOUT
# CMDLINE is key=value words, the options of bootmem.conf; double quotes hold one with blanks together.
# The serial line is standard output. Ends when the machine switches off, or after TIMEOUT seconds.
set -eu
: "${ARCH:=x86_64}" "${MEM:=4G}" "${CPU:=max}" "${SMP:=1}" "${NUMA:=}" "${ACCEL:=tcg}" "${CMDLINE:=}"
: "${KERNEL:=}" "${INITRD:=}" "${QEMU_EXTRA:=}" "${GUI:=}" "${TIMEOUT:=120}" "${MACHINE:=q35}" "${OVMF:=/usr/share/OVMF}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

case $ARCH in
x86_64) code=$OVMF/OVMF_CODE_4M.fd vars=$OVMF/OVMF_VARS_4M.fd smm=off name=BOOTX64.EFI ;;
i386) code=$OVMF/OVMF32_CODE_4M.secboot.fd vars=$OVMF/OVMF32_VARS_4M.fd smm=on name=BOOTIA32.EFI ;;
*) echo "ARCH=$ARCH: x86_64 or i386" >&2; exit 2 ;;
esac
# The 32-bit build of OVMF needs SMM, which pc does not have, and room for it.
case $ARCH:$MACHINE:$MEM in
i386:pc*) echo "ARCH=i386 needs MACHINE=q35: this firmware does not start on pc" >&2; exit 2 ;;
i386:*:[0-9]M|i386:*:[1-5][0-9]M) echo "ARCH=i386 needs MEM=64M: this firmware can't start a stick with less" >&2; exit 2 ;;
esac
case $MACHINE in *smm=*|pc*) ;; *) MACHINE=$MACHINE,smm=$smm ;; esac

# One word a line, as the application itself reads its load options.
words() {
	printf '%s\n' "$CMDLINE" | awk '{
		word = ""
		quoted = 0
		for (i = 1; i <= length($0) + 1; i++) {
			c = substr($0, i, 1)
			if (c == "" || (c ~ /[ \t]/ && !quoted)) {
				if (word ~ /^".*"$/)
					word = substr(word, 2, length(word) - 2)
				if (word != "")
					print word
				word = ""
			} else {
				word = word c
			}
			if (c == "\"")
				quoted = !quoted
		}
	}'
}

# put FILE KEY: onto the stick as /KEY, and into the configuration
put() {
	[ -n "$1" ] || return 0
	[ -f "$1" ] && [ -r "$1" ] || { echo "$2: $1 is no file that can be read" >&2; exit 2; }
	mcopy -o -i "$work/stick.img@@1M" "$1" "::/$2" || { echo "$2: $1 does not fit on the stick" >&2; exit 2; }
	echo "$2 = /$2"
}

# Every run starts from fresh firmware variables, and from its own copy of the stick, with options added.
cp "$vars" "$work/vars.fd"
cp --sparse=always build/bootmem.img "$work/stick.img"
mcopy -i "$work/stick.img@@1M" ::/bootmem.conf "$work/bootmem.conf"
{
	echo
	echo "after = poweroff"
	[ -n "$KERNEL" ] || echo "cmdline = poweroff" # the stick's own kernel understands it
	put "$KERNEL" kernel
	put "$INITRD" initrd
	words
} >>"$work/bootmem.conf"
mcopy -o -i "$work/stick.img@@1M" "$work/bootmem.conf" ::/bootmem.conf
# mode=report returns to the firmware, so there it starts from the shell, which switches off afterwards.
case " $CMDLINE " in
*" mode=report "*)
	mren -i "$work/stick.img@@1M" "::/EFI/BOOT/$name" ::/bootmem.efi
	printf '%s\r\n' "fs0:\\bootmem.efi" 'reset -s' >"$work/startup.nsh"
	mcopy -i "$work/stick.img@@1M" "$work/startup.nsh" ::/startup.nsh
	;;
esac

mebibytes() {
	case $1 in
	*[gG]) echo $((${1%?} * 1024)) ;;
	*[mM]) echo "${1%?}" ;;
	*) echo "$1" ;;
	esac
}

set -- -machine "$MACHINE" -accel "$ACCEL" -cpu "$CPU" -m "$MEM" -nodefaults -vga std -no-reboot \
	-global driver=cfi.pflash01,property=secure,value=$smm \
	-drive "if=pflash,unit=0,readonly=on,format=raw,file=$code" \
	-drive "if=pflash,unit=1,format=raw,file=$work/vars.fd" \
	-drive "format=raw,file=$work/stick.img" -serial stdio -monitor none
if [ -n "$NUMA" ]; then
	[ "$SMP" -ge "$NUMA" ] || SMP=$NUMA
	total=$(mebibytes "$MEM")
	share=$((total / NUMA))
	node=0
	while [ $node -lt "$NUMA" ]; do
		[ $node -lt $((NUMA - 1)) ] || share=$((total - share * node))
		set -- "$@" -object "memory-backend-ram,id=mem$node,size=${share}M" \
			-numa "node,nodeid=$node,memdev=mem$node,cpus=$node"
		node=$((node + 1))
	done
fi
set -- "$@" -smp "$SMP"
[ -n "$GUI" ] || set -- "$@" -display none

status=0
# shellcheck disable=SC2086 # QEMU_EXTRA is a list of words
if [ -n "$GUI" ]; then
	qemu-system-x86_64 "$@" $QEMU_EXTRA || status=$?
else
	timeout --foreground "$TIMEOUT" qemu-system-x86_64 "$@" $QEMU_EXTRA </dev/null || status=$?
fi
[ $status -ne 124 ] || echo "No end after $TIMEOUT seconds: halted, or back in the firmware after a refusal." >&2
exit $status
