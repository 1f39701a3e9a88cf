/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/items.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool given(const struct ovnet_addr *a)
{
	return a->family != 0;
}

static bool on_link(const struct conf_uplink *up, const struct ovnet_addr *a)
{
	return ovnet_prefix4_contains(&up->address_net, ntohl(a->v4_be)) &&
	       !ovnet_addr_equal(a, &up->address);
}

static bool is_name(const char *twin)
{
	return strcmp(twin, "auto") != 0 && strcmp(twin, "off") != 0;
}

bool conf_twin(const struct conf *conf, const struct conf_uplink *c, char *name)
{
	if (c->devargs[0] == '\0' || strcmp(c->twin, "off") == 0 || given(&c->address))
		return false;
	if (is_name(c->twin))
		snprintf(name, IFNAMSIZ, "%s", c->twin);
	else
		snprintf(name, IFNAMSIZ, "ovnet-uplink%u", (unsigned)(c - conf->uplinks) % 10);
	return true;
}

static void check_neighbours(
	struct loader *l, struct origin at, const char *name, const struct conf_uplink *up)
{
	char text[OVNET_ADDR_STRLEN];

	for (unsigned i = 0; i < up->n_neighbours; i++) {
		const struct ovnet_addr *ip = &up->neighbours[i].ip;

		ovnet_addr_text(ip, text, sizeof(text));
		if (!on_link(up, ip))
			complain(l, at, name,
				"neighbour %s is not another address of the uplink's network; give "
				"the gateway's MAC for what lies behind it",
				text);
		for (unsigned j = 0; j < i; j++)
			if (ovnet_addr_equal(ip, &up->neighbours[j].ip))
				complain(l, at, name, "neighbour %s is there twice; remove one",
					text);
	}
}

static void check_kernel(
	struct loader *l, struct origin at, const char *name, const struct conf_uplink *up)
{
	if (given(&up->address) || given(&up->gateway) || up->n_neighbours > 0)
		complain(l, at, name,
			"address, gateway and neighbours go with pci or devargs; remove them, the "
			"kernel has them for %s",
			up->iface);
	if (strcmp(up->twin, "auto") != 0 || up->mtu != 0)
		complain(l, at, name,
			"twin and mtu go with pci or devargs; remove them, %s is the kernel's own",
			up->iface);
	if (up->vlan != 0)
		complain(l, at, name,
			"vlan goes with pci or devargs; remove it, and name the kernel's interface "
			"of "
			"that VLAN, as in iface = \"%.9s.%u\"",
			up->iface, up->vlan);
}

/* Who says an address needs no twin; who has one asks the kernel. */
static void check_no_address(
	struct loader *l, struct origin at, const char *name, const struct conf_uplink *up)
{
	if (strcmp(up->twin, "off") == 0)
		complain(l, at, name,
			"neither a twin nor address; leave twin out, or give our "
			"address there, as in address = \"192.0.2.1/24\"");
	else if (given(&up->gateway) || up->n_neighbours > 0)
		complain(l, at, name,
			"gateway and neighbours without address; remove them, the kernel has them "
			"by the uplink's twin, or give our address there, as in address = "
			"\"192.0.2.1/24\"");
}

static void check_dpdk(struct loader *l, struct origin at, const char *name, struct conf_uplink *up)
{
	if (up->driver != CONF_DRIVER_AUTO)
		complain(l, at, name,
			"driver goes with iface; remove it, this uplink is a DPDK device");
	up->driver = CONF_DRIVER_DPDK;
	if (!given(&up->address)) {
		check_no_address(l, at, name, up);
		return;
	}
	if (is_name(up->twin))
		complain(l, at, name,
			"address and twin %s together; remove address, gateway and neighbours, the "
			"kernel has them by the twin",
			up->twin);
	if (given(&up->gateway) && !on_link(up, &up->gateway))
		complain(l, at, name,
			"the gateway is not another address of the uplink's network; give one that "
			"is");
	check_neighbours(l, at, name, up);
}

/* What it is: the one of these that is given. NULL: complained. */
static const char *check_kind(
	struct loader *l, struct origin at, const char *name, const struct conf_uplink *up)
{
	const char *const text[] = {up->iface, up->pci, up->devargs};
	static const char *const key[] = {"iface", "pci", "devargs"};
	const char *kind = NULL;

	for (unsigned i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		if (text[i][0] == '\0')
			continue;
		if (kind != NULL) {
			complain(l, at, name,
				"%s and %s together; give one of iface, pci and devargs", kind,
				key[i]);
			return NULL;
		}
		kind = key[i];
	}
	if (kind == NULL)
		complain(l, at, name, "none of iface, pci and devargs; give one of them");
	return kind;
}

static void take_pci(struct loader *l, struct origin at, const char *name, struct conf_uplink *up)
{
	char *devargs = strdup(up->pci);

	if (devargs == NULL) {
		complain(l, at, name, "out of memory");
		return;
	}
	free(up->devargs);
	up->devargs = devargs;
}

static void check_uplink(struct loader *l, struct origin at, const char *name, void *item)
{
	struct conf_uplink *up = item;
	const char *kind = check_kind(l, at, name, up);
	bool iface = kind != NULL && strcmp(kind, "iface") == 0;

	if (kind == NULL)
		return;
	if (strcmp(kind, "pci") == 0)
		take_pci(l, at, name, up);
	if (iface)
		check_kernel(l, at, name, up);
	else
		check_dpdk(l, at, name, up);
	for (unsigned i = 0; iface && i + 1 < l->conf->n_uplinks; i++)
		if (strcmp(l->conf->uplinks[i].iface, up->iface) == 0)
			complain(l, at, name, "%s is another uplink already; remove one of them",
				up->iface);
}

