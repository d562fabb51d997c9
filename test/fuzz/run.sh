#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh SECONDS TARGET...   fuzz each target of build/fuzz for its share of the time, from build/fuzz/seeds/TARGET, from
#                            test/fuzz/corpus/TARGET and from what is in build/fuzz/corpus/TARGET. Status 1: one found
#                            something. libFuzzer's own output is shown then.
# run.sh short TARGET...     the seeds, the kept corpus and a fixed number of inputs for each, the same ones every time
# run.sh keep TARGET...      what is worth keeping of build/fuzz/corpus/TARGET, into test/fuzz/corpus/TARGET
set -eu

how=$1
shift
status=0

# $1: target. The rest: options, then directories. A hang is an input that takes a minute, on a busy machine too; 64 TiB
# take the longest, some seconds.
fuzz() {
	target=$1
	shift
	log=build/fuzz/$target.log
	if "build/fuzz/$target" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/$target-" \
		"$@" >"$log" 2>&1; then
		echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none fails"
	else
		cat "$log"
		echo "$target: an input fails; it is in build/fuzz"
		status=1
	fi
}

# How many inputs take a second or two.
short_runs() {
	case $1 in
	fuzz_simulate) echo 10 ;;
	fuzz_start*) echo 300 ;;
	fuzz_recording) echo 800 ;;
	fuzz_e820 | fuzz_log | fuzz_map) echo 1500 ;;
	*) echo 4000 ;;
	esac
}

# Texts grow from the few that are kept as seeds, bytes from the kept corpus.
short() {
	mkdir -p "build/fuzz/short/$1"
	rm -f "build/fuzz/short/$1"/*
	seeds=test/fuzz/corpus/${1%-i386}
	[ -d "$seeds" ] || seeds=test/fuzz/seeds
	fuzz "$1" -seed=1 -runs="$(short_runs "$1")" "build/fuzz/short/$1" "$seeds"
}

# Inputs of up to 256 bytes that cover what all of them do. Targets that read whole recordings have their seeds.
keep() {
	case $1 in
	fuzz_recording | fuzz_simulate | fuzz_log | *-i386) return ;;
	esac
	rm -rf "build/fuzz/kept/$1"
	mkdir -p "build/fuzz/kept/$1" "build/fuzz/corpus/$1" "test/fuzz/corpus/$1"
	"build/fuzz/$1" -merge=1 -max_len=256 -timeout=60 -rss_limit_mb=2048 "build/fuzz/kept/$1" "test/fuzz/corpus/$1" \
		"build/fuzz/corpus/$1" "build/fuzz/seeds/$1" 2>"build/fuzz/$1.log"
	rm -rf "test/fuzz/corpus/$1"
	mv "build/fuzz/kept/$1" "test/fuzz/corpus/$1"
	du -sb "test/fuzz/corpus/$1"
}

if [ "$how" = short ] || [ "$how" = keep ]; then
	for target in "$@"; do
		"$how" "$target"
	done
	exit $status
fi

share=$((how / $#))
[ "$share" -gt 0 ] || share=1
for target in "$@"; do
	mkdir -p "build/fuzz/corpus/$target"
	kept=test/fuzz/corpus/${target%-i386}
	[ -d "$kept" ] || kept=
	# shellcheck disable=SC2086 # none is no word
	fuzz "$target" -max_total_time="$share" "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" $kept
done
exit $status
