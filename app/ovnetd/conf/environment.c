/* SPDX-License-Identifier: BSD-3-Clause */
/* flanneld reads FLANNELD_ETCD_PREFIX where --etcd-prefix is not given; unit files rely on it. */
#include "conf/reader.h"

#include <stdlib.h>

static const struct origin environment = {FROM_ENVIRONMENT, 0};

/* NULL: not set, or empty. */
static const char *value_of(const char *flag, char name[OPTION_NAME_MAX])
{
	const char *value = getenv(environment_name(flag, name));

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static void store(struct loader *l, const struct option_def *o, const char *name, const char *value)
{
	char why[768];

	if (l->by_flag[o - ovnetd_options])
		return;
	if (option_set_text(o, l->conf, value, why, sizeof(why)) < 0)
		complain(l, environment, name, "%s", why);
	else
		l->given[o - ovnetd_options] = environment;
}

static void read_option(struct loader *l, const struct option_def *o)
{
	char name[OPTION_NAME_MAX], flag[OPTION_NAME_MAX];
	const char *value = value_of(option_flag(o, flag), name);

	if (value != NULL)
		store(l, o, name, value);
}

/* What flanneld calls otherwise. */
static void read_ours(
	struct loader *l, const struct flannel_flag *f, const char *name, const char *value)
{
	const char *ours = flannel_flag_value(f, value);

	if (ours != NULL)
		store(l, option_find(ovnetd_options, f->key), name, ours);
	else
		complain(l, environment, name, "\"%.200s\" will not do; give true or false", value);
}

void environment_read(struct loader *l)
{
	char name[OPTION_NAME_MAX];

	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
		if (o->type != OPTION_ITEMS)
			read_option(l, o);
	for (const struct flannel_flag *f = flannel_flags; f->name != NULL; f++) {
		const char *value = value_of(f->name, name);
		if (value != NULL && f->key != NULL)
			read_ours(l, f, name, value);
		else if (value != NULL)
			flannel_flag_take(l, environment, f, value);
	}
}
