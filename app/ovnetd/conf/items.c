/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/items.h"

#include <string.h>

const struct item_kind *item_kind_find(const char *key)
{
	static const struct item_kind *const kinds[] = {&uplink_items, &port_items};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

static void read_item(
	struct loader *l, config_setting_t *s, const struct item_kind *kind, const char *name)
{
	unsigned errors = l->errors;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
		complain(l, setting_line(s), name, "not a group; give %s", kind->form);
		return;
	}
	void *item = kind->add(l, setting_line(s), name);
	if (item == NULL)
		return;
	struct group_reader r = {
		.table = kind->table, .path = name, .base = item, .items = kind->lists};
	setting_read_group(l, s, &r);
	if (errors == l->errors)
		kind->check(l, setting_line(s), name, item);
}

void items_from_file(struct loader *l, config_setting_t *list, const struct item_kind *kind)
{
	char name[32];

	if (!setting_is_list(l, list, kind->key))
		return;
	for (int i = 0; i < config_setting_length(list); i++) {
		snprintf(name, sizeof(name), "%s[%d]", kind->key, i);
		read_item(l, config_setting_get_elem(list, (unsigned)i), kind, name);
	}
}
