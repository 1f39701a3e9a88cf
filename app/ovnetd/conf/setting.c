/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/setting.h"

struct origin setting_line(const config_setting_t *s)
{
	return (struct origin){FROM_FILE, config_setting_source_line(s)};
}

const char *setting_type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	default:
		return "a list";
	}
}

static const char *kind_of(const struct option_def *o)
{
	switch (o->type) {
	case OPTION_UINT:
		return "a number without quotes";
	case OPTION_SWITCH:
		return "true or false without quotes";
	default:
		return "a text in quotes";
	}
}

bool setting_read(struct loader *l, config_setting_t *s, const struct option_def *o, void *base,
	const char *name)
{
	int type = config_setting_type(s);
	bool number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	char why[768], form[256];

	if (number && o->type == OPTION_UINT) {
		if (option_set_number(o, base, config_setting_get_int64(s), why, sizeof(why)) == 0)
			return true;
	} else if (type == CONFIG_TYPE_BOOL && o->type == OPTION_SWITCH) {
		if (option_set_text(o, base, config_setting_get_bool(s) ? "true" : "false", why,
			    sizeof(why)) == 0)
			return true;
	} else if (type == CONFIG_TYPE_STRING && o->type != OPTION_UINT &&
		   o->type != OPTION_SWITCH) {
		if (option_set_text(o, base, config_setting_get_string(s), why, sizeof(why)) == 0)
			return true;
	} else {
		snprintf(why, sizeof(why), "%s stands where %s belongs; give %s",
			setting_type_name(s), kind_of(o), option_form(o, form, sizeof(form)));
	}
	complain(l, setting_line(s), name, "%s", why);
	return false;
}

void setting_unknown(struct loader *l, const config_setting_t *s, const char *name,
	const struct option_def *table)
{
	const char *near = nearest_key(table, name);

	if (near != NULL)
		complain(l, setting_line(s), name, "no such key; did you mean %s?", near);
	else
		complain(l, setting_line(s), name, "no such key; ovnet.conf(5) lists them all");
}

bool setting_is_list(struct loader *l, const config_setting_t *s, const char *name)
{
	if (config_setting_type(s) == CONFIG_TYPE_LIST)
		return true;
	/* "[ ]" is an array, which cannot hold groups; empty, it means the same. */
	if (config_setting_type(s) == CONFIG_TYPE_ARRAY && config_setting_length(s) == 0)
		return true;
	complain(l, setting_line(s), name, "not a list; give %s = ( { ... }, { ... } );", name);
	return false;
}

void setting_read_group(struct loader *l, config_setting_t *group, const struct group_reader *r)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct option_def *o = option_find(r->table, config_setting_name(s));
		char name[OPTION_NAME_MAX * 2];

		snprintf(name, sizeof(name), "%s.%s", r->path, config_setting_name(s));
		if (o == NULL)
			setting_unknown(l, s, config_setting_name(s), r->table);
		else if (o->type == OPTION_ITEMS)
			r->items(l, s, r->base);
		else
			setting_read(l, s, o, r->base, name);
	}
}
