/* SPDX-License-Identifier: BSD-3-Clause */
/* NetworkManager takes interfaces it does not know for ones it may configure, or take down. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "preflight/checks.h"

#define KEY "unmanaged-devices"

static const char *const folders[] = {"/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d",
	"/usr/lib/NetworkManager/conf.d", NULL};

/* One of "interface-name:ovnet*;type:tun". */
static bool entry_matches(const char *entry, const char *name)
{
	static const char prefix[] = "interface-name:";

	entry += strspn(entry, " \t");
	if (strcmp(entry, "*") == 0)
		return true;
	if (strncmp(entry, prefix, sizeof(prefix) - 1) != 0)
		return false;
	entry += sizeof(prefix) - 1;
	entry += *entry == '=' || *entry == '~';
	return fnmatch(entry, name, 0) == 0;
}

static bool list_matches(const char *list, size_t len, const char *name)
{
	char copy[1024], *save = NULL;

	snprintf(copy, sizeof(copy), "%.*s", (int)len, list);
	for (char *e = strtok_r(copy, ",;\r", &save); e != NULL; e = strtok_r(NULL, ",;\r", &save))
		if (entry_matches(e, name))
			return true;
	return false;
}

bool nm_leaves_alone(const char *text, const char *name)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *line = text + strspn(text, " \t");
		const char *equals = memchr(text, '=', len);
		if (equals != NULL && strncmp(line, KEY, sizeof(KEY) - 1) == 0 &&
			list_matches(equals + 1, (size_t)(text + len - equals - 1), name))
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

struct search {
	const char *name;
	bool alone;
};

static bool look_at(void *arg, const char *path, const char *text)
{
	struct search *s = arg;

	(void)path;
	s->alone = s->alone || nm_leaves_alone(text, s->name);
	return !s->alone;
}

void check_network_manager(struct preflight *p)
{
	struct search s = {.name = "ovnet0"};
	char text[16384];

	if (!preflight_exists(p, "/run/NetworkManager")) {
		preflight_say(p, PREFLIGHT_OK, "does not run here");
		return;
	}
	if (p->conf->host.device[0] != '\0')
		s.name = p->conf->host.device;
	if (preflight_read(p, "/etc/NetworkManager/NetworkManager.conf", text, sizeof(text)) > 0)
		s.alone = nm_leaves_alone(text, s.name);
	preflight_each_file(p, folders, ".conf", look_at, &s);
	if (s.alone) {
		preflight_say(p, PREFLIGHT_OK, "leaves %s alone", s.name);
		return;
	}
	preflight_say(p, PREFLIGHT_WARN,
		"it runs, and may configure %s, bridges and TAPs or take their addresses away",
		s.name);
	preflight_fix(p,
		"write /etc/NetworkManager/conf.d/ovnet.conf: [keyfile], "
		"unmanaged-devices=interface-name:%s;interface-name:ovnet*;interface-name:"
		"docker0;interface-name:cni*, each on a line of its own; `nmcli general reload`",
		s.name);
}
