/* SPDX-License-Identifier: BSD-3-Clause */
/* One setting of the file, as libconfig parsed it. Private to conf/. */
#ifndef OVNET_APP_CONF_SETTING_H
#define OVNET_APP_CONF_SETTING_H

#include <libconfig.h>

#include "conf/reader.h"

/* Where it stands in the file. */
struct origin setting_line(const config_setting_t *s);
/* "a number": for messages. */
const char *setting_type_name(const config_setting_t *s);
/* Stores one scalar; complains as `name`. */
bool setting_read(struct loader *l, config_setting_t *s, const struct option_def *o, void *base,
	const char *name);
/* Complains that `table` has no such key, and names the nearest. */
void setting_unknown(struct loader *l, const config_setting_t *s, const char *name,
	const struct option_def *table);

/* A list of groups; anything else is complained about. */
bool setting_is_list(struct loader *l, const config_setting_t *s, const char *name);

/* Members of a libconfig group through a table; ITEMS go to `items`. */
struct group_reader {
	const struct option_def *table;
	const char *path; /* for messages: "uplinks[0]" */
	void *base;
	void (*items)(struct loader *l, config_setting_t *list, void *base);
};
void setting_read_group(struct loader *l, config_setting_t *group, const struct group_reader *r);

#endif
