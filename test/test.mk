# SPDX-License-Identifier: BSD-2-Clause
# Tests.
#
#   make unit                 the host tests only
#   make sim-test             the simulators on all recorded machines (test/sim, test/maps)
#   make bench-test           the benchmark's output, and bounds of what does not depend on the machine (test/bench)
#   make build/test/64/test_x one host test in one width, to run by hand or under gdb
#   make test-full            everything, and the whole matrix of machines
#   make test                 everything; the last line on standard output is "N passed, N failed[, N skipped]"
#   make test VM_ARGS="-k 512"  passes arguments to pytest
#
# Host tests are the real files of core/ and arch/*/paging.c, as 64-bit (x86_64 layout) and 32-bit
# (i386 layout) programs under ASan and UBSan. Each test/unit/test_*.c is one program for each width;
# other files in test/unit/ are linked into all of them. test/efi/test_*.c have all of efi/, too, on a firmware of the
# host. test/run.py builds, runs and counts.

# A kernel that runs 64-bit programs only needs qemu-i386 for the others (tools/exec32), under which ASan does not
# work: there they have UBSan alone, and the longest test takes a sample (SAMPLE).
TEST_PACKAGES := $(sort $(PACKAGES) clang gcc-multilib libclang-rt-dev libcmocka-dev openssl python3-pytest sbsigntool \
	swtpm u-boot-qemu valgrind $(if $(NATIVE_32),,qemu-user))

TEST_ARCH_64 := x86_64
TEST_ARCH_32 := i386
TEST_EFI_64  := x86_64
TEST_EFI_32  := ia32
TEST_CFLAGS  := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes \
	-D_FILE_OFFSET_BITS=64 -Iinclude -Itest/unit -Itools/sim -fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_SANITIZE_64 := -fsanitize=address,undefined
TEST_SANITIZE_32 := $(if $(NATIVE_32),$(TEST_SANITIZE_64),-fsanitize=undefined -O2 -DSAMPLE=4)

