# SPDX-License-Identifier: BSD-2-Clause
# The oracle: what stock Linux kernels print about their memory on the machines of test/vm/oracle.py.
#
#   make goldens                      fetch the kernels, record every golden anew
#   make goldens GOLDENS="i386-6G"    record these
#
# The tests need the recorded goldens only, no kernel and no network.

ORACLE_KERNELS := $(addprefix $(BUILD)/oracle/vmlinuz-,x86_64 i386 i386-nopae)

$(ORACLE_KERNELS): $(BUILD)/oracle/vmlinuz-%: test/oracle/fetch
	test/oracle/fetch $(BUILD)/oracle $*

goldens: $(ORACLE_KERNELS) image
	test/oracle/record.py $(GOLDENS)

.PHONY: goldens
