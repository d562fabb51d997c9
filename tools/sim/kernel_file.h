/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_file: from what a report says of a kernel to a file that makes the same demands on memory. There is
 * nothing in it but headers and zeros.
 */
#ifndef SIM_KERNEL_FILE_H
#define SIM_KERNEL_FILE_H

#include "recording.h"

/*
 * An ELF file of the recorded segments, or a bzImage with the recorded setup header, *bytes long, to be freed by the
 * caller. Null: there was no kernel. What the report says is not checked: that is for the core to do.
 */
void *kernel_file_make(const struct recorded_kernel *kernel, uint64_t *bytes);

#endif
