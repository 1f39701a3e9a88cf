/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/reader.h"

#define NUMBER_MAX 32

static bool same_option(const struct option_def *o, const void *a, const void *b)
{
	const char *x = (const char *)a + o->offset, *y = (const char *)b + o->offset;

	if (o->type == OPTION_PARSED || o->type == OPTION_ITEMS)
		return true;
	if (o->type == OPTION_TEXT)
		return strcmp(option_get_text(o, a, NULL, 0), option_get_text(o, b, NULL, 0)) == 0;
	/* As it is stored: what an uplink's driver follows from is no choice of the table's. */
	return memcmp(x, y, o->width) == 0;
}

static bool same_options(const struct option_def *table, const void *a, const void *b)
{
	for (const struct option_def *o = table; o->key != NULL; o++)
		if (!same_option(o, a, b))
			return false;
	return true;
}

static bool same_uplink(const struct conf_uplink *a, const struct conf_uplink *b)
{
	if (!same_options(uplink_options, a, b) || a->driver != b->driver ||
		!ovnet_prefix4_equal(&a->address_net, &b->address_net) ||
		!ovnet_addr_equal(&a->address, &b->address) ||
		!ovnet_addr_equal(&a->gateway, &b->gateway) || a->n_neighbours != b->n_neighbours)
		return false;
	for (unsigned i = 0; i < a->n_neighbours; i++)
		if (!ovnet_addr_equal(&a->neighbours[i].ip, &b->neighbours[i].ip) ||
			!ovnet_mac_equal(&a->neighbours[i].mac, &b->neighbours[i].mac))
			return false;
	return true;
}

static bool same_port(const struct conf_port *a, const struct conf_port *b)
{
	if (!same_options(port_options, a, b) || a->n_addresses != b->n_addresses ||
		a->has_mac != b->has_mac || !ovnet_mac_equal(&a->mac, &b->mac))
		return false;
	for (unsigned i = 0; i < a->n_addresses; i++)
		if (!ovnet_prefix_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}

static bool same_uplinks(const struct conf *a, const struct conf *b)
{
	bool same = a->n_uplinks == b->n_uplinks;

	for (unsigned i = 0; same && i < a->n_uplinks; i++)
		same = same_uplink(&a->uplinks[i], &b->uplinks[i]);
	return same;
}

static bool same_ports(const struct conf *a, const struct conf *b)
{
	bool same = a->n_ports == b->n_ports;

	for (unsigned i = 0; same && i < a->n_ports; i++)
		same = same_port(&a->ports[i], &b->ports[i]);
	return same;
}

static enum conf_effect effect_of(
	const struct option_def *o, const struct conf *was, const struct conf *now)
{
	if (o->type == OPTION_ITEMS && strcmp(o->key, "uplinks") == 0)
		return same_uplinks(was, now) ? CONF_SAME : CONF_RESTART;
	if (o->type == OPTION_ITEMS)
		return same_ports(was, now) ? CONF_SAME : CONF_RESTART;
	if (same_option(o, was, now))
		return CONF_SAME;
	return o->reload ? CONF_TAKEN : CONF_RESTART;
}

static void tell(const struct option_def *o, enum conf_effect effect, const struct conf *was,
	const struct conf *now, conf_change_fn each, void *arg)
{
	char text[2][NUMBER_MAX];
	bool shown = !o->secret && o->type != OPTION_ITEMS;

	each(arg, o->key, effect, shown ? option_get_text(o, was, text[0], NUMBER_MAX) : NULL,
		shown ? option_get_text(o, now, text[1], NUMBER_MAX) : NULL);
}

/* The new value's place is in `running`; the former goes with the struct it came from. */
static void swap(const struct option_def *o, struct conf *running, struct conf *read)
{
	char *a = (char *)running + o->offset, *b = (char *)read + o->offset, keep[16];

	memcpy(keep, a, o->width);
	memcpy(a, b, o->width);
	memcpy(b, keep, o->width);
}

/* Modules that a list does not name have the preset. */
static void set_levels(const char *levels)
{
	(void)ovnet_log_set_levels("info", NULL, 0);
	(void)ovnet_log_set_levels(levels, NULL, 0); /* both were good when they were read */
}

static int refused(const struct loader *l, char *err, size_t size)
{
	size_t len = strlen(err);

	if (l->errors > 1 && len < size)
		snprintf(err + len, size - len, " (and %u more: ovnetd --check-config)",
			l->errors - 1);
	return -EINVAL;
}

int conf_reload(struct conf *running, int argc, char **argv, conf_change_fn each, void *arg,
	char *err, size_t size)
{
	struct conf *read = calloc(1, sizeof(*read));
	struct loader *l = calloc(1, sizeof(*l));
	enum conf_action action;
	int rc = -ENOMEM;

	err[0] = '\0';
	if (read != NULL && l != NULL) {
		*l = (struct loader){.conf = read,
			.file = CONF_FILE_DEFAULT,
			.said = err,
			.said_size = (unsigned)size};
		rc = conf_read(l, argc, argv, &action);
	} else {
		snprintf(err, size, "out of memory");
	}
	for (const struct option_def *o = ovnetd_options; rc == 0 && o->key != NULL; o++) {
		enum conf_effect effect = effect_of(o, running, read);
		tell(o, effect, running, read, each, arg);
		if (effect == CONF_TAKEN)
			swap(o, running, read);
	}
	/* Reading sets them, to see whether they are good. */
	set_levels(running->control.log_level);
	if (rc == 0)
		conf_free(read);
	else if (l != NULL)
		rc = refused(l, err, size);
	free(l);
	free(read);
	return rc;
}
