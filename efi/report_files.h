/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report as files on the volume that the application was loaded from: \bootmem\report.txt, report.json and
 * map.svg.
 */
#ifndef EFI_REPORT_FILES_H
#define EFI_REPORT_FILES_H

#include <bootmem/format.h>
#include <bootmem/report.h>

#include "uefi.h"

#define REPORT_FILES_OLDER                                                                         \
	4 /* starts before this one whose files are kept, as report-1.txt and so on */

/*
 * Write the three files, and number the older ones. What can't be written, because the volume is read-only or full or
 * there is none, is named on messages; nothing else comes of it. A file of an older start stays whole or is gone, and
 * no half-written file stays; where the firmware does not let us, messages name it.
 */
void report_files_write(EFI_BOOT_SERVICES *bs, EFI_HANDLE device, const struct boot *b,
	enum report_stage stage, const struct sink *messages);

#endif
