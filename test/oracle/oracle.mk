# SPDX-License-Identifier: BSD-2-Clause
# The oracle: what stock Linux kernels print about their memory on the machines of test/vm/oracle.py; and the
# files with which the tests of the Linux protocol start some of those kernels themselves.
#
#   make goldens                      fetch the kernels, record every golden anew
#   make goldens GOLDENS="i386-6G"    record these
#   make linux-files                  fetch what test/vm/test_linux.py starts
#
# The tests need the recorded goldens only; those of the Linux protocol are skipped where nothing can be fetched.

ORACLE := $(BUILD)/oracle

# Several files come from one fetch, and keep the dates of their package.
$(ORACLE)/%.fetched: test/oracle/fetch
	test/oracle/fetch $(ORACLE) $*
	@touch $@

goldens: $(addprefix $(ORACLE)/,x86_64.fetched i386.fetched i386-nopae.fetched) image
	test/oracle/record.py $(GOLDENS)

$(ORACLE)/initrd-%: test/oracle/initrd.py test/oracle/init $(ORACLE)/%.fetched $(ORACLE)/busybox-%.fetched
	test/oracle/initrd.py $@ test/oracle/init $(ORACLE)/busybox-$* $(ORACLE)/efivarfs-$*.ko

# memtest86+ in forms that must be refused, and a script for the EFI shell that tries them.
# $(1): architecture, $(2): the other one
define BAD_LINUX_RULE
$$(ORACLE)/bad-$(1)/startup.nsh: test/oracle/spoil_linux.py $$(ORACLE)/memtest86+.fetched $$(ORACLE)/$(2).fetched
	test/oracle/spoil_linux.py $(1) $$(ORACLE)/memtest86+-$(1).bin $$(ORACLE)/vmlinuz-$(2) $$(@D)
endef
$(eval $(call BAD_LINUX_RULE,x86_64,i386))
$(eval $(call BAD_LINUX_RULE,i386,x86_64))

# Never fails: the tests say what they miss. The first fetch that fails is the last that is tried.
linux-files:
	@for file in $(foreach a,$(ARCHES),initrd-$(a) bad-$(a)/startup.nsh); do \
		$(MAKE) --no-print-directory -s $(ORACLE)/$$file && continue; \
		echo "$(ORACLE)/$$file can't be made: the tests of the Linux protocol that need it are skipped"; break; \
	done

.PHONY: goldens linux-files
