#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh PROGRAM...   run programs of build/cover, each one once, two at a time: fuzzing targets on their kept inputs, the
# simulator on every recorded machine. Status 1: one of them fails.
set -eu

# $1: program
run() {
	name=${1##*/}
	case $name in
	fuzz_*)
		inputs=test/fuzz/corpus/$name
		[ -d "$inputs" ] || inputs=test/fuzz/seeds
		"$1" "$inputs"/*
		;;
	bootmem-sim)
		for map in test/maps/*.txt; do
			"$1" --svg /dev/null "$map"
			"$1" --json "$map"
		done >/dev/null
		;;
	*) "$1" ;;
	esac
}

if [ "${1-}" = one ]; then
	log=$2.log
	run "$2" >"$log" 2>&1 || {
		cat "$log"
		echo "$2 fails"
		exit 1
	}
	exit 0
fi

find build/cover -name '*.gcda' -delete
printf '%s\n' "$@" | xargs -P 2 -n 1 "$0" one
