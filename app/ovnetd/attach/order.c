/* SPDX-License-Identifier: BSD-3-Clause */
/* Attach ports that come, change and go while the daemon runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/item.h"
#include "base/log.h"
#include "conf/port_request.h"

OVNET_LOG_TYPE(attach)

static int no_memory(const char *name, char *err, size_t size)
{
	snprintf(err, size, "port %s: out of memory, nothing has changed; try again", name);
	return -ENOMEM;
}

/* Where our subnet is known. */
static bool addresses_are_ours(
	const struct attach *a, const struct conf_port *c, char *err, size_t size)
{
	char addrs[OVNET_PREFIX_STRLEN], own[OVNET_PREFIX_STRLEN], own6[OVNET_PREFIX_STRLEN];
	const struct node *n = a->node;

	for (unsigned i = 0; i < c->n_addresses && node_has_lease(n); i++) {
		if (address_is_ours(n, &c->addresses[i]))
			continue;
		snprintf(err, size,
			"port %s: address %s is not in this node's subnet %s%s%s; give one that "
			"is",
			c->name, ovnet_prefix_text(&c->addresses[i], addrs, sizeof(addrs)),
			ovnet_prefix4_text(&n->own.subnet, own, sizeof(own)),
			n->own.has_v6 ? " or " : "",
			n->own.has_v6 ? ovnet_prefix6_text(&n->own.subnet6, own6, sizeof(own6))
				      : "");
		return false;
	}
	return true;
}

/* `but`: the item it takes the place of; NULL: none. What is kept may be of another subnet. */
static int check(const struct attach *a, const struct attached *but, const struct conf_port *c,
	char *err, size_t size)
{
	unsigned n;
	const struct conf_port **confs = item_confs(a, but, c, &n);

	if (confs == NULL)
		return no_memory(c->name, err, size);
	bool good = conf_port_is_unique(a->node->conf, confs, n, err, size) &&
		    memory_fits(a->engine, confs, n, err, size) &&
		    (a->loading || addresses_are_ours(a, c, err, size));
	free(confs);
	return good ? 0 : -EINVAL;
}

static struct attached *append(
	struct attach *a, const json_t *members, enum attach_source source, char *err, size_t size)
{
	struct conf_port conf;

	if (a->n >= CONF_MAX_PORTS) {
		snprintf(err, size, "there are %u ports already; remove one", a->n);
		return NULL;
	}
	if (conf_port_read(&conf, members, err, size) < 0)
		return NULL;
	if (check(a, NULL, &conf, err, size) < 0) {
		conf_port_free(&conf);
		return NULL;
	}
	json_t *copy = json_deep_copy(members);
	struct attached *it = copy != NULL ? item_add(a, &conf, source) : NULL;
	if (it == NULL) {
		json_decref(copy);
		if (copy == NULL)
			conf_port_free(&conf);
		(void)no_memory("", err, size);
		return NULL;
	}
	it->members = copy;
	return it;
}

static void remove_again(struct attach *a, struct attached *it)
{
	if (it->port == NULL) {
		item_take(a, it);
		item_free(it);
	} else if (close_item(a, it, true) < 0) {
		LOG(ERR, "no memory to close port %s, which was refused: it stays; remove it",
			it->conf.name);
		finish_opening(a, true);
	}
}

/*
 * What is ordered is there after a restart, or it is not done: this comes first. `but`: what is to
 * go; NULL: nothing.
 */
static bool save(const struct attach *a, const struct attached *but, enum attach_source source,
	char *err, size_t size)
{
	if (source != ATTACH_STATE || a->loading)
		return true;
	int rc = attach_save(a, but);
	if (rc < 0)
		snprintf(err, size,
			"%s/" ATTACH_STATE_FILE " cannot be written: %s (the log says more)",
			a->node->conf->node.state_dir, strerror(-rc));
	return rc == 0;
}

/* It was saved, but could not be done. */
static void save_again(const struct attach *a, enum attach_source source)
{
	if (source == ATTACH_STATE)
		(void)attach_save(a, NULL); /* logged */
}

struct attached *attach_add(struct attach *a, const json_t *members, enum attach_source source,
	bool keep, char *err, size_t size)
{
	struct attached *it = append(a, members, source, err, size);

	if (it == NULL)
		return NULL;
	bool now = node_has(a->node, NODE_READY), opened = now && open_item(a, it);
	if (now && !opened && !it->behind && !keep) {
		snprintf(err, size, "%s", it->why);
		remove_again(a, it);
		return NULL;
	}
	if (!save(a, NULL, source, err, size)) {
		remove_again(a, it);
		return NULL;
	}
	finish_opening(a, opened);
	return it;
}

