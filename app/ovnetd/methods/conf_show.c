/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/conf_show.h"

#include "conf/options.h"
#include "daemon.h"

#define NUMBER_MAX 32

/* Scalars by key; secrets say whether there is one. What is parsed (addresses) ports show. */
static json_t *table_json(const struct option_def *table, const void *base)
{
	json_t *o = json_object();
	char number[NUMBER_MAX];

	for (const struct option_def *d = table; d->key != NULL; d++) {
		if (d->type == OPTION_PARSED || d->type == OPTION_ITEMS)
			continue;
		/* Of an uplink that follows from what it is, beyond the table's choices. */
		const char *text = option_get_text(d, base, number, sizeof(number));
		if (text == NULL)
			text = "dpdk";
		if (d->secret && text[0] != '\0')
			text = "(not shown)";
		json_object_set_new(o, d->key, json_string(text));
	}
	return o;
}

json_t *conf_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	const struct conf *conf = &((const struct daemon *)arg)->conf;
	json_t *o = table_json(ovnetd_options, conf), *uplinks = json_array(),
	       *ports = json_array();

	(void)params, (void)err, (void)err_size;
	for (unsigned i = 0; i < conf->n_uplinks; i++)
		json_array_append_new(uplinks, table_json(uplink_options, &conf->uplinks[i]));
	for (unsigned i = 0; i < conf->n_ports; i++)
		json_array_append_new(ports, table_json(port_options, &conf->ports[i]));
	json_object_set_new(o, "uplinks", uplinks);
	json_object_set_new(o, "ports", ports);
	return o;
}
