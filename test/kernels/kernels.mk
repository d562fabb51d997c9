# SPDX-License-Identifier: BSD-2-Clause
# The test kernels of the native handoff: build/kernels/<arch>/<name>.elf, and probe-low.elf, which is
# probe linked in the lower part of the address space. `make kernels` builds them all.

KERNELS       := hello bare probe torture
KERNEL_TARGETS = $(foreach a,$(ARCHES),$(patsubst %,$(BUILD)/kernels/$(a)/%.elf,$(KERNELS) probe-low))

KERNEL_BASE_x86_64_high := 0xffffffff80100000
KERNEL_BASE_x86_64_low  := 0x0000010000000000
KERNEL_BASE_i386_high   := 0xfe000000
KERNEL_BASE_i386_low    := 0xa0000000

# The code model follows from the place: the highest 2 GiB, or anywhere.
KERNEL_CFLAGS_x86_64_high := -mcmodel=kernel
KERNEL_CFLAGS_x86_64_low  := -mcmodel=large
KERNEL_EFIAPI_x86_64      := '-DEFIAPI=__attribute__((ms_abi))'
KERNEL_EFIAPI_i386        := -DEFIAPI=

KERNEL_CFLAGS = -std=gnu11 -O2 -g $(WARNINGS) -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns \
	-mgeneral-regs-only -ffile-prefix-map=$(CURDIR)=. -MMD -MP -Iinclude -Iarch $(FREESTANDING)
# File offsets need not be aligned (-n): a segment's pages are placed and filled one by one.
KERNEL_LDFLAGS := -static -nostdlib -n -s -znoexecstack --build-id=none --no-undefined --orphan-handling=error \
	-T test/kernels/kernel.lds

# Far from the highest 2 GiB, an address from the global offset table is not to be made a 32-bit number.
KERNEL_LDFLAGS_x86_64_low := --no-relax

# What each is made of, beside the library, which bare does without.
KERNEL_SHARED      := console firmware
KERNEL_OBJ_hello   := hello
KERNEL_OBJ_bare    := bare $(KERNEL_SHARED)
KERNEL_OBJ_probe   := $(patsubst test/kernels/%.c,%,$(wildcard test/kernels/probe*.c)) record physical $(KERNEL_SHARED)
KERNEL_OBJ_torture := torture descriptors processors record physical $(KERNEL_SHARED)
KERNEL_LIB_hello   := libbootmem.a
KERNEL_LIB_probe   := libbootmem.a
KERNEL_LIB_torture := libbootmem.a
KERNEL_ENTRY_probe := probe_entry

# The application that stops the machine at the exit, for a witness from outside.
# $(1): architecture
define WITNESS_RULES
$$(BUILD)/test/$(1)/witness.o: test/witness/exit.c Makefile test/kernels/kernels.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(EFI_CFLAGS) $$(EFI_CFLAGS_$(1)) -Iarch/$(1) -Iefi -c $$< -o $$@

$$(BUILD)/test/$(1)/witness.so: $$(BUILD)/test/$(1)/witness.o $$(EFI_OBJ_$(1)) $$(BUILD)/$(1)/libbootmem.a efi/image.lds
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(LDFLAGS) --wrap=exit_boot_services $$(CRT0_$(1)) $$(filter %.o,$$^) \
		$$(BUILD)/$(1)/libbootmem.a $$(GNUEFI_$(1)) -o $$@
endef
$(foreach a,$(ARCHES),$(eval $(call WITNESS_RULES,$(a))))

# $(1): architecture, $(2): place
define KERNEL_OBJECT_RULES
$$(BUILD)/kernels/$(1)/$(2)/%.o: test/kernels/%.c Makefile test/kernels/kernels.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(KERNEL_CFLAGS) $$(KERNEL_CFLAGS_$(1)_$(2)) $$(KERNEL_EFIAPI_$(1)) -Iarch/$(1) -c $$< -o $$@

$$(BUILD)/kernels/$(1)/$(2)/probe-entry.o: test/kernels/probe-$(1).S Makefile test/kernels/kernels.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(KERNEL_CFLAGS) -c $$< -o $$@
endef

# $(1): architecture, $(2): place, $(3): kernel, $(4): name of the file
define KERNEL_LINK_RULE
$$(BUILD)/kernels/$(1)/$(4).elf: $$(KERNEL_OBJ_$(3):%=$$(BUILD)/kernels/$(1)/$(2)/%.o) \
		$$(if $$(KERNEL_ENTRY_$(3)),$$(BUILD)/kernels/$(1)/$(2)/$(3)-entry.o) \
		$$(KERNEL_LIB_$(3):%=$$(BUILD)/$(1)/%) test/kernels/kernel.lds test/kernels/kernels.mk
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(KERNEL_LDFLAGS) $$(KERNEL_LDFLAGS_$(1)_$(2)) --defsym=KERNEL_BASE=$$(KERNEL_BASE_$(1)_$(2)) \
		-e $$(or $$(KERNEL_ENTRY_$(3)),kernel) $$(filter %.o %.a,$$^) -o $$@
endef

$(foreach a,$(ARCHES),$(foreach p,high low,$(eval $(call KERNEL_OBJECT_RULES,$(a),$(p)))) \
	$(foreach k,$(KERNELS),$(eval $(call KERNEL_LINK_RULE,$(a),high,$(k),$(k)))) \
	$(eval $(call KERNEL_LINK_RULE,$(a),low,probe,probe-low)))

# Kernels that are refused, and a script for the EFI shell that tries them.
# $(1): architecture, $(2): the other one
define BAD_KERNELS_RULE
$$(BUILD)/kernels/$(1)/bad/startup.nsh: test/kernels/spoil.py $$(BUILD)/kernels/$(1)/hello.elf $$(BUILD)/kernels/$(2)/hello.elf
	@echo '  BAD $$(@D)'
	$$(Q)$$^ $$(@D)
endef
$(eval $(call BAD_KERNELS_RULE,x86_64,i386))
$(eval $(call BAD_KERNELS_RULE,i386,x86_64))

-include $(wildcard $(ARCHES:%=$(BUILD)/kernels/%/*/*.d))

kernels: $(KERNEL_TARGETS) $(ARCHES:%=$(BUILD)/kernels/%/bad/startup.nsh)
witness-apps: $(ARCHES:%=$(BUILD)/test/%/witness.efi)

.PHONY: kernels witness-apps
