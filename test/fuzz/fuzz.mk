# SPDX-License-Identifier: BSD-2-Clause
# Fuzzing (libFuzzer, ASan, UBSan): each test/fuzz/fuzz_*.c is one target, with the layout of x86_64; fuzz_start-i386 is
# fuzz_start with the layout of i386, in 64 bits.
#
#   make fuzz [SECONDS=60]            all targets one after the other; the time is split evenly
#   make fuzz-short                   a fixed number of inputs for each, the same ones every time; part of make test
#   make fuzz-corpus                  what was found in build/fuzz/corpus, as small as it gets, into test/fuzz/corpus
#   make build/fuzz/fuzz_x            one target, to run by hand: build/fuzz/fuzz_x [FILE]...
#
# What a target has found interesting stays in build/fuzz/corpus/, so the next run goes on where this one ends. An
# input that fails is kept in build/fuzz/ under a name that libFuzzer prints; it becomes a unit test.

FUZZ_PACKAGES := $(PACKAGES) clang gcc-multilib libclang-rt-dev
SECONDS       ?= 60

FUZZ_TARGETS  := $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/fuzz_*.c)) fuzz_start-i386
FUZZ_CFLAGS   := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Iinclude -Iarch -Itest/unit -Itools/sim \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_SRC      := $(filter-out core/string.c,$(wildcard core/*.c)) $(filter-out tools/sim/main.c,$(wildcard tools/sim/*.c))
# What the inputs grow from: a start takes too long for hundreds of maps. fuzz_linux_boot makes its own kernels.
FUZZ_REPORTS  := $(patsubst %,build/fuzz/report-%.json,qemu-standard-pc-3g-efi uefi-share)
FUZZ_MAPS     := $(wildcard test/fuzz/seeds/* test/maps/*.txt test/unit/golden/report-*.json) $(FUZZ_REPORTS)
FUZZ_SEEDS_fuzz_elf       := build/test/64/elf_kernel build/test/32/elf_kernel
FUZZ_SEEDS_fuzz_recording := $(FUZZ_MAPS)
FUZZ_SEEDS_fuzz_simulate  := $(wildcard test/fuzz/seeds/*) $(FUZZ_REPORTS)
FUZZ_SEEDS_fuzz_log       := $(wildcard test/fuzz/seeds/log*)
# Bytes that these targets read as maps are made of the recorded ones.
FUZZ_MADE                 := fuzz_affinity fuzz_e820 fuzz_map fuzz_options fuzz_start fuzz_start-i386

build/fuzz/%.o: %.c test/fuzz/fuzz.mk
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$(Q)clang $(FUZZ_CFLAGS) -Iarch/x86_64 -MMD -MP -c $< -o $@

build/fuzz/i386/%.o: %.c test/fuzz/fuzz.mk
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$(Q)clang $(FUZZ_CFLAGS) -Iarch/i386 -MMD -MP -c $< -o $@

build/fuzz/lib.a: $(FUZZ_SRC:%.c=build/fuzz/%.o) build/fuzz/arch/x86_64/paging.o
build/fuzz/i386/lib.a: $(FUZZ_SRC:%.c=build/fuzz/i386/%.o) build/fuzz/i386/arch/i386/paging.o
build/fuzz/lib.a build/fuzz/i386/lib.a:
	@rm -f $@
	@echo '  AR  $@'
	$(Q)$(AR) rcs $@ $^

build/fuzz/fuzz_%-i386: build/fuzz/i386/test/fuzz/fuzz_%.o build/fuzz/i386/lib.a
	@echo '  LD  $@'
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined $^ -o $@

build/fuzz/fuzz_%: build/fuzz/test/fuzz/fuzz_%.o build/fuzz/lib.a
	@echo '  LD  $@'
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined $^ -o $@

build/fuzz/fuzz_recording build/fuzz/fuzz_simulate build/fuzz/fuzz_log build/fuzz/fuzz_options: build/fuzz/test/fuzz/mutate_numbers.o

build/fuzz/report-%.json: test/maps/%.txt $(BUILD)/bootmem-sim
	$(Q)$(BUILD)/bootmem-sim --json $< >$@

$(FUZZ_MADE:%=build/fuzz/seeds/%): build/fuzz/seeds/%: test/fuzz/make_seeds.py $(wildcard test/maps/*.txt)
	@mkdir -p $@
	$(Q)test/fuzz/make_seeds.py $* $@ && touch $@

# Directories of files with names of their own.
build/fuzz/seeds/%: $(FUZZ_SEEDS_fuzz_elf) $(FUZZ_MAPS)
	@mkdir -p $@
	$(Q)$(foreach f,$(FUZZ_SEEDS_$*),cp $(f) $@/$(subst /,-,$(f)) &&) touch $@

-include $(shell find build/fuzz -name '*.d' 2>/dev/null)

fuzz-packages:
	@test/run-packages $(FUZZ_PACKAGES)

# A packages check first, then a make of its own: what it installs may be what this one needs.
fuzz: fuzz-packages
	@$(MAKE) --no-print-directory fuzz-targets
	@test/fuzz/run.sh $(SECONDS) $(FUZZ_TARGETS)

fuzz-targets: $(FUZZ_TARGETS:%=build/fuzz/%) $(FUZZ_TARGETS:%=build/fuzz/seeds/%)

fuzz-short: fuzz-packages
	@$(MAKE) --no-print-directory $(FUZZ_TARGETS:%=build/fuzz/%)
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -n 1 -P 2 test/fuzz/run.sh short

fuzz-corpus: fuzz-targets
	@test/fuzz/run.sh keep $(FUZZ_TARGETS)

.PHONY: fuzz fuzz-packages fuzz-targets fuzz-short fuzz-corpus
