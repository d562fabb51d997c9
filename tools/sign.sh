#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sign.sh KEY CERT CONFIG APPLICATION SIGNED: a copy of the application, with the configuration in it (empty: none), signed
# for Secure Boot. `make sign` calls it. The configuration becomes the section .config behind all others (efi/config.h).
set -eu
key=$1 cert=$2 config=$3 application=$4 signed=$5
tools=$(dirname "$0")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$application" "$work/image.efi"
if [ -n "$config" ]; then
	[ -s "$config" ] || { echo "$config: no configuration to embed" >&2; exit 1; }
	end=$("$tools/pe.py" --end "$work/image.efi")
	objcopy --add-section ".config=$config" --set-section-flags .config=alloc,load,readonly,data \
		--change-section-vma ".config=$end" "$work/image.efi"
	"$tools/pe.py" "$work/image.efi"
fi
mkdir -p "$(dirname "$signed")"
sbsign --key "$key" --cert "$cert" --output "$signed" "$work/image.efi" 2>"$work/log" ||
	{ cat "$work/log" >&2; exit 1; }
