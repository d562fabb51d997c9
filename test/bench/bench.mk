# SPDX-License-Identifier: BSD-2-Clause
# The benchmark: build/bench runs the library's own object code on the workloads of test/bench/workloads.h.
#
#   make bench    time, instructions, and what the stages of a start cost in the machine

BENCH_PACKAGES := $(sort $(PACKAGES) valgrind)
BENCH_SRC      := $(wildcard test/bench/*.c)
BENCH_OBJ      := $(BENCH_SRC:test/bench/%.c=$(BUILD)/test/bench/%.o)
BENCH_CFLAGS   := -std=gnu11 -O2 -g $(WARNINGS) -Iinclude -Iarch -Iarch/x86_64 -MMD -MP

$(BUILD)/test/bench/%.o: test/bench/%.c test/bench/bench.mk
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$(Q)$(CC) $(BENCH_CFLAGS) -c $< -o $@

$(BUILD)/bench: $(BENCH_OBJ) $(BUILD)/x86_64/libbootmem.a
	@echo '  LD  $@'
	$(Q)$(CC) $^ -o $@

-include $(wildcard $(BUILD)/test/bench/*.d)

bench-packages:
	@test/run-packages $(BENCH_PACKAGES)

bench: bench-packages
	@$(MAKE) --no-print-directory -s $(BUILD)/bench image
	@$(BUILD)/bench
	@$(BUILD)/bench --instr
	@/usr/bin/python3 test/bench/boot.py

.PHONY: bench bench-packages
