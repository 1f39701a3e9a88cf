/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/items.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool known_group(const char *name)
{
	for (const struct option_group *g = option_groups; g->name != NULL; g++)
		if (strcmp(g->name, name) == 0)
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
			setting_unknown(l, s, key, ovnetd_options);
			continue;
		}
		if (setting_read(l, s, o, l->conf, key))
			l->given[o - ovnetd_options] = setting_line(s);
	}
}

static void unknown_group(struct loader *l, const config_setting_t *s)
{
	const char *name = config_setting_name(s), *best = NULL;
	unsigned best_distance = 3;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
		setting_unknown(l, s, name, ovnetd_options);
		return;
	}
	for (const struct option_group *g = option_groups; g->name != NULL; g++) {
		unsigned d = edit_distance(name, g->name);
		if (d < best_distance && option_items_find(g->name) == NULL) {
			best = g->name;
			best_distance = d;
		}
	}
	if (best != NULL)
		complain(l, setting_line(s), name, "no such group; did you mean %s?", best);
	else
		complain(l, setting_line(s), name, "no such group; ovnet.conf(5) lists them all");
}

static void read_root(struct loader *l, config_setting_t *root)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);
		bool group = config_setting_type(s) == CONFIG_TYPE_GROUP;

		const struct item_kind *items = item_kind_find(name);

		if (items != NULL)
			items_from_file(l, s, items);
		else if (!known_group(name))
			unknown_group(l, s);
		else if (!group)
			complain(l, setting_line(s), name,
				"%s stands where a group belongs; give %s = { ... };",
				setting_type_name(s), name);
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
