/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf-gen config            prints config/ovnet.conf
 * conf-gen man TEMPLATE      prints TEMPLATE (scdoc), its lines @FLAGS@, @KEYS@, @COUNTERS@ and
 *                            @DROPS@ replaced by what the tables say
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_table.h"
#include "base/drop.h"
#include "conf/reader.h"

/* Text as scdoc takes it literally. */
static void put(const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\*_#`[]|", *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

static void put_default(const struct option_def *o)
{
	char form[256];

	if (o->type == OPTION_UINT || o->choices != NULL) {
		printf(o->type == OPTION_UINT ? " Range: " : " One of: ");
		put(option_form(o, form, sizeof(form)));
		putchar('.');
	}
	if (o->preset[0] != '\0') {
		printf(" Default: ");
		put(o->preset);
		putchar('.');
	}
	printf("\n\n");
}

static void put_entry(const char *before, const char *name, const char *arg)
{
	printf("*%s", before);
	put(name);
	putchar('*');
	if (arg != NULL) {
		putchar(' ');
		put(arg);
	}
	printf("\n\t");
}

static void put_capital(const char *text)
{
	putchar(text[0] & ~0x20);
	put(text + 1);
	putchar('.');
}

static void put_option(const struct option_def *o, bool flag)
{
	char name[OPTION_NAME_MAX], arg[OPTION_NAME_MAX];

	if (flag)
		put_entry("--", option_flag(o, name), option_arg(o, arg, sizeof(arg)));
	else
		put_entry("", o->key, NULL);
	put_capital(o->help);
	if (!flag) {
		putchar(' ');
		put(o->more);
		put(o->reload ? " Taken up by `ovnetctl reload` as well." : "");
	}
	put_default(o);
}

/* The members of an item, then of those in it. */
static void put_items(const char *key)
{
	const struct option_items *items = option_items_find(key);

	printf("Members of %s:\n\n", items->one);
	for (const struct option_def *o = items->table; o->key != NULL; o++) {
		put_entry("", o->key, NULL);
		put_capital(o->help);
		put_default(o);
	}
	for (const struct option_def *o = items->table; o->key != NULL; o++)
		if (o->type == OPTION_ITEMS)
			put_items(o->key);
}

static void put_group(const struct option_group *g, bool flags)
{
	printf("## ");
	put(g->title);
	printf("\n\n");
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++) {
		if (!option_in_group(o, g->name))
			continue;
		if (flags || o->type != OPTION_ITEMS) {
			put_option(o, flags);
			continue;
		}
		put_entry("", o->key, NULL);
		put(o->more);
		printf("\n\n");
		put_items(o->key);
	}
}

static void put_groups(bool flags)
{
	for (const struct option_group *g = option_groups; g->name != NULL; g++)
		put_group(g, flags);
}

static void put_flags(void)
{
	for (const struct action_flag *a = action_flags; a->name != NULL; a++) {
		put_entry("--", a->name, a->arg);
		put_capital(a->help);
		printf("\n\n");
	}
	put_groups(true);
}

static void put_drops(void)
{
	for (int r = 0; r < OVNET_DROP_COUNT; r++) {
		put_entry("", ovnet_drop_name((enum ovnet_drop)r), NULL);
		put_capital(ovnet_drop_help((enum ovnet_drop)r));
		printf("\n\n");
	}
}

static void put_chapter(const struct ovnet_counter_scope_row *scope)
{
	printf("## %s%s", scope->command, scope->labels[0] != '\0' ? ", by " : "");
	for (const char *c = scope->labels; *c != '\0'; c++) {
		if (*c == ',')
			printf(" and ");
		else
			putchar(*c);
	}
	printf("\n\n");
}

/* The table has those of one command side by side. */
static void put_counters(void)
{
	const char *command = "", *labels = "";

	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *c = &ovnet_counters[i];
		const struct ovnet_counter_scope_row *scope = &ovnet_counter_scopes[c->scope];
		if (scope->command == NULL)
			continue;
		if (strcmp(command, scope->command) != 0 || strcmp(labels, scope->labels) != 0)
			put_chapter(scope);
		command = scope->command;
		labels = scope->labels;
		put_entry("", c->name, c->heading);
		put_capital(c->help);
		printf("\n\n");
	}
}

static int print_man(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[1024];

	if (in == NULL) {
		fprintf(stderr, "conf-gen: %s: %s\n", path, strerror(errno));
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		if (strcmp(line, "@FLAGS@\n") == 0)
			put_flags();
		else if (strcmp(line, "@KEYS@\n") == 0)
			put_groups(false);
		else if (strcmp(line, "@COUNTERS@\n") == 0)
			put_counters();
		else if (strcmp(line, "@DROPS@\n") == 0)
			put_drops();
		else
			fputs(line, stdout);
	}
	fclose(in);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "config") == 0) {
		conf_print_file(stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && strcmp(argv[1], "man") == 0)
		return print_man(argv[2]);
	fprintf(stderr, "usage: conf-gen config | conf-gen man TEMPLATE\n");
	return EXIT_FAILURE;
}
