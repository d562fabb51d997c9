/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framebuffer as a console once the firmware's is gone. It draws at once, under the firmware's page tables or
 * ours, and needs no memory. Three uses, one after the other:
 *
 *   text      messages one below the other, as they come
 *   overview  the report's picture (bootmem/overview.h); messages replace each other in the bar below it
 *   pages     the report's text, to be leafed through, when nothing is left to do
 *
 * An exception or a fatal message clears the screen and goes back to text.
 */
#ifndef EFI_SCREEN_H
#define EFI_SCREEN_H

#include <bootmem/boot.h>
#include <bootmem/canvas.h>
#include <bootmem/terminal.h>

struct screen {
	struct handoff_framebuffer format;
	uint64_t bytes;
	bool on;       /* there is one, it can be reached, and it is wanted */
	bool overview; /* the overview is on it */
	bool pages;    /* and everything it stands for can be shown */
	bool ended;    /* the message in the bar is complete: the next one replaces it */
	struct canvas canvas;
	struct terminal terminal;
	struct pen bar;
	struct sink text;
	uint64_t cycles[STAGE_COUNT]; /* as the report had them */
};

/* No screen yet: nothing is drawn. bytes as of the framebuffer; 0: there will be none. */
void screen_init(struct screen *s, const struct handoff_framebuffer *format, uint64_t bytes);

/* The framebuffer can be reached at address; 0: no longer. What is on it stays. */
void screen_at(struct screen *s, uint64_t address);

/* Clear it, for text under a title. */
void screen_clear(struct screen *s, const char *title, uint32_t rgb);

/* Draw the overview. */
void screen_overview(struct screen *s, const struct boot *b);

/*
 * The report was made: it can be shown page by page. Then, instead of a halt: show its pages in turn,
 * or as the keys of a PS/2 keyboard say; returns after some minutes without a key, with the overview on the screen and
 * end in the bar.
 */
void screen_keep_report(struct screen *s, const struct boot *b);
void screen_browse(struct screen *s, struct boot *b, const char *end);

#endif
