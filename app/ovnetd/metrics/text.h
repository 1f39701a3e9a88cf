/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prometheus' text format, version 0.0.4: a family of samples has its HELP and TYPE in front and
 * stands together. Names are ours; values of labels may be anybody's and are escaped. Any thread.
 */
#ifndef OVNET_APP_METRICS_TEXT_H
#define OVNET_APP_METRICS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_TYPE       "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_NAME_MAX   96
#define TEXT_LABELS_MAX 400 /* a name of 32 bytes, each escaped, and two words */

/* Zeroed to begin with. Without memory it stays `failed`, and whoever wants the text asks that. */
struct text {
	char *bytes; /* the owner's to free */
	size_t len, room;
	bool failed;
};

/* `name="value",name="value"`, what stands between the braces; NUL-terminated. Zeroed first. */
struct text_labels {
	char bytes[TEXT_LABELS_MAX];
	size_t len;
};

/*
 * One more. A value that has no room is cut. What is no ASCII is written as \xNN, as a byte that is
 * no UTF-8 would cost the whole scrape.
 */
void text_label(struct text_labels *l, const char *name, const char *value);
void text_label_number(struct text_labels *l, const char *name, unsigned value);

/* `help` without its full stop, which is added; `type` "counter" or "gauge". */
void text_family(struct text *t, const char *name, const char *type, const char *help);
/* `labels` NULL: none. */
void text_sample(
	struct text *t, const char *name, const struct text_labels *labels, uint64_t value);
void text_sample_real(
	struct text *t, const char *name, const struct text_labels *labels, double value);

#endif
