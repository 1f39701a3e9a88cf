/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "preflight/checks.h"

static const char *const levels[] = {
	[PREFLIGHT_OK] = "ok", [PREFLIGHT_WARN] = "warn", [PREFLIGHT_FAIL] = "fail"};

/* Texts hold what files, etcd and the kernel say: no control characters for a terminal. */
static void put(const char *text)
{
	for (; *text != '\0'; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

void preflight_print(const struct preflight *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct preflight_line *l = &p->lines[i];
		printf("%-4s  %-14s  ", levels[l->level], l->check);
		put(l->text);
		putchar('\n');
		if (l->fix == NULL)
			continue;
		printf("%24s", "-> ");
		put(l->fix);
		putchar('\n');
	}
}

static json_t *text_of(const char *text)
{
	json_t *o = text != NULL ? json_string(text) : json_null();

	if (o != NULL)
		return o;
	char *plain = must(strdup(text));
	for (char *c = plain; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	o = must(json_string(plain));
	free(plain);
	return o;
}

void preflight_print_json(const struct preflight *p)
{
	json_t *list = must(json_array());

	for (size_t i = 0; i < p->n; i++) {
		const struct preflight_line *l = &p->lines[i];
		json_array_append_new(list, must(json_pack("{s:s,s:s,s:o,s:o}", "check", l->check,
						    "status", levels[l->level], "text",
						    text_of(l->text), "fix", text_of(l->fix))));
	}
	if (json_dumpf(list, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(list);
}
