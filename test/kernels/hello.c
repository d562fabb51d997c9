/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello: the smallest useful kernel. The loader has made page tables, zones and a stack before it calls kernel();
 * what is left is to say so, to use the allocator, and to halt, or with "cmdline = poweroff" to switch off.
 */
#include <bootmem/adopt.h>
#include <bootmem/string.h>
#include <x86/io.h>

/* As much of EFI's tables as it takes to switch off (UEFI 2.10, 4.3 and 4.5). */
struct runtime_services {
	uint64_t header[3];
	void *other[10];
	void(EFIAPI *reset_system)(int type, uintptr_t status, uintptr_t bytes, void *data);
};

struct system_table {
	uint64_t header[3];
	void *other[8];
	struct runtime_services *runtime;
};

handoff_entry kernel;

/* To the serial port that the loader set up: wait until it takes a character, but not for ever. */
static void write(void *record, const char *text, size_t length)
{
	uint16_t port = (uint16_t)((const struct handoff *)record)->serial.port;

	for (uint32_t tries = 0; port != 0 && length > 0 && tries < 200000; tries++)
		if (io_in8(port + 5) & 0x20) {
			io_out8(port, (uint8_t)*text++);
			length--;
		}
}

void kernel(const struct handoff *record)
{
	const struct system_table *system = (void *)(uintptr_t)record->firmware.system_table_phys;
	const char *words = (const char *)(uintptr_t)record->cmdline.address;
	const struct sink out = { write, (void *)(uintptr_t)record };
	struct mm *mm;

	if (bootmem_adopt(record, &mm) == BM_OK) {
		pfn_t pfn = alloc_pages(mm, GFP_KERNEL, 0);
		char *page = phys_to_virt(mm->window, pfn_phys(pfn));

		*page = '!';
		sink_printf(&out, "HELLO: RAM ends at %llu MiB, page %llx is mine%c\r\n",
			ULL(pfn_phys(record->limits.max_pfn) / MIB), ULL(pfn), *page);
		if (free_pages(mm, pfn, 0) == BM_OK)
			sink_puts(&out, "HELLO: done\r\n");
	}
	if (memcmp(words, "poweroff", 9) == 0 && (record->flags & HANDOFF_RUNTIME_USABLE))
		system->runtime->reset_system(2 /* shut down */, 0, 0, NULL);
	for (;;)
		__asm__ volatile("cli; hlt");
}