/* The members of the port with those of `changes` in their place. */
static json_t *merge(const json_t *members, const json_t *changes)
{
	json_t *all = json_deep_copy(members), *value;
	const char *key, *text;

	json_object_foreach ((json_t *)changes, key, value) {
		text = json_string_value(value);
		if (json_is_null(value) || (text != NULL && text[0] == '\0'))
			json_object_del(all, key);
		else if (json_object_set(all, key, value) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/* A TAP's MAC is made from its first address where none is given; its guest keeps it. */
static void keep_mac(
	const struct attached *it, const json_t *changes, json_t *members, struct conf_port *c)
{
	char text[OVNET_MAC_STRLEN];

	if (c->driver != CONF_PORT_TAP || !it->conf.has_mac ||
		json_object_get(members, "mac") != NULL || json_object_get(changes, "mac") != NULL)
		return;
	c->mac = it->conf.mac;
	c->has_mac = true;
	json_object_set_new(
		members, "mac", json_string(ovnet_mac_text(&c->mac, text, sizeof(text))));
}

/* What is entered into the FIB alone. Of a TAP its interface has the MAC as well. */
static bool goes_live(const struct conf_port *was, const struct conf_port *c)
{
	static const char *const entered[] = {"addresses", "mac", NULL};

	return !conf_port_differs(was, c,
		c->driver == CONF_PORT_TAP ? (const char *const[]){"addresses", NULL} : entered);
}

/* The item is as `c` says from now on; *c is what it was. */
static void exchange(struct attached *it, struct conf_port *c)
{
	struct conf_port was = it->conf;

	it->conf = *c;
	*c = was;
}

/* 0, and *c is what is to be freed; or -ENOMEM, and nothing has changed. */
static int apply(struct attach *a, struct attached *it, struct conf_port *c)
{
	bool live = goes_live(&it->conf, c);
	int rc = 0;

	if (it->port != NULL)
		rc = live ? leave_item(a, it, c) : close_item(a, it, false);
	if (rc < 0)
		return rc;
	exchange(it, c);
	it->pause = it->left = 0;
	it->told = false;
	if (it->port != NULL)
		enter_item(a, it);
	finish_opening(a, it->port == NULL && node_has(a->node, NODE_READY) && open_item(a, it));
	warn_outside(a);
	tell_changed(a);
	return 0;
}

static int save_and_apply(struct attach *a, struct attached *it, json_t *members,
	struct conf_port *c, char *err, size_t size)
{
	json_t *was = it->members;

	it->members = members;
	bool saved = save(a, NULL, it->source, err, size);
	int rc = saved ? apply(a, it, c) : -EIO;
	if (rc == 0) {
		json_incref(members);
		json_decref(was);
		return 0;
	}
	it->members = was;
	if (saved) {
		save_again(a, it->source);
		(void)no_memory(it->conf.name, err, size);
	}
	return rc;
}

static int set(struct attach *a, struct attached *it, const json_t *changes, json_t *members,
	char *err, size_t size)
{
	struct conf_port c;
	int rc = conf_port_read(&c, members, err, size);

	if (rc < 0)
		return rc;
	keep_mac(it, changes, members, &c);
	rc = check(a, it, &c, err, size);
	if (rc == 0)
		rc = save_and_apply(a, it, members, &c, err, size);
	conf_port_free(&c);
	return rc;
}

int attach_set(struct attach *a, const char *name, const json_t *members, char *err, size_t size)
{
	struct attached *it = attach_find(a, name);
	const char *other = json_string_value(json_object_get(members, "name"));

	if (it == NULL) {
		snprintf(err, size, "there is no port %s; `ovnetctl port show` lists them", name);
		return -ENOENT;
	}
	if (!attach_may(it, it->source == ATTACH_CONF ? ATTACH_STATE : it->source, err, size))
		return -EPERM;
	if (other != NULL && strcmp(other, name) != 0) {
		snprintf(err, size, "port %s: a port keeps its name; add another one", name);
		return -EINVAL;
	}
	json_t *all = merge(it->members, members);
	int rc = all != NULL ? set(a, it, members, all, err, size) : no_memory(name, err, size);
	json_decref(all);
	return rc;
}

bool attach_may(const struct attached *it, enum attach_source source, char *err, size_t size)
{
	const char *name = it->conf.name;

	if (it->source == source)
		return true;
	if (it->source == ATTACH_CONF)
		snprintf(err, size,
			"port %s is of the configuration; change it there (ovnet.conf, or the flag "
			"--port), and restart ovnetd",
			name);
	else if (it->source == ATTACH_VM)
		snprintf(err, size, "port %s is a VM's; see `ovnetctl vm show %s`", name, name);
	else
		snprintf(err, size, "port %s is one of `ovnetctl port add`", name);
	return false;
}

static int del(struct attach *a, struct attached *it, char *err, size_t size)
{
	if (!save(a, it, it->source, err, size))
		return -EIO;
	if (it->port != NULL) {
		if (close_item(a, it, true) < 0) {
			save_again(a, it->source);
			return no_memory(it->conf.name, err, size);
		}
	} else {
		item_take(a, it);
		item_free(it);
	}
	finish_opening(a, false);
	warn_outside(a);
	tell_changed(a);
	return 0;
}

/* One of ports.json that is no port, as it did not do. -1: there is none of this name. */
static ssize_t find_left_out(const struct attach *a, const char *name)
{
	size_t i;
	json_t *members;

	json_array_foreach (a->left_out, i, members) {
		const char *its = json_string_value(json_object_get(members, "name"));
		if (its != NULL && strcmp(its, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}

static int forget_left_out(struct attach *a, size_t i, char *err, size_t size)
{
	json_t *members = json_incref(json_array_get(a->left_out, i));

	if (json_array_remove(a->left_out, i) == 0 && !save(a, NULL, ATTACH_STATE, err, size)) {
		if (json_array_insert(a->left_out, i, members) < 0)
			LOG(ERR, "no memory to keep what of " ATTACH_STATE_FILE " is left out");
		json_decref(members);
		return -EIO;
	}
	json_decref(members);
	warn_left_out(a);
	return 0;
}

int attach_del(
	struct attach *a, const char *name, enum attach_source source, char *err, size_t size)
{
	struct attached *it = attach_find(a, name);
	bool theirs = it != NULL && it->source == source;
	/* Another source's may have the name: that is why this one did not do. */
	ssize_t left_out = theirs || source != ATTACH_STATE ? -1 : find_left_out(a, name);

	if (left_out >= 0)
		return forget_left_out(a, (size_t)left_out, err, size);
	if (it == NULL) {
		snprintf(err, size, "there is no port %s; `ovnetctl port show` lists them", name);
		return -ENOENT;
	}
	return attach_may(it, source, err, size) ? del(a, it, err, size) : -EPERM;
}
