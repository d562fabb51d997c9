#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh SECONDS TARGET...: fuzz each target of build/fuzz for its share of the time, from build/fuzz/seeds/TARGET and
# what is in build/fuzz/corpus/TARGET. Status 1: one found something. libFuzzer's own output is shown then.
set -eu

share=$(($1 / ($# - 1)))
shift
[ "$share" -gt 0 ] || share=1
status=0

# A hang is an input that takes a minute, on a busy machine too; 64 TiB take the longest, some seconds.
for target in "$@"; do
	mkdir -p "build/fuzz/corpus/$target" "build/fuzz/seeds/$target"
	log=build/fuzz/$target.log
	if "build/fuzz/$target" -max_total_time="$share" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$target-" "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" \
		>"$log" 2>&1; then
		echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $share seconds, none fails"
	else
		cat "$log"
		echo "$target: an input fails; it is in build/fuzz"
		status=1
	fi
done
exit $status
