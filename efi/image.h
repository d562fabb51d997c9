/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the loaded image, from image.lds: all page aligned, in this order.
 */
#ifndef EFI_IMAGE_H
#define EFI_IMAGE_H

#pragma GCC visibility push(hidden)
extern char image_start[];            /* headers: read */
extern char text_start[];             /* read, execute */
extern char init_start[], init_end[]; /* the part of text that only the start needs */
extern char rodata_start[]; /* read; from here on what relocation has finished with, too */
extern char data_start[];   /* read, write */
extern char image_end[];
extern char rel_start[], rel_end[]; /* i386: the relocation table */
#pragma GCC visibility pop

#endif
