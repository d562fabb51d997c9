# SPDX-License-Identifier: BSD-2-Clause
# bootmem. `make help` lists the targets; `make V=1` shows every command.

ARCHES   := x86_64 i386
BUILD    := build
PACKAGES := binutils console-setup-linux dosfstools fdisk gcc gnu-efi make mtools ovmf ovmf-ia32 python3 qemu-system-x86

# "yes" where the kernel runs 32-bit programs (tools/exec32).
NATIVE_32 := $(shell tools/exec32 --native && echo yes)

# Only the rules that are written here.
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
Q := $(if $(V),,@)

all: apps libs image sim

# --- compiling ----------------------------------------------------------------------------------

CC      := gcc
AR      := ar
LD      := ld
OBJCOPY := objcopy

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes \
	-Wframe-larger-than=1024
# No SSE: firmware may run with it switched off. No red zone: exceptions arrive on our stack.
BASE_CFLAGS = -std=gnu11 -O2 -g $(WARNINGS) -ffreestanding -fPIC -fvisibility=hidden -fshort-wchar \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-tree-loop-distribute-patterns -mgeneral-regs-only -ffile-prefix-map=$(CURDIR)=. \
	-MMD -MP -Iinclude -Iarch
# core and arch see the compiler's own headers and ours; nothing else exists for them.
FREESTANDING = -nostdinc -isystem $(shell $(CC) -print-file-name=include)

CFLAGS_x86_64    := -m64 -mno-red-zone
CFLAGS_i386      := -m32 -march=i686
EFI_CFLAGS       := -isystem /usr/include/efi
EFI_CFLAGS_x86_64 := -isystem /usr/include/efi/x86_64 -DGNU_EFI_USE_MS_ABI
EFI_CFLAGS_i386  := -isystem /usr/include/efi/ia32
EMULATION_x86_64 := elf_x86_64
EMULATION_i386   := elf_i386
CRT0_x86_64      := /usr/lib/crt0-efi-x86_64.o
CRT0_i386        := /usr/lib32/crt0-efi-ia32.o
GNUEFI_x86_64    := /usr/lib/libgnuefi.a
GNUEFI_i386      := /usr/lib32/libgnuefi.a
TARGET_x86_64    := efi-app-x86_64
TARGET_i386      := efi-app-ia32

