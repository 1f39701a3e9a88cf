/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/command_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/items.h"

static const struct origin flag_origin = {FROM_FLAG, 0};

/* One flag, cut up. */
struct word {
	char name[OPTION_NAME_MAX];
	const char *value; /* behind the "=", or NULL */
	bool dry_run, check, cleanup, preflight, json;
};

static const struct option_def *option_by_flag(const char *name)
{
	char flag[OPTION_NAME_MAX];

	if (strcmp(name, "log-level") == 0)
		return option_find(ovnetd_options, "control.log-level");
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
		if (strcmp(option_flag(o, flag), name) == 0)
			return o;
	return NULL;
}

static const struct action_flag *action_by_flag(const char *name)
{
	for (const struct action_flag *a = action_flags; a->name != NULL; a++)
		if (strcmp(a->name, strcmp(name, "h") == 0 ? "help" : name) == 0)
			return a;
	return NULL;
}

static void unknown_flag(struct loader *l, const char *name)
{
	char flag[OPTION_NAME_MAX], best[OPTION_NAME_MAX] = "";
	unsigned best_distance = (unsigned)strlen(name) / 3 + 2;

	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++) {
		unsigned d = edit_distance(name, option_flag(o, flag));
		if (d < best_distance) {
			snprintf(best, sizeof(best), "%s", option_flag(o, flag));
			best_distance = d;
		}
	}
	for (const struct action_flag *a = action_flags; a->name != NULL; a++) {
		unsigned d = edit_distance(name, a->name);
		if (d < best_distance) {
			snprintf(best, sizeof(best), "%s", a->name);
			best_distance = d;
		}
	}
	if (best[0] != '\0')
		complain(l, flag_origin, "", "no flag --%s; did you mean --%s?", name, best);
	else
		complain(l, flag_origin, "", "no flag --%s; --help lists them all", name);
}

/* False: no flag at all. */
static bool cut(const char *arg, struct word *w)
{
	if (arg[0] != '-' || arg[1] == '\0')
		return false;
	arg += arg[1] == '-' ? 2 : 1;
	size_t len = strcspn(arg, "=");
	snprintf(w->name, sizeof(w->name), "%.*s", len > 255 ? 255 : (int)len, arg);
	w->value = arg[len] == '=' ? arg + len + 1 : NULL;
	return len > 0;
}

static void print_and_exit(struct loader *l, struct command_line *cl, const char *name)
{
	if (strcmp(name, "version") == 0)
		printf("ovnetd %s\n", OVNET_VERSION);
	else if (strcmp(name, "print-config") == 0)
		conf_print_file(stdout);
	else
		conf_print_help(stdout);
	if (fflush(stdout) != 0)
		complain(l, flag_origin, "", "--%s: standard output: %s", name, strerror(errno));
	cl->action = CONF_EXIT;
}

static void take_action(
	struct loader *l, struct command_line *cl, const struct action_flag *a, struct word *w)
{
	if (a->arg == NULL && w->value != NULL) {
		complain(l, flag_origin, "", "--%s takes no value; leave it out", a->name);
		return;
	}
	if (strcmp(a->name, "config") == 0)
		cl->file = w->value;
	else if (strcmp(a->name, "check-config") == 0)
		w->check = true;
	else if (strcmp(a->name, "cleanup") == 0)
		w->cleanup = true;
	else if (strcmp(a->name, "dry-run") == 0)
		w->dry_run = true;
	else if (strcmp(a->name, "preflight") == 0)
		w->preflight = true;
	else if (strcmp(a->name, "json") == 0)
		w->json = true;
	else
		print_and_exit(l, cl, a->name);
}

static void settle(struct loader *l, struct command_line *cl, const struct word *w)
{
	if (cl->action == CONF_EXIT)
		return;
	if (w->dry_run && !w->cleanup)
		complain(l, flag_origin, "", "--dry-run goes with --cleanup; add it");
	if (w->json && !w->preflight)
		complain(l, flag_origin, "", "--json goes with --preflight; add it");
	if (w->check + w->cleanup + w->preflight > 1)
		complain(l, flag_origin, "",
			"of --check-config, --cleanup and --preflight there may be one; give one");
	if (w->check)
		cl->action = CONF_CHECK;
	else if (w->preflight)
		cl->action = w->json ? CONF_PREFLIGHT_JSON : CONF_PREFLIGHT;
	else if (w->cleanup)
		cl->action = w->dry_run ? CONF_CLEANUP_DRY_RUN : CONF_CLEANUP;
}

/* What a flag's name stands for: one of these, or none. */
struct meaning {
	const struct option_def *option;
	const struct action_flag *action;
	const struct flannel_flag *flannel;
};

static bool wants_value(const struct meaning *m)
{
	if (m->option != NULL)
		return m->option->type != OPTION_SWITCH;
	return m->action != NULL ? m->action->arg != NULL : !m->flannel->is_switch;
}

