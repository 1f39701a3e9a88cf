/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct origin at_line(const config_setting_t *s)
{
	return (struct origin){FROM_FILE, config_setting_source_line(s)};
}

static const char *type_name(const config_setting_t *s)
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

/* Stores one scalar; complains as `name`. */
static bool read_scalar(struct loader *l, config_setting_t *s, const struct option_def *o,
	void *base, const char *name)
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
		snprintf(why, sizeof(why), "%s stands where %s belongs; give %s", type_name(s),
			kind_of(o), option_form(o, form, sizeof(form)));
	}
	complain(l, at_line(s), name, "%s", why);
	return false;
}

static void unknown_key(struct loader *l, const config_setting_t *s, const char *name,
	const struct option_def *table)
{
	const char *near = nearest_key(table, name);

	if (near != NULL)
		complain(l, at_line(s), name, "no such key; did you mean %s?", near);
	else
		complain(l, at_line(s), name, "no such key; ovnet.conf(5) lists them all");
}

void conf_read_group(struct loader *l, config_setting_t *group, const struct group_reader *r)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct option_def *o = option_find(r->table, config_setting_name(s));
		char name[OPTION_NAME_MAX * 2];

		snprintf(name, sizeof(name), "%s.%s", r->path, config_setting_name(s));
		if (o == NULL)
			unknown_key(l, s, config_setting_name(s), r->table);
		else if (o->type == OPTION_ITEMS)
			r->items(l, s, r->base);
		else
			read_scalar(l, s, o, r->base, name);
	}
}

static bool known_group(const char *name)
{
	for (const struct option_group *g = option_groups; g->name != NULL; g++)
		if (g->name[0] != '\0' && strcmp(g->name, name) == 0)
			return true;
	return false;
}

static void read_settings(struct loader *l, config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		char key[OPTION_NAME_MAX * 2];

		snprintf(key, sizeof(key), "%s.%s", config_setting_name(group),
			config_setting_name(s));
		const struct option_def *o = option_find(ovnetd_options, key);
		if (o == NULL) {
			unknown_key(l, s, key, ovnetd_options);
			continue;
		}
		if (read_scalar(l, s, o, l->conf, key))
			l->given[o - ovnetd_options] = at_line(s);
	}
}

static void unknown_group(struct loader *l, const config_setting_t *s)
{
	const char *name = config_setting_name(s), *best = NULL;
	unsigned best_distance = 3;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
		unknown_key(l, s, name, ovnetd_options);
		return;
	}
	for (const struct option_group *g = option_groups; g->name != NULL; g++) {
		unsigned d = edit_distance(name, g->name);
		if (g->name[0] != '\0' && d < best_distance) {
			best = g->name;
			best_distance = d;
		}
	}
	if (best != NULL)
		complain(l, at_line(s), name, "no such group; did you mean %s?", best);
	else
		complain(l, at_line(s), name, "no such group; ovnet.conf(5) lists them all");
}

static void read_root(struct loader *l, config_setting_t *root)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);
		bool group = config_setting_type(s) == CONFIG_TYPE_GROUP;

		if (strcmp(name, "uplinks") == 0)
			uplinks_from_file(l, s);
		else if (!known_group(name))
			unknown_group(l, s);
		else if (!group)
			complain(l, at_line(s), name,
				"%s stands where a group belongs; give %s = { ... };", type_name(s),
				name);
		else
			read_settings(l, s);
	}
}

/* The whole file, NUL behind it. NULL: complained, or it is the default file and not there. */
static char *read_whole(struct loader *l, int fd, size_t *len)
{
	struct origin file = {FROM_FILE, 0};
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > CONF_FILE_MAX) {
		complain(l, file, "", "not a regular file of at most %d bytes", CONF_FILE_MAX);
		return NULL;
	}
	char *text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		complain(l, file, "", "out of memory");
		return NULL;
	}
	for (*len = 0; *len < (size_t)st.st_size;) {
		ssize_t n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n < 0) {
			complain(l, file, "", "cannot be read: %s", strerror(errno));
			free(text);
			return NULL;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	text[*len] = '\0';
	return text;
}

static char *load_text(struct loader *l, size_t *len)
{
	int fd = open(l->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		if (errno != ENOENT || l->file_named)
			complain(l, (struct origin){FROM_FILE, 0}, "",
				"cannot be opened: %s; name a file that ovnetd may read with "
				"--config",
				strerror(errno));
		return NULL;
	}
	char *text = read_whole(l, fd, len);
	close(fd);
	return text;
}

void conf_file_read(struct loader *l)
{
	size_t len;
	char *text = load_text(l, &len);
	config_t config;

	if (text == NULL)
		return;
	config_init(&config);
	if (conf_scan(l, text, len)) {
		if (config_read_string(&config, text))
			read_root(l, config_root_setting(&config));
		else
			complain(l,
				(struct origin){FROM_FILE, (unsigned)config_error_line(&config)},
				"", "%s; settings look like group = { key = \"text\"; };",
				config_error_text(&config));
	}
	config_destroy(&config);
	free(text);
}
