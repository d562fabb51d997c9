# SPDX-License-Identifier: BSD-2-Clause
# The simulators: the core and arch/*/paging.c as host programs, one for each layout.
#
#   make sim                        build/bootmem-sim (x86_64 rules), build/bootmem-sim-i386 (i386 rules)
#
# test/test.mk links them once more, under ASan and UBSan.

SIM_CFLAGS := -std=gnu11 -g $(WARNINGS) -Wframe-larger-than=16384 \
	-D_FILE_OFFSET_BITS=64 -Iinclude -Iarch -Itools/sim -ffile-prefix-map=$(CURDIR)=.
SIM_OPT_64 := -m64 -O2
SIM_OPT_32 := -m32 -O2
SIM_ARCH_64 := x86_64
SIM_ARCH_32 := i386

SIM_SRC := $(filter-out core/string.c,$(wildcard core/*.c)) $(wildcard tools/sim/*.c)

# $(1): width
define SIM_RULES
build/sim/$(1)/%.o: %.c tools/sim/sim.mk
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(SIM_OPT_$(1)) $$(SIM_CFLAGS) -Iarch/$$(SIM_ARCH_$(1)) -MMD -MP -c $$< -o $$@

build/sim/$(1)/bootmem-sim: $$(SIM_SRC:%.c=build/sim/$(1)/%.o) build/sim/$(1)/arch/$$(SIM_ARCH_$(1))/paging.o
	@echo '  LD  $$@'
	$$(Q)$$(CC) $$(SIM_OPT_$(1)) $$^ -o $$@
endef
$(foreach w,64 32,$(eval $(call SIM_RULES,$(w))))

$(BUILD)/bootmem-sim: build/sim/64/bootmem-sim
	$(Q)cp $< $@
$(BUILD)/bootmem-sim-i386: build/sim/32/bootmem-sim tools/exec32
	$(Q)tools/exec32 --install $< $@

sim: $(BUILD)/bootmem-sim $(BUILD)/bootmem-sim-i386

-include $(shell find build/sim -name '*.d' 2>/dev/null)

.PHONY: sim
