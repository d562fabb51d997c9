# SPDX-License-Identifier: BSD-2-Clause
# Mutation: what would the tests notice? Faults are planted in core/ and arch/*/paging.c, one at a time, and a host test has
# to fail (mutate.py, docs/testing.md).
#
#   make mutate                            200 mutants of all files; the last line is "N of M mutants killed (P %), ..."
#   make mutate MUTANTS=500 SEED=2         how many (0: all), and which
#   make mutate FILES="core/bootmem.c"     of these files only
#   make mutate MUTATE_SECONDS=280     no more of them than this time allows
#   make mutate QUICK=1                    without the tests that take more than seven seconds
#   make mutate AGAIN=1                    those that survived the last time they were tried
#
# The tests are 64-bit programs with the layout of x86_64 (64) and of i386 (64-i386). The core is linked to them in three
# forms: fast; check, under ASan and UBSan, for what survives; cover, which says what functions a test enters.

MUTATE_PACKAGES := $(sort $(PACKAGES) gcc-multilib libcmocka-dev)
MUTANTS   ?= 200
SEED      ?= 1
JOBS      ?= $(shell nproc)
MUTABLE   := $(wildcard core/*.c) $(wildcard arch/*/paging.c)

# Warnings are the build's business: what is left of a mutant may have an unused variable.
MUTATE_CFLAGS     := -m64 -std=gnu11 -w -Iinclude -Itest/unit -Itools/sim -Iarch
MUTATE_EFI_TYPES  := -fshort-wchar $(EFI_CFLAGS) -isystem /usr/include/efi/x86_64
MUTATE_EFI_CFLAGS := -O2 $(MUTATE_EFI_TYPES) -include test/efi/image_host.h -DSINGLE_STEP=23 -DPAIR_STEP=199 -DFULL_STEP=1 -Iefi
MUTATE_fast       := -O2
MUTATE_check      := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
MUTATE_cover      := -O1 --coverage

# $(1): variant, $(2): what goes with the core
define MUTATE_RULES
MUTATE_CC_$(1) := $$(CC) $$(MUTATE_CFLAGS) -Iarch/$$(EFI_ARCH_$(1))

build/mutate/$(1)/unit/%.o: %.c test/mutate/mutate.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(MUTATE_CC_$(1)) -O2 $$(EFI_TYPES) -MMD -MP -c $$< -o $$@

$(patsubst %,build/mutate/$(1)/unit/test/unit/test_%.o,claim gop secure): EFI_TYPES := $$(MUTATE_EFI_TYPES)

build/mutate/$(1)/efi/%.o: %.c test/mutate/mutate.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(MUTATE_CC_$(1)) $$(MUTATE_EFI_CFLAGS) -MMD -MP -c $$< -o $$@

build/mutate/$(1)/unit.a: $$(UNIT_COMMON:%.c=build/mutate/$(1)/unit/%.o)
build/mutate/$(1)/efi.a: $$(patsubst %.c,build/mutate/$(1)/efi/%.o,$$(filter-out $$(CORE_SRC),$$(EFI_LIB_SRC)))
build/mutate/$(1)/unit.a build/mutate/$(1)/efi.a:
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

$(foreach f,fast check cover,$(call MUTATE_FORM_RULES,$(1),$(f)))
endef

# $(1): variant, $(2): form
define MUTATE_FORM_RULES
build/mutate/$(1)/$(2)/%.o: %.c test/mutate/mutate.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(MUTATE_CC_$(1)) $$(MUTATE_$(2)) $$(FILE_CFLAGS) -MMD -MP -c $$< -o $$@

build/mutate/$(1)/$(2)/core/string.o: FILE_CFLAGS := $$(CORE_STRING_CFLAGS)

build/mutate/$(1)/$(2)/core.a: $$(patsubst %.c,build/mutate/$(1)/$(2)/%.o,$$(CORE_SRC) core/string.c arch/$$(EFI_ARCH_$(1))/paging.c)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

build/mutate/$(1)/$(2)/test_%: build/mutate/$(1)/unit/test/unit/test_%.o build/mutate/$(1)/unit.a build/mutate/$(1)/$(2)/core.a
	@echo '  LD  $$@'
	$$(Q)$$(MUTATE_CC_$(1)) $$(MUTATE_$(2)) -Wl,--start-group $$^ -Wl,--end-group -lcmocka -o $$@

build/mutate/$(1)/$(2)/efi_%: build/mutate/$(1)/efi/test/efi/test_%.o build/mutate/$(1)/efi.a build/mutate/$(1)/$(2)/core.a
	@echo '  LD  $$@'
	$$(Q)$$(MUTATE_CC_$(1)) $$(MUTATE_$(2)) -Wl,--start-group $$^ -Wl,--end-group -lcmocka -o $$@

MUTATE_BINS += $$(UNIT_TESTS:%=build/mutate/$(1)/$(2)/test_%)
# ASan's own memory is where these tests see their machine's.
$(if $(filter check,$(2)),,MUTATE_BINS += $$(EFI_TESTS:%=build/mutate/$(1)/$(2)/efi_%))

endef
$(eval $(call MUTATE_RULES,64))
$(eval $(call MUTATE_RULES,64-i386))

-include $(shell find build/mutate -name '*.d' 2>/dev/null)

mutate-packages:
	@test/run-packages $(MUTATE_PACKAGES)

# And what the tests of ELF kernels and of whole starts read.
mutate-tests: $(MUTATE_BINS) build/test/64/elf_kernel build/test/32/elf_kernel $(EFI_KERNELS)

# A packages check first, then a make of its own: what it installs may be what this one needs.
mutate: mutate-packages
	@$(MAKE) --no-print-directory -j$(JOBS) mutate-tests
	@/usr/bin/python3 test/mutate/mutate.py --mutants $(MUTANTS) --seed $(SEED) --jobs $(JOBS) \
		$(if $(AGAIN),--again) $(if $(QUICK),--quick) $(if $(MUTATE_SECONDS),--seconds $(MUTATE_SECONDS)) \
		--compile '64=$(MUTATE_CC_64)' --compile '64-i386=$(MUTATE_CC_64-i386)' \
		--only 'core/string.c=$(CORE_STRING_CFLAGS)' --form 'fast=$(MUTATE_fast)' --form 'check=$(MUTATE_check)' $(or $(FILES),$(MUTABLE))

.PHONY: mutate mutate-packages mutate-tests
