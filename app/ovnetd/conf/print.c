/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/reader.h"

#include <string.h>

#define FILE_WIDTH  88
#define HELP_WIDTH  96
#define HELP_INDENT 34

/* Words of `text` in lines of at most `width` columns that start with `indent`. */
static void print_wrapped(FILE *out, const char *indent, const char *text, unsigned width)
{
	size_t used = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (used > 0 && used + 1 + len > width) {
			fputc('\n', out);
			used = 0;
		}
		used += (size_t)fprintf(out, "%s%.*s", used == 0 ? indent : " ", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	if (used > 0)
		fputc('\n', out);
}

static void print_key(FILE *out, const struct option_def *o)
{
	bool bare = o->type == OPTION_UINT || o->type == OPTION_SWITCH;
	const char *quote = bare ? "" : "\"";
	char form[256];

	fputc('\n', out);
	fprintf(out, "\t# %c%s.\n", o->help[0] & ~0x20, o->help + 1);
	print_wrapped(out, "\t# ", o->more, FILE_WIDTH);
	if (o->reload)
		fprintf(out, "\t# Taken up by `ovnetctl reload` as well.\n");
	if (o->form == NULL)
		fprintf(out, "\t# %s: %s.\n", o->type == OPTION_UINT ? "Range" : "One of",
			option_form(o, form, sizeof(form)));
	fprintf(out, "\t#%s = %s%s%s;\n", option_leaf(o), quote, o->preset, quote);
}

static void print_items_help(FILE *out, const struct option_def *table, const char *indent)
{
	char line[256];

	for (const struct option_def *o = table; o->key != NULL; o++) {
		fprintf(out, "%s%-11s  %s", indent, o->key, o->help);
		if (o->type == OPTION_CHOICE || o->type == OPTION_UINT)
			fprintf(out, " (%s)", option_form(o, line, sizeof(line)));
		fputc('\n', out);
		if (o->type == OPTION_ITEMS)
			print_items_help(
				out, option_items_find(o->key)->table, "#                ");
	}
}

static void print_list(FILE *out, const struct option_def *o, const struct option_items *items)
{
	fputc('\n', out);
	print_wrapped(out, "# ", o->more, FILE_WIDTH);
	fprintf(out, "#\n");
	print_items_help(out, items->table, "#   ");
	fprintf(out, "#\n# %s = (\n", o->key);
	for (const char *const *line = items->example; *line != NULL; line++)
		fprintf(out, "#     %s\n", *line);
	fprintf(out, "# );\n#%s = ( );\n", o->key);
}

static void print_group(FILE *out, const struct option_group *g)
{
	fprintf(out, "\n# %s\n%s = {", g->title, g->name);
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
		if (option_in_group(o, g->name))
			print_key(out, o);
	fprintf(out, "};\n");
}

void conf_print_file(FILE *out)
{
	fprintf(out,
		"# SPDX-License-Identifier: BSD-3-Clause\n"
		"# ovnet.conf: every key, commented, at its default. See ovnet.conf(5).\n"
		"# A flag of ovnetd wins over the key here; ovnetd --check-config reports every "
		"error.\n");
	for (const struct option_group *g = option_groups; g->name != NULL; g++) {
		const struct option_items *items = option_items_find(g->name);
		if (items != NULL)
			print_list(out, option_find(ovnetd_options, g->name), items);
		else
			print_group(out, g);
	}
}

static void print_help_line(
	FILE *out, const char *flag, const char *arg, const char *help, const char *preset)
{
	char left[OPTION_NAME_MAX * 2], right[512];

	snprintf(left, sizeof(left), "  --%s%s%s", flag, arg != NULL ? " " : "", arg ? arg : "");
	snprintf(right, sizeof(right), "%s%s%s%s", help, preset[0] ? " (" : "", preset,
		preset[0] ? ")" : "");
	if (strlen(left) + 2 > HELP_INDENT)
		fprintf(out, "%s\n%*s", left, HELP_INDENT, "");
	else
		fprintf(out, "%-*s", HELP_INDENT, left);
	if (HELP_INDENT + strlen(right) <= HELP_WIDTH)
		fprintf(out, "%s\n", right);
	else
		fprintf(out, "%s\n%*s(%s)\n", help, HELP_INDENT, "", preset);
}

void conf_print_help(FILE *out)
{
	char flag[OPTION_NAME_MAX], arg[OPTION_NAME_MAX];

	fprintf(out,
		"Usage: ovnetd [FLAG...]\n\n"
		"Joins flannel's overlay network with a packet switch in user space. Flags win "
		"over the\nenvironment (FLANNELD_ETCD_PREFIX), that over the configuration file; "
		"defaults stand in\nparentheses. -flag, --flag=VALUE and --flag VALUE are the "
		"same. See ovnetd(8), ovnet.conf(5).\n\n");
	for (const struct action_flag *a = action_flags; a->name != NULL; a++)
		print_help_line(out, a->name, a->arg, a->help, "");
	for (const struct option_group *g = option_groups; g->name != NULL; g++) {
		fprintf(out, "\n%s:\n", g->title);
		for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
			if (option_in_group(o, g->name))
				print_help_line(out, option_flag(o, flag),
					option_arg(o, arg, sizeof(arg)), o->help, o->preset);
	}
}