static const char *value_name(const struct meaning *m, char *buf, size_t size)
{
	if (m->option != NULL)
		return option_arg(m->option, buf, size);
	return m->action != NULL ? m->action->arg : "VALUE";
}

/* What flanneld calls otherwise. */
static void give_ours(
	struct loader *l, struct command_line *cl, const struct flannel_flag *f, const char *value)
{
	const struct option_def *o = option_find(ovnetd_options, f->key);
	const char *ours = flannel_flag_value(f, value);
	char name[OPTION_NAME_MAX];

	snprintf(name, sizeof(name), "--%s", f->name);
	if (ours == NULL) {
		complain(l, flag_origin, name, "\"%.200s\" will not do; give true or false", value);
		return;
	}
	cl->uses[cl->n_uses++] = (struct flag_use){o, ours};
	l->by_flag[o - ovnetd_options] = true;
}

static void give(struct loader *l, struct command_line *cl, const struct meaning *m, struct word *w)
{
	const char *value = w->value != NULL ? w->value : "true"; /* of a switch */

	if (m->option != NULL) {
		cl->uses[cl->n_uses++] = (struct flag_use){m->option, value};
		l->by_flag[m->option - ovnetd_options] = true;
	} else if (m->action != NULL)
		take_action(l, cl, m->action, w);
	else if (m->flannel->key != NULL)
		give_ours(l, cl, m->flannel, value);
	else
		flannel_flag_take(l, flag_origin, m->flannel, value);
}

/* Returns how many words of argv it took. */
static int take(struct loader *l, struct command_line *cl, int left, char **argv, struct word *w)
{
	char arg[OPTION_NAME_MAX];
	int used = 1;

	if (!cut(argv[0], w)) {
		complain(l, flag_origin, "", "\"%.100s\" is no flag; --help lists them all",
			argv[0]);
		return used;
	}
	struct meaning m = {
		option_by_flag(w->name), action_by_flag(w->name), flannel_flag_find(w->name)};
	if (m.option == NULL && m.action == NULL && m.flannel == NULL) {
		unknown_flag(l, w->name);
		return used;
	}
	if (w->value == NULL && wants_value(&m)) {
		if (left < 2) {
			complain(l, flag_origin, "", "--%s without a value; give --%s=%s", w->name,
				w->name, value_name(&m, arg, sizeof(arg)));
			return used;
		}
		w->value = argv[used++];
	}
	give(l, cl, &m, w);
	return used;
}

void command_line_read(struct loader *l, struct command_line *cl, int argc, char **argv)
{
	struct word w = {0};

	*cl = (struct command_line){.action = CONF_RUN};
	cl->uses = calloc((size_t)argc + 1, sizeof(*cl->uses));
	if (cl->uses == NULL) {
		complain(l, flag_origin, "", "out of memory");
		return;
	}
	for (int i = 1; i < argc && cl->action != CONF_EXIT;)
		i += take(l, cl, argc - i, argv + i, &w);
	settle(l, cl, &w);
}

/* flanneld takes the flag more than once, for interfaces that go by one name here, another there.
 */
static const char *with_former(
	const struct loader *l, const struct flag_use *use, char *buf, size_t size)
{
	bool regex = strcmp(use->option->key, "node.iface-regex") == 0;
	const char *former = regex ? l->conf->node.iface_regex : l->conf->node.iface;
	const char *between = former[0] == '\0' ? "" : regex ? " " : ",";

	if ((!regex && strcmp(use->option->key, "node.iface") != 0) ||
		l->given[use->option - ovnetd_options].kind != FROM_FLAG)
		return use->value;
	snprintf(buf, size, "%s%s%s", former, between, use->value);
	return buf;
}

static void apply(struct loader *l, const struct flag_use *use)
{
	char why[768], name[OPTION_NAME_MAX + 2], flag[OPTION_NAME_MAX];
	char list[2 * OPTION_TEXT_MAX + 2];

	snprintf(name, sizeof(name), "--%s", option_flag(use->option, flag));
	if (option_set_text(use->option, l->conf, with_former(l, use, list, sizeof(list)), why,
		    sizeof(why)) < 0)
		complain(l, flag_origin, name, "%s", why);
	else
		l->given[use->option - ovnetd_options] = flag_origin;
}

/* Items by flags stand in the place of the file's. */
static void apply_item(struct loader *l, const struct flag_use *use)
{
	const struct item_kind *kind = item_kind_find(use->option->key);
	struct origin *given = &l->given[use->option - ovnetd_options];

	if (given->kind != FROM_FLAG)
		kind->clear(l->conf);
	*given = flag_origin;
	kind->from_flag(l, use->value);
}

void command_line_apply(struct loader *l, const struct command_line *cl)
{
	for (unsigned i = 0; i < cl->n_uses; i++)
		if (cl->uses[i].option->type == OPTION_ITEMS)
			apply_item(l, &cl->uses[i]);
		else
			apply(l, &cl->uses[i]);
}
