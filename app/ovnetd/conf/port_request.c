/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/port_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/items.h"
#include "conf/port_unique.h"

static const struct origin asked = {FROM_FLAG, 0};

/* One value as the file would have it. False: it is none. */
static bool scalar_text(const json_t *value, char *text, size_t size)
{
	int n = -1;

	if (json_is_string(value))
		n = snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		n = snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		n = snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
	return n >= 0 && (size_t)n < size && strlen(text) == (size_t)n;
}

/* A list as the file writes it, with commas. */
static bool value_text(const json_t *value, char *text, size_t size)
{
	size_t len = 0;

	if (!json_is_array(value))
		return scalar_text(value, text, size);
	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i > 0 && len + 1 < size)
			text[len++] = ',';
		if (!scalar_text(json_array_get(value, i), text + len, size - len))
			return false;
		len += strlen(text + len);
	}
	return true;
}

static void read_member(struct loader *l, const char *port, struct conf_port *p, const char *key,
	const json_t *value)
{
	const struct option_def *o = option_find(port_options, key);
	const char *near = o == NULL ? nearest_key(port_options, key) : NULL;
	char text[OPTION_TEXT_MAX], why[768], name[160];

	snprintf(name, sizeof(name), "%s: %.64s", port, key);
	if (o == NULL)
		complain(l, asked, name, "no such member%s%s%s; ovnet.conf(5) lists them",
			near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
			near != NULL ? "\"?" : "");
	else if (!value_text(value, text, sizeof(text)))
		complain(l, asked, name, "is no text, number, boolean, or list of them");
	else if (option_set_text(o, p, text, why, sizeof(why)) < 0)
		complain(l, asked, name, "%s", why);
}

int conf_port_read(struct conf_port *p, const json_t *members, char *err, size_t size)
{
	struct loader l = {.said = err, .said_size = size};
	const char *given = json_string_value(json_object_get(members, "name")), *key;
	char name[64] = "port";
	json_t *value;

	*p = (struct conf_port){0};
	if (given != NULL)
		snprintf(name, sizeof(name), "port %.32s", given);
	if (option_set_presets(port_options, p) < 0)
		complain(&l, asked, name, "out of memory");
	else
		json_object_foreach ((json_t *)members, key, value)
			read_member(&l, name, p, key, value);
	if (l.errors == 0)
		port_items.check(&l, asked, name, p);
	if (l.errors == 0)
		return 0;
	conf_port_free(p);
	return -EINVAL;
}

static char **text_of(const struct option_def *o, const struct conf_port *p)
{
	return (char **)((char *)(uintptr_t)p + o->offset);
}

int conf_port_copy(struct conf_port *to, const struct conf_port *from)
{
	bool whole = true;

	*to = *from;
	for (const struct option_def *o = port_options; o->key != NULL; o++) {
		if (o->type != OPTION_TEXT)
			continue;
		*text_of(o, to) = strdup(*text_of(o, from));
		whole = whole && *text_of(o, to) != NULL;
	}
	if (whole)
		return 0;
	conf_port_free(to);
	return -ENOMEM;
}

void conf_port_free(struct conf_port *p)
{
	option_free_all(port_options, p);
}

struct first_line {
	char *text;
	size_t size;
};

static void tell(void *arg, unsigned port, const char *line)
{
	struct first_line *first = arg;

	(void)port;
	if (first->text[0] == '\0')
		snprintf(first->text, first->size, "%s", line);
}

bool conf_port_is_unique(const struct conf *conf, const struct conf_port *const *ports, unsigned n,
	char *err, size_t size)
{
	struct first_line first = {err, size};
	const struct port_set set = {
		.conf = conf, .ports = ports, .n = n, .known = n - 1, .tell = tell, .arg = &first};
	char line[640] = "";

	first = (struct first_line){line, sizeof(line)};
	if (!port_set_check(&set))
		snprintf(line, sizeof(line), "out of memory");
	if (line[0] == '\0')
		return true;
	snprintf(err, size, "port %s: %s", ports[n - 1]->name, line);
	return false;
}

static bool is_listed(const char *key, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(key, *list) == 0)
			return true;
	return false;
}

static bool same_addresses(const struct conf_port *a, const struct conf_port *b)
{
	bool same = a->n_addresses == b->n_addresses;

	for (unsigned i = 0; same && i < a->n_addresses; i++)
		same = ovnet_prefix_equal(&a->addresses[i], &b->addresses[i]);
	return same;
}

static bool same_member(
	const struct option_def *o, const struct conf_port *a, const struct conf_port *b)
{
	if (o->type == OPTION_TEXT)
		return strcmp(*text_of(o, a), *text_of(o, b)) == 0;
	if (strcmp(o->key, "addresses") == 0)
		return same_addresses(a, b);
	if (strcmp(o->key, "mac") == 0)
		return a->has_mac == b->has_mac && ovnet_mac_equal(&a->mac, &b->mac);
	return memcmp((const char *)a + o->offset, (const char *)b + o->offset, o->width) == 0;
}

bool conf_port_differs(const struct conf_port *a, const struct conf_port *b, const char *const *but)
{
	for (const struct option_def *o = port_options; o->key != NULL; o++)
		if (!is_listed(o->key, but) && !same_member(o, a, b))
			return true;
	return false;
}