CORE_SRC    := $(filter-out core/string.c,$(wildcard core/*.c))
CORE_STRING_CFLAGS := -include test/unit/core_string.h -fno-tree-loop-distribute-patterns
UNIT_TESTS  := $(patsubst test/unit/test_%.c,%,$(wildcard test/unit/test_*.c))
UNIT_COMMON := $(filter-out $(wildcard test/unit/test_*.c),$(wildcard test/unit/*.c)) $(wildcard tools/sim/fake_*.c) \
	$(wildcard tools/sim/parse_*.c) $(addprefix tools/sim/,affinity.c json_reader.c kernel_file.c names.c recording.c replay.c simulate.c text.c)

# Debian has no 32-bit cmocka for a 64-bit system; test/run-cmocka32 fetches it without changing the system.
CMOCKA_64 := -lcmocka
CMOCKA_32 := build/cmocka32/libcmocka.so.0
CMOCKA_32_LINK = $(CMOCKA_32) -Wl,-rpath,'$$ORIGIN/../../cmocka32:$$ORIGIN/../../../cmocka32'
CMOCKA_64_LINK = $(CMOCKA_64)

$(CMOCKA_32): test/run-cmocka32
	test/run-cmocka32 build/cmocka32

# $(1): width, $(2): what must exist before linking
define UNIT_RULES
build/test/$(1)/%.o: %.c test/test.mk
	@mkdir -p $$(@D)
	$$(CC) -m$(1) $$(TEST_CFLAGS) $$(TEST_SANITIZE_$(1)) -Iarch -Iarch/$$(TEST_ARCH_$(1)) -MMD -MP -c $$< -o $$@

# What is between us and the firmware, with the firmware's own types.
$(patsubst %,build/test/$(1)/test/unit/test_%.o,claim gop secure): TEST_CFLAGS += \
	-fshort-wchar $$(EFI_CFLAGS) -isystem /usr/include/efi/$$(TEST_EFI_$(1))

# These are the C library's in all other programs.
build/test/$(1)/core/string.o: TEST_CFLAGS += $$(CORE_STRING_CFLAGS)

UNIT_LIB_$(1) := $$(patsubst %.c,build/test/$(1)/%.o,$$(CORE_SRC) core/string.c \
	$$(wildcard arch/$$(TEST_ARCH_$(1))/paging.c) $$(UNIT_COMMON))

# An archive: a test program takes what it needs.
build/test/$(1)/lib.a: $$(UNIT_LIB_$(1))
	@rm -f $$@
	$$(AR) rcs $$@ $$^

build/test/$(1)/test_%: build/test/$(1)/test/unit/test_%.o build/test/$(1)/lib.a | $(2)
	$$(CC) -m$(1) $$(TEST_CFLAGS) $$(TEST_SANITIZE_$(1)) $$^ $$(CMOCKA_$(1)_LINK) -o $$@

# A kernel that ld made; test_elf reads it.
build/test/$(1)/elf_kernel: test/unit/elf_kernel.S test/test.mk
	@mkdir -p $$(@D)
	$$(CC) -m$(1) -nostdlib -static -no-pie -Wl,--build-id=sha1,-z,separate-code,-z,norelro $$< -o $$@

build/test/$(1)/test_elf: | build/test/$(1)/elf_kernel

UNIT_BINS += $$(UNIT_TESTS:%=build/test/$(1)/test_%)

# The simulator, for test/sim.
build/test/$(1)/bootmem-sim: $$(patsubst %,build/test/$(1)/tools/sim/%.o,main diff doctor) build/test/$(1)/lib.a
	$$(CC) -m$(1) $$(TEST_CFLAGS) $$(TEST_SANITIZE_$(1)) $$^ -o $$@
endef
# Tests of efi/ on EFI's tables of the host. Memory is seen where it is, which ASan's own is in the way of.
EFI_TESTS   := $(patsubst test/efi/test_%.c,%,$(wildcard test/efi/test_*.c))
EFI_LIB_SRC := $(CORE_SRC) $(filter-out $(addprefix efi/,main.c power.c relocate.c serial.c),$(wildcard efi/*.c)) \
	build/fonts.c $(filter-out $(wildcard test/efi/test_*.c),$(wildcard test/efi/*.c)) \
	$(addprefix tools/sim/,affinity.c fake_cpu.c fake_firmware.c json_reader.c names.c recording.c text.c) \
	$(wildcard tools/sim/parse_*.c)
EFI_KERNELS := $(ARCHES:%=build/kernels/%/hello.elf)
# Of all faults and of all pairs, one in so many, and with FULL. qemu-i386 is slow: it takes samples of all, and all are
# made with the i386 layout in 64 bits.
EFI_VARIANTS         := 64 64-i386 32
EFI_WIDTH_64         := 64
EFI_WIDTH_64-i386    := 64
EFI_WIDTH_32         := 32
EFI_ARCH_64          := x86_64
EFI_ARCH_64-i386     := i386
EFI_ARCH_32          := i386
FAULT_STEPS_64       := 1 7 1
FAULT_STEPS_64-i386  := 1 7 1
FAULT_STEPS_32       := $(if $(NATIVE_32),1 7 1,23 29 11)

# $(1): variant, $(2): what must exist before linking
define EFI_TEST_RULES
build/test/efi/$(1)/%.o: %.c test/test.mk
	@mkdir -p $$(@D)
	$$(CC) -m$$(EFI_WIDTH_$(1)) $$(TEST_CFLAGS) -O2 -fsanitize=undefined -fshort-wchar -include test/efi/image_host.h \
		-DSINGLE_STEP=$$(word 1,$$(FAULT_STEPS_$(1))) -DPAIR_STEP=$$(word 2,$$(FAULT_STEPS_$(1))) \
		-DFULL_STEP=$$(word 3,$$(FAULT_STEPS_$(1))) $$(EFI_CFLAGS) \
		-isystem /usr/include/efi/$$(TEST_EFI_$$(EFI_WIDTH_$(1))) -Iefi -Iarch -Iarch/$$(EFI_ARCH_$(1)) -MMD -MP -c $$< -o $$@

build/test/efi/$(1)/lib.a: $$(EFI_LIB_SRC:%.c=build/test/efi/$(1)/%.o) build/test/efi/$(1)/arch/$$(EFI_ARCH_$(1))/paging.o
	@rm -f $$@
	$$(AR) rcs $$@ $$^

build/test/efi/$(1)/test_%: build/test/efi/$(1)/test/efi/test_%.o build/test/efi/$(1)/lib.a | $(2) $$(EFI_KERNELS)
	$$(CC) -m$$(EFI_WIDTH_$(1)) $$(TEST_CFLAGS) -fsanitize=undefined $$^ $$(CMOCKA_$$(EFI_WIDTH_$(1))_LINK) -o $$@

UNIT_BINS += $$(EFI_TESTS:%=build/test/efi/$(1)/test_%)
endef
$(eval $(call EFI_TEST_RULES,64,))
$(eval $(call EFI_TEST_RULES,64-i386,))
$(eval $(call EFI_TEST_RULES,32,$(CMOCKA_32)))

$(eval $(call UNIT_RULES,64,))
$(eval $(call UNIT_RULES,32,$(CMOCKA_32)))

build/test/bootmem-sim-i386: build/test/32/bootmem-sim tools/exec32
	tools/exec32 --install $< $@

sim-check: build/test/64/bootmem-sim build/test/bootmem-sim-i386

-include $(shell find build/test -name '*.d' 2>/dev/null)

.PHONY: unit-bins unit sim-check sim-test bench-test vm test test-full test-packages
.SECONDARY:

unit-bins: $(UNIT_BINS)

test-packages:
	@test/run-packages $(TEST_PACKAGES)

unit: test-packages
	@MAKE="$(MAKE) $(MAKEOVERRIDES)" /usr/bin/python3 test/run.py unit $(UNIT_BINS)

sim-test: test-packages
	@MAKE="$(MAKE) $(MAKEOVERRIDES)" /usr/bin/python3 test/run.py sim

bench-test: test-packages
	@MAKE="$(MAKE) $(MAKEOVERRIDES)" /usr/bin/python3 test/run.py bench

vm: test-packages
	@MAKE="$(MAKE) $(MAKEOVERRIDES)" /usr/bin/python3 test/run.py vm -- $(VM_ARGS)

test: test-packages
	@MAKE="$(MAKE) $(MAKEOVERRIDES)" /usr/bin/python3 test/run.py unit fuzz sim bench vm $(UNIT_BINS) -- $(VM_ARGS)

# The same, and the whole matrix of machines, sizes, processors and options.
test-full:
	@FULL=1 $(MAKE) --no-print-directory test