/* The next free entry, counted in, with its presets. NULL: complained. */
static void *add_uplink(struct loader *l, struct origin at, const char *name)
{
	if (l->conf->n_uplinks == CONF_MAX_UPLINKS) {
		complain(l, at, name, "more than %d uplinks; remove some", CONF_MAX_UPLINKS);
		return NULL;
	}
	struct conf_uplink *up = &l->conf->uplinks[l->conf->n_uplinks];
	if (option_set_presets(uplink_options, up) < 0) {
		complain(l, at, name, "out of memory");
		option_free_all(uplink_options, up);
		return NULL;
	}
	l->uplink_at[l->conf->n_uplinks++] = at;
	return up;
}

static void read_neighbour(struct loader *l, config_setting_t *s, struct conf_uplink *up)
{
	struct conf_neighbour n = {0};
	unsigned errors = l->errors;

	if (up->n_neighbours == CONF_MAX_NEIGHBOURS) {
		complain(l, setting_line(s), "neighbours", "more than %d; remove some",
			CONF_MAX_NEIGHBOURS);
		return;
	}
	if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
		complain(l, setting_line(s), "neighbours",
			"not a group; give { ip = \"192.0.2.2\"; mac = \"02:00:00:00:00:02\"; }");
		return;
	}
	struct group_reader r = {.table = neighbour_options, .path = "neighbours", .base = &n};
	setting_read_group(l, s, &r);
	if (errors == l->errors && (!given(&n.ip) || !ovnet_mac_is_unicast(&n.mac)))
		complain(l, setting_line(s), "neighbours", "ip or mac is missing; give both");
	else if (errors == l->errors)
		up->neighbours[up->n_neighbours++] = n;
}

static void read_neighbours(struct loader *l, config_setting_t *list, void *base)
{
	if (!setting_is_list(l, list, "neighbours"))
		return;
	for (int i = 0; i < config_setting_length(list); i++)
		read_neighbour(l, config_setting_get_elem(list, (unsigned)i), base);
}

static void flag_member(struct loader *l, struct conf_uplink *up, char *part)
{
	static const struct origin flag = {FROM_FLAG, 0};
	char why[768];
	char *eq = strchr(part, '=');

	if (eq != NULL)
		*eq = '\0';
	const struct option_def *o = option_find(uplink_options, part);
	if (eq == NULL || o == NULL || o->type == OPTION_ITEMS || o->type == OPTION_PARSED ||
		strcmp(part, "pci") == 0 || strcmp(part, "devargs") == 0 ||
		strcmp(part, "workers") == 0) {
		complain(l, flag, "--uplink",
			"\"%.100s\" does not belong there; give "
			"iface=NAME[,driver=DRIVER][,queues=N], "
			"anything else in the file",
			part);
		return;
	}
	if (option_set_text(o, up, eq + 1, why, sizeof(why)) < 0) {
		char name[OPTION_NAME_MAX];
		snprintf(name, sizeof(name), "--uplink %s", part);
		complain(l, flag, name, "%s", why);
	}
}

static void uplink_from_flag(struct loader *l, const char *text)
{
	static const struct origin flag = {FROM_FLAG, 0};
	unsigned errors = l->errors;
	char *save = NULL, *copy = strdup(text);
	struct conf_uplink *up = add_uplink(l, flag, "--uplink");

	if (copy == NULL)
		complain(l, flag, "--uplink", "out of memory");
	for (char *part = up && copy ? strtok_r(copy, ",", &save) : NULL; part != NULL;
		part = strtok_r(NULL, ",", &save))
		flag_member(l, up, part);
	if (up != NULL && errors == l->errors)
		check_uplink(l, flag, "--uplink", up);
	free(copy);
}

/* Two of its name would be one device. */
static void check_twin_name(struct loader *l, unsigned i, const char *name)
{
	const struct conf *c = l->conf;
	char ours[IFNAMSIZ], other[IFNAMSIZ];

	if (!conf_twin(c, &c->uplinks[i], ours))
		return;
	if (strcmp(ours, c->host.device) == 0)
		complain(l, l->uplink_at[i], name,
			"its twin %s is the host device; give another twin", ours);
	for (unsigned k = 0; k < c->n_uplinks; k++) {
		bool twins =
			k < i && conf_twin(c, &c->uplinks[k], other) && strcmp(ours, other) == 0;
		if (twins || strcmp(ours, c->uplinks[k].iface) == 0)
			complain(l, l->uplink_at[i], name,
				"its twin %s is another uplink's; give another twin", ours);
	}
}

void uplinks_check(struct loader *l)
{
	char why[160], name[32];

	for (unsigned i = 0; i < l->conf->n_uplinks; i++) {
		snprintf(name, sizeof(name), "uplinks[%u]", i);
		check_twin_name(l, i, name);
		if (conf_workers_there(l->conf, l->conf->uplinks[i].workers, why, sizeof(why)) == 0)
			continue;
		complain(l, l->uplink_at[i], name, "%s", why);
	}
}

static void clear_uplinks(struct conf *conf)
{
	for (unsigned i = 0; i < conf->n_uplinks; i++) {
		option_free_all(uplink_options, &conf->uplinks[i]);
		conf->uplinks[i] = (struct conf_uplink){0};
	}
	conf->n_uplinks = 0;
}

const struct item_kind uplink_items = {
	.key = "uplinks",
	.form = "{ iface = \"eth0\"; }",
	.table = uplink_options,
	.add = add_uplink,
	.lists = read_neighbours,
	.check = check_uplink,
	.from_flag = uplink_from_flag,
	.clear = clear_uplinks,
};
