/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of efi/image.h, on a command line of the compiler: the parts of the image are where the test says.
 */
#ifndef EFI_IMAGE_H
#define EFI_IMAGE_H

extern char *image_start, *text_start, *init_start, *init_end, *rodata_start, *data_start,
	*image_end;

#endif
