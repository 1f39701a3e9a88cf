/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * systemd-udevd gives a new interface a MAC address of its own choice unless it was made with one;
 * peers would go on sending to the one in the lease, and a twin would have another than its NIC.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "preflight/checks.h"

static const char *const folders[] = {"/etc/systemd/network", "/run/systemd/network",
	"/usr/local/lib/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network", NULL};

struct line {
	char key[64], value[512];
};

/* "Key=Value" without blanks around; a section's "[Name]" has its name as key. */
static const char *next_line(const char *text, struct line *out)
{
	size_t len = strcspn(text, "\n"), blank = strspn(text, " \t");
	const char *at = text + (blank < len ? blank : len), *end = text + len;

	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	const char *equals = memchr(at, '=', (size_t)(end - at));
	*out = (struct line){0};
	if (at < end && *at == '[')
		snprintf(out->key, sizeof(out->key), "%.*s", (int)(end - at), at);
	else if (at < end && *at != '#' && *at != ';' && equals != NULL) {
		snprintf(out->key, sizeof(out->key), "%.*s", (int)(equals - at), at);
		snprintf(out->value, sizeof(out->value), "%.*s", (int)(end - equals - 1),
			equals + 1);
	}
	return text[len] == '\n' ? text + len + 1 : text + len;
}

static bool any_matches(const char *globs, const char *name)
{
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", globs);
	for (char *g = strtok_r(copy, " \t", &save); g != NULL; g = strtok_r(NULL, " \t", &save))
		if (fnmatch(g, name, 0) == 0)
			return true;
	return false;
}

bool link_file_policy(const char *text, const char *name, char *policy, size_t size)
{
	bool in_match = false, matches = false;
	struct line l;

	policy[0] = '\0';
	while (*text != '\0') {
		text = next_line(text, &l);
		if (l.key[0] == '[')
			in_match = strcmp(l.key, "[Match]") == 0;
		else if (in_match && strcmp(l.key, "OriginalName") == 0)
			matches = any_matches(l.value, name);
		else if (in_match && l.key[0] != '\0')
			return false; /* a NIC's path, driver, address: not one that ovnetd makes */
		else if (strcmp(l.key, "MACAddressPolicy") == 0)
			snprintf(policy, size, "%s", l.value);
	}
	return matches;
}

struct search {
	const char *name;
	bool found;
	char path[256], policy[64];
};

/* The first one that matches is the only one. */
static bool look_at(void *arg, const char *path, const char *text)
{
	struct search *s = arg;

	s->found = link_file_policy(text, s->name, s->policy, sizeof(s->policy));
	snprintf(s->path, sizeof(s->path), "%s", path);
	return !s->found;
}

void check_udev(struct preflight *p)
{
	struct search s = {.name = "ovnet-uplink0"};

	if (!preflight_exists(p, "/run/udev/control")) {
		preflight_say(p, PREFLIGHT_OK, "systemd-udevd does not run here");
		return;
	}
	preflight_each_file(p, folders, ".link", look_at, &s);
	if (!s.found || s.policy[0] == '\0' || strcmp(s.policy, "none") == 0) {
		preflight_say(
			p, PREFLIGHT_OK, "leaves the MAC addresses of ovnetd's devices alone");
		return;
	}
	preflight_say(p, PREFLIGHT_WARN,
		"%s (MACAddressPolicy=%s) may give ovnetd's devices (twins, TAPs) and flannel's "
		"other "
		"MAC addresses than they are known by",
		s.path, s.policy);
	preflight_fix(p, "write /etc/systemd/network/10-ovnet.link: [Match] OriginalName=ovnet* "
			 "flannel*, [Link] MACAddressPolicy=none, each on a line of its own");
}
