/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings: what was strange about this machine, and what was done about it.
 *
 * Nothing is repaired silently. Each kind of repair has one entry here, with the quirk number
 * under which docs/quirks.md explains it, and counts how often it happened. The table has one slot
 * for each kind, so it can't overflow.
 */
#ifndef BOOTMEM_FINDING_H
#define BOOTMEM_FINDING_H

#include <bootmem/types.h>

enum finding_id {
	/* Read off the map: those of the accepted map replace those of the first. */
	FINDING_MAP_ZERO_LENGTH,      /* Q10 descriptor without pages, dropped */
	FINDING_MAP_OVERLAP,          /* Q11 overlapping or nested ranges, the stricter type won */
	FINDING_MAP_UNSORTED,         /* Q12 ranges not in ascending order, sorted */
	FINDING_MAP_WRAPS,            /* Q13 range wraps or ends above 2^52, dropped */
	FINDING_MAP_LARGE,            /* Q14 more than 128 e820 entries */
	FINDING_MAP_UNKNOWN_TYPE,     /* Q15 OEM, OS or unknown memory type, reserved */
	FINDING_MAP_UNALIGNED,        /* Q35 range not on page boundaries, rounded */
	FINDING_MAP_NO_WB,            /* Q17 RAM type without write-back caching, reserved */
	FINDING_RUNTIME_NO_CACHE,     /* Q18 runtime range without any cacheability attribute */
	FINDING_RUNTIME_NO_ATTRIBUTE, /* Q19 runtime code/data without the RUNTIME attribute */
	FINDING_RUNTIME_ON_RAM_TYPE,  /* Q20 RUNTIME attribute on a RAM type, reserved */
	FINDING_SOFT_RESERVED,        /* Q23 special-purpose memory, left alone */
	FINDING_UNACCEPTED,           /* Q25 unaccepted memory, never touched */
	FINDING_STRIDE,               /* Q5  descriptor size other than 40 or 48 */
	FINDING_SETTLED,              /* P1  the accepted map differs from the first one */
	FINDING_RAM_BEYOND_CPU,       /* P2  RAM above the CPU's physical address width, left out */
	FINDING_RAM_BEYOND_PAGING,    /* P3  RAM above 4 GiB without PAE, left out */
	FINDING_RAM_BEYOND_MEM,       /* P4  RAM above the mem= option, left out */
	FINDING_RAM_TOO_LATE,         /* P5  RAM above all other that only the accepted map has */
	FINDING_RAM_BEYOND_MAP,       /* P6  RAM beyond the direct map's end, left out */
	FINDING_RAM_BEYOND_HIGHMEM,   /* P7  RAM above what highmem= allows, left out */
	FINDING_RAM_TOO_FAR, /* P8  RAM so high that no bitmap reaching it fits, left out */
	/* Happened on the way. */
	FINDING_RAM_UNMAPPED, /* P11 the firmware's own tables do not show all RAM */
	FINDING_TABLES_FREE,  /* Q73 the firmware's live page tables, where its map says free */
	FINDING_TABLES_SCATTERED, /* Q74 live page tables in more runs than BOOT_TABLE_RUNS, some not kept */
	FINDING_EXIT_RETRIED,     /* Q1  ExitBootServices refused the first key */
	FINDING_MAP_GREW,         /* Q3  the map outgrew its buffer and was read again */
	FINDING_CLAIM_REFUSED,    /* Q51 the firmware refused pages that its map calls free */
	FINDING_ACPI_BROKEN,      /* N1  ACPI table with a wrong length or checksum, ignored */
	FINDING_ACPI_UNREACHABLE, /* N2  ACPI table beyond what the processor can address */
	FINDING_SRAT_ENTRY,       /* N3  SRAT entry malformed or wrapping, ignored */
	FINDING_SRAT_DOMAINS,     /* N4  more than BOOTMEM_MAX_NODES proximity domains, one node */
	FINDING_SLIT,             /* N8  SLIT violates its rules, default distances */
	FINDING_SRAT_RANGES,      /* N10 more than BOOT_SRAT_RANGES memory ranges, one node */
	/* Read off the nodes, each time they are made. */
	FINDING_SRAT_OVERLAP,   /* N5  SRAT gives the same memory to two nodes, one node */
	FINDING_SRAT_UNCOVERED, /* N6  1 MiB of RAM or more without affinity, one node */
	FINDING_SRAT_GAP,       /* N7  less than that, given to the node next to it */
	FINDING_NUMA_FAKE,      /* N9  too little RAM for numa=fake, not applied */
	/* Read off the map each time the address space is planned, after the nodes. */
	FINDING_RUNTIME_NO_RIGHTS, /* P9  runtime code without attributes, or writable and executable */
	FINDING_RUNTIME_LEFT_OUT,     /* P10 runtime range that can't be mapped where it is */
	FINDING_FRAMEBUFFER_LEFT_OUT, /* P12 framebuffer that can't be mapped where it is */
	FINDING_UART_LEFT_OUT, /* P13 serial port in memory that can't be mapped, or where RAM is */
	FINDING_COUNT,
};

#define FINDING_MAP_LAST   FINDING_RAM_TOO_FAR
#define FINDING_NODE_FIRST FINDING_SRAT_OVERLAP
#define FINDING_PLAN_FIRST FINDING_RUNTIME_NO_RIGHTS

struct finding {
	uint32_t count;    /* how often; 0: not found */
	phys_t start_phys; /* where it happened first, where that makes sense */
	phys_t end_phys;
	uint64_t bytes; /* sum over all occurrences */
};

struct findings {
	struct finding of[FINDING_COUNT];
};

/*
 * Count one more occurrence at [start_phys, end_phys); an empty or wrapping range adds no bytes. A
 * null table is allowed and ignored. The count stays at its maximum instead of wrapping.
 */
/*@ requires id < FINDING_COUNT && (f == \null || \valid(f));
    assigns *f; */
void finding_add(struct findings *f, enum finding_id id, phys_t start_phys, phys_t end_phys);

/* The same where bytes is not the size of the range: RAM with holes in it. */
/*@ requires id < FINDING_COUNT && (f == \null || \valid(f));
    assigns *f; */
void finding_add_bytes(
	struct findings *f, enum finding_id id, phys_t start_phys, phys_t end_phys, uint64_t bytes);

/* Take over the findings of a map, or forget those of the nodes, or of the address space's plan. */
void findings_take_map(struct findings *f, const struct findings *map);
void findings_clear_nodes(struct findings *f);
void findings_clear_plan(struct findings *f);

/* "Q12", and a phrase for people: what was found, what was done; no full stop, fits a line of the
 * report. */
const char *finding_quirk(enum finding_id id);
const char *finding_text(enum finding_id id);

/* Number of kinds found. */
uint32_t findings_kinds(const struct findings *f);

#endif
