/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts of recorded machines, with options and kernels of all kinds: everything that comes out of each is as it is kept in
 * test/unit/golden/starts-* (outcome.h; GOLDEN=write records it anew).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_start.h"

static const struct {
	const char *name, *map, *words;
	enum map_choice choice;
	uint32_t with;
} starts[] = {
	{ "plain", "qemu-standard-pc-3g-efi", "", MAP_BEST, 0 },
	{ "plain-e820", "qemu-standard-pc-3g-efi", "", MAP_E820, 0 },
	{ "elf", "qemu-standard-pc-3g-efi", "kernel=/boot/k.elf cmdline=\"one two\"", MAP_BEST,
		WITH_ELF | WITH_SCREEN | WITH_UART },
	{ "linux", "qemu-standard-pc-3g-efi",
		"kernel=/boot/vmlinuz cmdline=\"root=/dev/sda quiet\"", MAP_BEST,
		WITH_LINUX | WITH_SCREEN },
	{ "elf-all", "lenovo-20al008euk-8g-efi", "kernel=/k initrd=/initrd", MAP_BEST,
		WITH_ELF | WITH_INITRD | WITH_SCREEN | WITH_UART | WITH_RUNTIME | WITH_CHANGES |
			WITH_TABLES },
	{ "linux-all", "lenovo-20al008euk-8g-efi", "kernel=/k initrd=/initrd", MAP_BEST,
		WITH_LINUX | WITH_INITRD | WITH_SCREEN | WITH_RUNTIME | WITH_CHANGES |
			WITH_TABLES },
	{ "unsorted", "dell-inspiron-7520-efi-unsorted", "", MAP_BEST, WITH_RUNTIME },
	{ "unsorted-2", "lenovo-80e3-efi-unsorted", "", MAP_BEST, WITH_RUNTIME | WITH_NEW_CPU },
	{ "baytrail", "jumper-ezpad-baytrail-efi", "kernel=/k", MAP_BEST,
		WITH_ELF | WITH_RUNTIME | WITH_HIGH_DEV | WITH_SCREEN | WITH_UART },
	{ "shell-278", "uefi-share", "kernel=/k", MAP_BEST,
		WITH_LINUX | WITH_RUNTIME | WITH_NEW_CPU },
	{ "shell-255", "uefi-ideapad-120s-11-iap-efi", "kernel=/k", MAP_BEST,
		WITH_ELF | WITH_RUNTIME | WITH_CHANGES },
	{ "shell-231", "uefi-lenovo-e460-oc-0-7-6",
		"reserve=16M@64M,3@0x12345678 badram=4K@0x1234000", MAP_BEST,
		WITH_ELF | WITH_TABLES },
	{ "trx40", "uefi-stackia-rog-strix-trx40", "numa=fake=3", MAP_BEST,
		WITH_ELF | WITH_INITRD },
	{ "unsorted-fake", "uefi-buhtter1-memmap2021", "numa=fake=8 mem=3G", MAP_BEST,
		WITH_CHANGES | WITH_RUNTIME },
	{ "cut", "uefi-dhinakg", "mem=1234567K", MAP_BEST, WITH_LINUX | WITH_INITRD },
	{ "hostile", "lenovo-20al008euk-8g-efi",
		"hostile=stride=64,nested=3,unsorted=2,zero=2,refuse=2,grow=3 kernel=/k", MAP_BEST,
		WITH_ELF | WITH_CHANGES },
	{ "hostile-2", "uefi-share", "hostile=stride=40,refuse=5,unsorted=1", MAP_BEST,
		WITH_INITRD },
	{ "nodes-2", "amd-titanite-4g-titanite-4g-1530g-numa2", "kernel=/k", MAP_BEST, WITH_ELF },
	{ "nodes-4", "qemu-standard-pc-32g-numa4", "kernel=/k", MAP_BEST, WITH_ELF | WITH_CHANGES },
	{ "nodes-8", "dell-poweredge-r7425-08v001-256m-numa8", "", MAP_BEST, 0 },
	{ "nodes-3-far", "vmware-vmware7-1-440bx-desktop-reference-pla-1024g-numa3", "kernel=/k",
		MAP_BEST, WITH_ELF | WITH_NEW_CPU },
	{ "nodes-pmem", "lkp-linux-btrfs-256g-numa4", "", MAP_BEST, WITH_OLD_CPU },
	{ "nodes-overlap", "opteron-2node-overlapping-srat", "kernel=/k", MAP_BEST, WITH_LINUX },
	{ "nodes-off", "intel-s2600wp-112g-numa2", "numa=off", MAP_BEST, 0 },
	{ "nodes-hotplug", "microsoft-virtual-machine-virtual-machine-128g-numa4", "", MAP_BEST,
		WITH_CHANGES },
	{ "hotplug-far", "microsoft-virtual-machine-virtual-machine-23g", "kernel=/k", MAP_BEST,
		WITH_ELF },
	{ "fake-64", "intel-s2600wft-512g-numa2", "numa=fake=64", MAP_BEST, 0 },
	{ "fake-too-many", "p5-2.4.9-e801-144m", "numa=fake=64", MAP_BEST, 0 },
	{ "tiny", "amd-elan-sc410-8m", "", MAP_BEST, 0 },
	{ "small", "i486-2.6.0-20m", "kernel=/k", MAP_BEST, WITH_ELF | WITH_LOW },
	{ "small-linux", "soekris-net4521-e801-64m", "kernel=/k", MAP_BEST, WITH_LINUX },
	{ "memtest", "soekris-net4521-e801-64m", "kernel=/memtest", MAP_BEST,
		WITH_LINUX | WITH_LOW | WITH_SCREEN | WITH_SECURE },
	{ "one-entry", "xen-pv-domu-2.6.18-136m-single-entry", "kernel=/k", MAP_BEST,
		WITH_ELF | WITH_INITRD },
	{ "bios-88", "compaq-proliant-2.6.3-bios88-16m", "", MAP_BEST, WITH_TABLES },
	{ "user-map", "compaq-proliant1500-2.4.20-exactmap-144m", "", MAP_USER, 0 },
	{ "unusable", "xen-pv-domu-e820host-98g", "kernel=/k", MAP_BEST, WITH_LINUX | WITH_INITRD },
	{ "types-5-6-7", "intel-815-minibios-256m-types567", "kernel=/k", MAP_BEST,
		WITH_ELF | WITH_OLD_CPU },
	{ "subpage", "ubuntu-2g-subpage-top", "", MAP_BEST, WITH_OLD_CPU },
	{ "unaligned", "ubuntu-2.6.22-1g-acpi-unaligned", "mem=0x12345678 reserve=1@0x1000fff",
		MAP_BEST, 0 },
	{ "highmem", "qemu-standard-pc-4g-32bit", "highmem=2G vmalloc=256M", MAP_BEST, WITH_ELF },
	{ "highmem-0", "qemu-standard-pc-16g-32bit", "highmem=0", MAP_BEST,
		WITH_ELF | WITH_SCREEN },
	{ "no-pae", "dell-optiplex-9020-0dnkmn-8g-32bit", "pae=off kernel=/k", MAP_BEST,
		WITH_ELF | WITH_SCREEN | WITH_HIGH_DEV },
	{ "no-pae-linux", "intel-spm8-32g-pae-8way", "pae=off kernel=/k", MAP_BEST, WITH_LINUX },
	{ "surface", "microsoft-surface-pro-7-surface-pro-7-16g",
		"badram=1M@0x100000,64K@0x200800,2M@5G", MAP_BEST, WITH_ELF },
	{ "reserve-most", "innotek-gmbh-virtualbox-1024m", "reserve=700M@64M,13M@0x31234567",
		MAP_BEST, WITH_ELF | WITH_LOW | WITH_CHANGES },
	{ "last-crowded", "xen-vtpm-domu-3.13-622m",
		"reserve=0x6d00000@0x20000000,0xf0000@0x26d00000,0x10000@0x1e000000", MAP_BEST,
		WITH_ELF },
	{ "apple", "apple-macbookpro13-3-mac-a5c67f76ed83108c-16g", "kernel=/k", MAP_BEST,
		WITH_LINUX | WITH_LOW | WITH_UART | WITH_NEW_CPU },
	{ "islands", "lkml-d915pgn-2.6.9-3.3g", "kernel=/k", MAP_BEST,
		WITH_ELF | WITH_TABLES | WITH_CHANGES },
};

static void recorded_machines(void **state)
{
	(void)state;
	outcomes_open("test/unit/golden/starts-" ARCH_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct outcome out = { 0 };
		struct recording r;

		read_recorded(&r, starts[i].map);
		outcomes_next(starts[i].name);
		make_start(&out, &r, starts[i].choice, starts[i].words, starts[i].with);
		outcomes_compare(starts[i].name, &out);
		recording_free(&r);
	}
	outcomes_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(recorded_machines, outcomes_teardown),
	};

	return cmocka_run_group_tests_name("starts", tests, NULL, NULL);
}
