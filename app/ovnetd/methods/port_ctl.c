/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/port_ctl.h"

#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "daemon.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *addresses_json(const struct conf_port *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->n_addresses; i++)
		json_array_append_new(list, prefix_json(&c->addresses[i]));
	return list;
}

/* A member as the configuration has it; null: its preset, where that is nothing. */
static json_t *member_json(const struct option_def *o, const struct conf_port *c)
{
	char text[OPTION_TEXT_MAX];

	if (strcmp(o->key, "addresses") == 0)
		return addresses_json(c);
	if (strcmp(o->key, "mac") == 0)
		return c->has_mac ? mac_json(&c->mac) : json_null();
	if (o->type == OPTION_PARSED)
		return json_null();
	const char *value = option_get_text(o, c, text, sizeof(text));
	if (o->type == OPTION_SWITCH)
		return json_boolean(strcmp(value, "true") == 0);
	if (value[0] == '\0' || (o->type == OPTION_UINT && strcmp(value, "0") == 0))
		return json_null();
	return o->type == OPTION_UINT ? json_integer(strtol(value, NULL, 10)) : json_string(value);
}

static const char *state_of(const struct attach *a, const struct attached *it)
{
	if (it->port != NULL)
		return ports_is_lost(a->ports, it->port) ? "device gone" : "open";
	if (it->behind)
		return "opening";
	return node_has(a->node, NODE_READY) ? "not open" : "no lease";
}

static json_t *conf_json(const struct conf_port *c, enum attach_source source, const char *state)
{
	static const char *const from[] = {
		[ATTACH_CONF] = "configuration", [ATTACH_STATE] = "run time", [ATTACH_VM] = "vm"};
	json_t *o =
		json_pack("{s:s,s:s,s:s}", "name", c->name, "from", from[source], "state", state);

	for (const struct option_def *m = port_options; m->key != NULL; m++)
		if (strcmp(m->key, "name") != 0)
			json_object_set_new(o, m->key, member_json(m, c));
	return o;
}

/* `whole`: with all that is counted, which of a thousand ports would take its time. */
static json_t *item_json(struct daemon *d, const struct attached *it, bool whole)
{
	const struct attach *a = &d->attach;
	json_t *o = conf_json(&it->conf, it->source, state_of(a, it));
	bool why = it->port == NULL && it->why[0] != '\0';

	json_object_set_new(o, "reason", why ? json_string(it->why) : json_null());
	if (whole)
		json_object_set_new(
			o, "port", it->port != NULL ? status_port_json(d, it->port) : json_null());
	return o;
}

/* NULL and a sentence: it is not said which. */
static const char *name_of(const json_t *params, char *err, size_t err_size)
{
	const char *name = json_string_value(json_object_get(params, "name"));

	if (name == NULL || name[0] == '\0')
		snprintf(err, err_size, "which port? give its name");
	return name != NULL && name[0] != '\0' ? name : NULL;
}

json_t *port_ctl_add(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const json_t *keep = json_object_get(params, "keep");

	if (!methods_running(d, err, err_size) || name_of(params, err, err_size) == NULL)
		return NULL;
	if (keep != NULL && !json_is_boolean(keep)) {
		snprintf(err, err_size, "keep: is neither true nor false");
		return NULL;
	}
	json_t *members = json_copy((json_t *)params);
	json_object_del(members, "keep");
	const struct attached *it = NULL;
	if (!guests_object(&d->guests, members, err, err_size))
		it = attach_add(
			&d->attach, members, ATTACH_STATE, json_is_true(keep), err, err_size);
	json_decref(members);
	return it != NULL ? item_json(d, it, true) : NULL;
}

json_t *port_ctl_set(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	if (!methods_running(d, err, err_size))
		return NULL;
	const char *name = name_of(params, err, err_size);
	const struct attached *it = name != NULL ? attach_find(&d->attach, name) : NULL;
	if (name == NULL || (it != NULL && !attach_may(it, ATTACH_STATE, err, err_size)) ||
		guests_object(&d->guests, params, err, err_size) ||
		attach_set(&d->attach, name, params, err, err_size) < 0)
		return NULL;
	return item_json(d, attach_find(&d->attach, name), true);
}

json_t *port_ctl_del(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	if (!methods_running(d, err, err_size))
		return NULL;
	const char *name = name_of(params, err, err_size);
	const struct attached *it = name != NULL ? attach_find(&d->attach, name) : NULL;
	/* Another source's stays: it is one left out of ports.json that goes. */
	bool ours = it != NULL && it->source == ATTACH_STATE;
	json_t *was = ours ? item_json(d, it, true) : json_pack("{s:s}", "name", name);
	if (name != NULL && attach_del(&d->attach, name, ATTACH_STATE, err, err_size) == 0)
		return was;
	json_decref(was);
	return NULL;
}

/* What ended but for its last moment, and what of ports.json did not do. */
static void add_rest(struct daemon *d, json_t *list)
{
	const struct attach *a = &d->attach;
	json_t *members;
	size_t i;

	for (const struct attached *c = a->closing; c != NULL; c = c->next)
		if (attach_find(a, c->conf.name) == NULL)
			json_array_append_new(list, conf_json(&c->conf, c->source, "closing"));
	json_array_foreach (a->left_out, i, members)
		json_array_append_new(list,
			json_pack("{s:O?,s:s,s:s,s:s}", "name", json_object_get(members, "name"),
				"from", "run time", "state", "left out", "reason",
				"as ports.json has it, it will not do; see the log"));
}

static json_t *one_of(json_t *list, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		const char *its = json_string_value(json_object_get(o, "name"));
		if (its != NULL && strcmp(its, name) == 0)
			return json_incref(o);
	}
	return NULL;
}

json_t *port_ctl_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const char *name = json_string_value(json_object_get(params, "name"));
	const struct attached *it = name != NULL ? attach_find(&d->attach, name) : NULL;

	if (!methods_running(d, err, err_size))
		return NULL;
	if (it != NULL)
		return item_json(d, it, true);
	json_t *list = json_array();
	for (unsigned i = 0; name == NULL && i < d->attach.n; i++)
		json_array_append_new(list, item_json(d, d->attach.items[i], false));
	add_rest(d, list);
	if (name == NULL)
		return list;
	json_t *o = one_of(list, name);
	if (o == NULL)
		snprintf(err, err_size, "there is no port %s; `ovnetctl port show` lists them",
			name);
	json_decref(list);
	return o;
}
