# SPDX-License-Identifier: BSD-2-Clause
# The simulators: the core and arch/*/paging.c as host programs, one for each layout.
#
#   make sim                        build/bootmem-sim (x86_64 rules), build/bootmem-sim-i386 (i386 rules)
#   make build/sim/64-check/bootmem-sim   the same under ASan and UBSan, for the tests

SIM_CFLAGS := -std=gnu11 -g $(WARNINGS) -Wframe-larger-than=16384 \
	-D_FILE_OFFSET_BITS=64 -Iinclude -Iarch -Itools/sim -ffile-prefix-map=$(CURDIR)=.
SIM_OPT_64 := -m64 -O2
SIM_OPT_32 := -m32 -O2
SIM_CHECK  := -O1 -fno-sanitize-recover=all -fno-omit-frame-pointer
SIM_OPT_64-check := -m64 $(SIM_CHECK) $(TEST_SANITIZE_64)
SIM_OPT_32-check := -m32 $(SIM_CHECK) $(TEST_SANITIZE_32)
SIM_ARCH_64 := x86_64
SIM_ARCH_32 := i386
SIM_ARCH_64-check := x86_64
SIM_ARCH_32-check := i386

SIM_SRC := $(filter-out core/string.c,$(wildcard core/*.c)) $(wildcard tools/sim/*.c)

# $(1): variant
define SIM_RULES
build/sim/$(1)/%.o: %.c tools/sim/sim.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(SIM_OPT_$(1)) $$(SIM_CFLAGS) -Iarch/$$(SIM_ARCH_$(1)) -MMD -MP -c $$< -o $$@

build/sim/$(1)/bootmem-sim: $$(SIM_SRC:%.c=build/sim/$(1)/%.o) build/sim/$(1)/arch/$$(SIM_ARCH_$(1))/paging.o
	@echo '  LD  $$@'
	$$(Q)$$(CC) $$(SIM_OPT_$(1)) $$^ -o $$@
endef
$(foreach v,64 32 64-check 32-check,$(eval $(call SIM_RULES,$(v))))

$(BUILD)/bootmem-sim: build/sim/64/bootmem-sim
	$(Q)cp $< $@
$(BUILD)/bootmem-sim-i386: build/sim/32/bootmem-sim tools/exec32
	$(Q)tools/exec32 --install $< $@
build/sim/bootmem-sim-i386-check: build/sim/32-check/bootmem-sim tools/exec32
	$(Q)tools/exec32 --install $< $@

sim: $(BUILD)/bootmem-sim $(BUILD)/bootmem-sim-i386
sim-check: build/sim/64-check/bootmem-sim build/sim/bootmem-sim-i386-check

-include $(shell find build/sim -name '*.d' 2>/dev/null)

.PHONY: sim sim-check
