/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of groups in the file, and the flags that stand for one group. Private to conf/. */
#ifndef OVNET_APP_CONF_ITEMS_H
#define OVNET_APP_CONF_ITEMS_H

#include "conf/setting.h"

struct item_kind {
	const char *key;  /* "uplinks" */
	const char *form; /* what one may look like in the file */
	const struct option_def *table;
	/* One more, counted in, with its presets. NULL: complained. */
	void *(*add)(struct loader *l, struct origin at, const char *name);
	/* Lists among its members; NULL: there are none. */
	void (*lists)(struct loader *l, config_setting_t *list, void *item);
	/* Its members were read without complaint: do they go together? */
	void (*check)(struct loader *l, struct origin at, const char *name, void *item);
	/* One more, "iface=eth0,driver=af_packet,queues=2". */
	void (*from_flag)(struct loader *l, const char *text);
	void (*clear)(struct conf *conf); /* all of them */
};

extern const struct item_kind uplink_items, port_items;

/* NULL: no list has that key. */
const struct item_kind *item_kind_find(const char *key);
void items_from_file(struct loader *l, config_setting_t *list, const struct item_kind *kind);

#endif