CORE := $(wildcard core/*.c)
EFI  := $(wildcard efi/*.c)
# The screen's fonts, smallest first.
FONTS       := $(patsubst %,/usr/share/consolefonts/Uni2-Terminus%.psf.gz,16 Bold24x12 Bold32x16)
FONT_NOTICE := Terminus Font, Copyright (c) 2010 Dimitar Toshkov Zhekov, SIL Open Font License 1.1
# Test applications that end with a fault instead of after=, or have one in stage settle, under the firmware's page tables.
FAULTS := ud pf stack df nx text settle-ud settle-mc

# _relocate and nothing else comes from gnu-efi's libraries.
LDFLAGS := -nostdlib -shared -Bsymbolic -znocombreloc -znoexecstack --no-undefined --build-id=none \
	--hash-style=sysv --no-warn-rwx-segments -T efi/image.lds
SECTIONS := $(addprefix -j ,.text .rodata .rela .rel .reloc .dynamic .data)

# $(1): architecture
define ARCH_RULES
ARCH_SRC_$(1)  := $$(wildcard arch/$(1)/*.c arch/$(1)/*.S arch/x86/*.c)
CORE_OBJ_$(1)  := $$(CORE:%.c=$$(BUILD)/$(1)/%.o)
LIB_OBJ_$(1)   := $$(CORE_OBJ_$(1)) $$(patsubst %,$$(BUILD)/$(1)/%.o,$$(basename $$(ARCH_SRC_$(1):%.S=%-asm.S)))
EFI_OBJ_$(1)   := $$(EFI:%.c=$$(BUILD)/$(1)/%.o) $$(BUILD)/$(1)/efi/fonts.o
ENTRY_OBJ_$(1) := $$(patsubst test/%,$$(BUILD)/test/$(1)/%.o,test/entry/state $$(basename $$(wildcard test/entry/$(1)/*.c)) \
	$$(patsubst %.S,%-asm,$$(wildcard test/entry/$(1)/*.S)))

$$(BUILD)/$(1)/core/%.o: core/%.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(FREESTANDING) -Iarch/$(1) -c $$< -o $$@

$$(BUILD)/$(1)/arch/%.o: arch/%.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(FREESTANDING) -Iarch/$(1) -c $$< -o $$@

$$(BUILD)/$(1)/arch/%-asm.o: arch/%.S Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(FREESTANDING) -Iarch/$(1) -c $$< -o $$@

$$(BUILD)/$(1)/efi/%.o: efi/%.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(EFI_CFLAGS) $$(EFI_CFLAGS_$(1)) -Iarch/$(1) -c $$< -o $$@

$$(BUILD)/$(1)/efi/fonts.o: $$(BUILD)/fonts.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(FREESTANDING) -Iefi -c $$< -o $$@

$$(BUILD)/test/$(1)/fault-%.o: test/fault/fault.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(EFI_CFLAGS) $$(EFI_CFLAGS_$(1)) -Iarch/$(1) -Iefi \
		-DTEST_FAULT=raise_$$(*:settle-%=%) -c $$< -o $$@

$$(BUILD)/test/$(1)/entry/%.o: test/entry/%.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) $$(EFI_CFLAGS) $$(EFI_CFLAGS_$(1)) -Iarch/$(1) -Iefi -c $$< -o $$@

$$(BUILD)/test/$(1)/entry/%-asm.o: test/entry/%.S Makefile
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_$(1)) $$(BASE_CFLAGS) -c $$< -o $$@

$$(BUILD)/$(1)/libbootmem.a: $$(LIB_OBJ_$(1)) tools/check-objects.sh
	@rm -f $$@
	@echo '  AR  $$@'
	$$(Q)$$(AR) rcsD $$@ $$(LIB_OBJ_$(1))
	$$(Q)LDEMULATION=$$(EMULATION_$(1)) tools/check-objects.sh $$@ $$(CORE_OBJ_$(1)) || { rm -f $$@; exit 1; }

$$(BUILD)/$(1)/bootmem.so: $$(EFI_OBJ_$(1)) $$(BUILD)/$(1)/libbootmem.a efi/image.lds
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(LDFLAGS) $$(CRT0_$(1)) $$(filter %.o,$$^) $$(BUILD)/$(1)/libbootmem.a \
		$$(GNUEFI_$(1)) -o $$@

$$(BUILD)/test/$(1)/fault-%.so: $$(BUILD)/test/$(1)/fault-%.o $$(EFI_OBJ_$(1)) $$(BUILD)/$(1)/libbootmem.a efi/image.lds
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(LDFLAGS) $$(if $$(filter settle-%,$$*),--wrap=boot_stage_settle) $$(CRT0_$(1)) \
		$$(filter-out %/efi/power.o,$$(filter %.o,$$^)) $$(BUILD)/$(1)/libbootmem.a $$(GNUEFI_$(1)) -o $$@

# What starts the application in an odd state, and the application with an end that prints the registers.
$$(BUILD)/test/$(1)/entry.so: $$(BUILD)/test/$(1)/entry/entry.o $$(ENTRY_OBJ_$(1)) \
		$$(addprefix $$(BUILD)/$(1)/efi/,file.o log.o serial.o) $$(BUILD)/$(1)/libbootmem.a efi/image.lds
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(LDFLAGS) $$(CRT0_$(1)) $$(filter %.o,$$^) $$(BUILD)/$(1)/libbootmem.a \
		$$(GNUEFI_$(1)) -o $$@

$$(BUILD)/test/$(1)/registers.so: $$(BUILD)/test/$(1)/entry/end.o $$(ENTRY_OBJ_$(1)) $$(EFI_OBJ_$(1)) \
		$$(BUILD)/$(1)/libbootmem.a efi/image.lds
	@echo '  LD  $$@'
	$$(Q)$$(LD) -m $$(EMULATION_$(1)) $$(LDFLAGS) $$(CRT0_$(1)) $$(filter-out %/efi/power.o,$$(filter %.o,$$^)) \
		$$(BUILD)/$(1)/libbootmem.a $$(GNUEFI_$(1)) -o $$@

$$(BUILD)/$(1)/%.efi: $$(BUILD)/$(1)/%.so tools/pe.py
	@echo '  EFI $$@'
	$$(Q)$$(OBJCOPY) $$(SECTIONS) --target $$(TARGET_$(1)) --subsystem 10 $$< $$@
	$$(Q)tools/pe.py $$@ || { rm -f $$@; exit 1; }

$$(BUILD)/test/$(1)/%.efi: $$(BUILD)/test/$(1)/%.so tools/pe.py
	@echo '  EFI $$@'
	$$(Q)$$(OBJCOPY) $$(SECTIONS) --target $$(TARGET_$(1)) --subsystem 10 $$< $$@
	$$(Q)tools/pe.py $$@ || { rm -f $$@; exit 1; }
endef
$(foreach a,$(ARCHES),$(eval $(call ARCH_RULES,$(a))))

-include $(wildcard $(ARCHES:%=$(BUILD)/%/*/*.d) $(ARCHES:%=$(BUILD)/%/arch/*/*.d) $(ARCHES:%=$(BUILD)/test/%/*.d) \
	$(foreach a,$(ARCHES),$(BUILD)/test/$(a)/entry/*.d $(BUILD)/test/$(a)/entry/$(a)/*.d))

$(BUILD)/fonts.c: tools/mkfont.py $(FONTS) Makefile
	@mkdir -p $(@D)
	@echo '  GEN $@'
	$(Q)tools/mkfont.py '$(FONT_NOTICE)' $(FONTS) > $@

# --- products -----------------------------------------------------------------------------------

apps: $(ARCHES:%=$(BUILD)/%/bootmem.efi)
libs: $(ARCHES:%=$(BUILD)/%/libbootmem.a)
image: $(BUILD)/bootmem.img
fault-apps: $(foreach a,$(ARCHES),$(FAULTS:%=$(BUILD)/test/$(a)/fault-%.efi))
entry-apps: $(foreach a,$(ARCHES),$(BUILD)/test/$(a)/entry.efi $(BUILD)/test/$(a)/registers.efi)

# $(1): where the applications are
STICK = $(1)/x86_64/bootmem.efi=/EFI/BOOT/BOOTX64.EFI $(1)/i386/bootmem.efi=/EFI/BOOT/BOOTIA32.EFI \
	esp/bootmem.conf=/bootmem.conf esp/readme.txt=/readme.txt LICENSE.Terminus=/terminus.txt \
	$(foreach a,$(ARCHES),$(BUILD)/kernels/$(a)/hello.elf=/kernels/$(a)/hello.elf)

$(BUILD)/bootmem.img: $(ARCHES:%=$(BUILD)/%/bootmem.efi) $(ARCHES:%=$(BUILD)/kernels/%/hello.elf) esp/bootmem.conf \
		esp/readme.txt LICENSE.Terminus tools/mkimage.sh
	@echo '  IMG $@'
	$(Q)tools/mkimage.sh $@ $(call STICK,$(BUILD))

# Signed for Secure Boot with a key of one's own, and with a configuration of one's own inside (docs/secure-boot.md).
SIGNED := $(BUILD)/signed
sign: sign-packages
	@[ -n "$(KEY)" ] && [ -n "$(CERT)" ] || { echo 'make sign KEY=file CERT=file [CONFIG=file]' >&2; exit 1; }
	@$(MAKE) --no-print-directory -s image
	@echo '  SIG $(SIGNED)/bootmem.img'
	$(Q)for arch in $(ARCHES); do \
		tools/sign.sh '$(KEY)' '$(CERT)' '$(CONFIG)' $(BUILD)/$$arch/bootmem.efi $(SIGNED)/$$arch/bootmem.efi || exit 1; \
	done
	$(Q)tools/mkimage.sh $(SIGNED)/bootmem.img $(call STICK,$(SIGNED))

sign-packages:
	@test/run-packages $(PACKAGES) sbsigntool

# --- running ------------------------------------------------------------------------------------

# A packages check first, then a make of its own: what it installs may be what this one needs. Variables of the command
# line are in the environment of what make starts, with whatever characters they have.
run: packages
	@$(MAKE) --no-print-directory -s image
	@tools/run.sh

packages:
	@test/run-packages $(PACKAGES)

# QEMU waits in one terminal (make run QEMU_EXTRA='-s -S' TIMEOUT=100000), gdb attaches from another. The
# image base is in the report; IMAGE=0x... relocates the symbols.
ARCH  ?= x86_64
IMAGE ?= 0
gdb: $(BUILD)/$(ARCH)/bootmem.so
	gdb -ex 'add-symbol-file $< -o $(IMAGE)' -ex 'target remote :1234'

# --- looking after the source -----------------------------------------------------------------------

C_FILES := $(wildcard core/*.[ch] arch/*/*.[ch] efi/*.[ch] tools/sim/*.[ch] include/bootmem/*.h test/*/*.[ch] \
	test/entry/*/*.[ch])

format:
	clang-format -i $(C_FILES)

# What the checkers get wrong: C11 annex K, which nobody has; a va_list inside a structure; memcpy, which reads its
# target's address, not its contents.
TIDY := -*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized

ANALYZE_PACKAGES := $(PACKAGES) clang-tidy cppcheck gcc-multilib sparse

# sparse knows neither these of gcc's macros nor its type; core and arch see the compiler's own headers only.
SPARSE_x86_64 := -m64 '-D__UINT64_C(c)=c\#\#UL'
SPARSE_i386   := -m32 '-D__UINT64_C(c)=c\#\#ULL' '-D__float128=long double'
SPARSE        := sparse -Wsparse-error -std=gnu11 '-D__UINT32_C(c)=c\#\#U' -Iinclude -Iarch

analyze:
	@test/run-packages $(ANALYZE_PACKAGES)
	@$(MAKE) --no-print-directory -k $(ARCHES:%=analyze-%) analyze-sim

$(ARCHES:%=analyze-%): analyze-%:
	@$(MAKE) --no-print-directory -k BUILD=$(BUILD)/analyze WARNINGS='$(WARNINGS) -fanalyzer -fcallgraph-info=su' \
		$(BUILD)/analyze/$*/bootmem.so
	tools/stack-depth.py $(BUILD)/analyze/$*
	set -e; for f in $(CORE) $(wildcard arch/$*/*.c arch/x86/*.c); do \
		$(SPARSE) $(SPARSE_$*) $(FREESTANDING) -ffreestanding -fshort-wchar -Iarch/$* $$f; done
	set -e; for f in $(EFI); do \
		$(SPARSE) $(SPARSE_$*) -ffreestanding -fshort-wchar $(EFI_CFLAGS) $(EFI_CFLAGS_$*) -Iarch/$* $$f; done
	cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem --suppress=ctuuninitvar:core/string.c \
		-Iinclude -Iarch -Iarch/$* core arch/$* efi
	clang-tidy --quiet --checks='$(TIDY)' --warnings-as-errors='*' $(CORE) $(wildcard arch/$*/*.c) -- \
		$(CFLAGS_$*) -std=gnu11 -ffreestanding -fshort-wchar -Iinclude -Iarch -Iarch/$*
	clang-tidy --quiet --checks='$(TIDY)' --warnings-as-errors='*' $(EFI) -- $(CFLAGS_$*) -std=gnu11 -ffreestanding \
		-fshort-wchar $(EFI_CFLAGS) $(EFI_CFLAGS_$*) -Iinclude -Iarch -Iarch/$*

# The simulator: a host program, with the layout of x86_64.
SIM_FILES := $(wildcard tools/sim/*.c)

analyze-sim:
	set -e; for f in $(SIM_FILES); do $(SPARSE) $(SPARSE_x86_64) -Iarch/x86_64 -Itools/sim $$f; done
	set -e; for f in $(SIM_FILES); do $(CC) -fanalyzer -O2 $(SIM_CFLAGS) -Iarch/x86_64 -c $$f -o /dev/null; done
	cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem -Iinclude -Iarch -Iarch/x86_64 -Itools/sim tools/sim
	clang-tidy --quiet --checks='$(TIDY)' --warnings-as-errors='*' $(SIM_FILES) -- -std=gnu11 -Iinclude -Iarch \
		-Iarch/x86_64 -Itools/sim

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            applications, libraries and image'
	@echo 'make run        boot the image from OVMF in QEMU, report on the terminal; variables:'
	@echo '                ARCH=i386 MEM=4G CPU=.. MACHINE=pc SMP=2 NUMA=2 ACCEL=kvm CMDLINE="key=value .."'
	@echo '                KERNEL=file INITRD=file QEMU_EXTRA=".." GUI=1 TIMEOUT=120'
	@echo 'make test       all tests; the last line is N passed, N failed[, N skipped]'
	@echo 'make test-full  the same, and the whole matrix of machines, sizes, processors and options'
	@echo 'make fuzz       libFuzzer on the parsers and on whole starts [SECONDS=60], all targets together'
	@echo 'make cover      which branches of the core the host tests take: at least 95 % of each file'
	@echo 'make prove      the contracts in the source, by Frama-C [MODULES="e820 .."]'
	@echo 'make mutate     faults in the core that a test must notice [MUTANTS=200 SEED=1 FILES="core/e820.c .."]'
	@echo 'make goldens    record the Linux logs anew that the tests compare with [GOLDENS=name]'
	@echo 'make sim        build/bootmem-sim and build/bootmem-sim-i386'
	@echo 'make bench      what the core costs: time, instructions, and a start in the machine'
	@echo 'make image      build/bootmem.img, for a USB stick'
	@echo 'make sign       build/signed/bootmem.img, for Secure Boot; KEY=file CERT=file [CONFIG=file]'
	@echo 'make analyze    gcc -fanalyzer, cppcheck, clang-tidy, sparse; how deep the stacks get'
	@echo 'make format     clang-format'
	@echo 'make gdb        attach to make run QEMU_EXTRA="-s -S" [ARCH=i386] [IMAGE=0x..]'
	@echo 'make clean      remove build/'

.PHONY: all apps libs image sign sign-packages fault-apps entry-apps run packages gdb format analyze analyze-sim \
	$(ARCHES:%=analyze-%) clean help
.DELETE_ON_ERROR:

include test/test.mk
include test/fuzz/fuzz.mk
include test/cover/cover.mk
include tools/sim/sim.mk
include test/oracle/oracle.mk
include test/kernels/kernels.mk
include test/bench/bench.mk
include test/prove/prove.mk
include test/mutate/mutate.mk
