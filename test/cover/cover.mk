# SPDX-License-Identifier: BSD-2-Clause
# Coverage: which branches of core/ and arch/*/paging.c are taken by the host tests, the kept inputs of the fuzzers and the
# simulator on all recorded machines, with both layouts in 64 bits. gcc counts, gcovr reads what it counted.
#
#   make cover         run everything anew; a table by file, its last line the total; status 1 below 95 %
#   make cover-report  the same table of what has run up to now; build/cover/html says which branches
#   make build/cover/x86_64/test_x   one program of it, to run by hand

COVER_PACKAGES := $(sort $(PACKAGES) gcc-multilib gcovr libcmocka-dev)
# As few branches of the compiler's own as can be.
COVER_CFLAGS    = -m64 -O0 --coverage $(filter-out -O1 -fno-sanitize%,$(TEST_CFLAGS)) \
	-fshort-wchar $(EFI_CFLAGS) -isystem /usr/include/efi/x86_64 -Iarch -MMD -MP
COVER_EFI      := -include test/efi/image_host.h -Iefi -DSINGLE_STEP=1 -DPAIR_STEP=31 -DFULL_STEP=1
COVER_SRC      := $(CORE_SRC) core/string.c $(filter-out tools/sim/main.c,$(sort $(UNIT_COMMON) $(wildcard tools/sim/*.c)))
COVER_FUZZERS  := $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/fuzz_*.c))
COVER_TESTS    := $(filter-out exhaustive%,$(UNIT_TESTS))
COVER_PROGRAMS := $(COVER_TESTS:%=test_%) $(EFI_TESTS:%=test_%) $(COVER_FUZZERS) bootmem-sim

# $(1): architecture
define COVER_RULES
build/cover/$(1)/%.o: %.c test/cover/cover.mk test/test.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(COVER_CFLAGS) -Iarch/$(1) -c $$< -o $$@

build/cover/$(1)/core/string.o: COVER_CFLAGS += $(CORE_STRING_CFLAGS)
build/cover/$(1)/efi/%.o build/cover/$(1)/build/%.o build/cover/$(1)/test/efi/%.o: COVER_CFLAGS += $(COVER_EFI)

build/cover/$(1)/lib.a: $(patsubst %.c,build/cover/$(1)/%.o,$(COVER_SRC) arch/$(1)/paging.c)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

$(COVER_TESTS:%=build/cover/$(1)/test_%): build/cover/$(1)/test_%: build/cover/$(1)/test/unit/test_%.o
$(EFI_TESTS:%=build/cover/$(1)/test_%): build/cover/$(1)/test_%: build/cover/$(1)/test/efi/test_%.o \
	$(patsubst %.c,build/cover/$(1)/%.o,$(filter efi/% build/% test/efi/%,$(EFI_LIB_SRC)))
$(COVER_FUZZERS:%=build/cover/$(1)/%): build/cover/$(1)/%: build/cover/$(1)/test/fuzz/%.o build/cover/$(1)/test/cover/replay.o
build/cover/$(1)/bootmem-sim: build/cover/$(1)/tools/sim/main.o
$(COVER_PROGRAMS:%=build/cover/$(1)/%): build/cover/$(1)/lib.a
	$$(Q)$$(CC) -m64 --coverage $$(filter %.o,$$^) $$(filter %.a,$$^) $$(CMOCKA_64_LINK) -o $$@

cover-programs: $(COVER_PROGRAMS:%=build/cover/$(1)/%)
endef
$(foreach a,$(ARCHES),$(eval $(call COVER_RULES,$(a))))

-include $(shell find build/cover -name '*.d' 2>/dev/null)

cover-programs: | build/test/64/elf_kernel build/test/32/elf_kernel $(EFI_KERNELS)

cover-packages:
	@test/run-packages $(COVER_PACKAGES)

cover: cover-packages
	@$(MAKE) --no-print-directory -s -j2 cover-programs
	@test/cover/run.sh $(foreach a,$(ARCHES),$(COVER_PROGRAMS:%=build/cover/$(a)/%))
	@$(MAKE) --no-print-directory cover-report

cover-report:
	@mkdir -p build/cover/html
	@gcovr --root . --filter core/ --filter 'arch/.*/paging\.c' --json-summary build/cover/summary.json \
		--html-details build/cover/html/index.html build/cover
	@/usr/bin/python3 test/cover/table.py 95 build/cover/summary.json

.PHONY: cover cover-programs cover-packages cover-report
