/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the host's that speak of flannel's device by its name, and what to do about each. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "takeover/takeover.h"

#define MAX_LINES 50

enum kind { ZONE, SYSCTL, RULES };

/* A folder's files with that end, or one file. */
static const struct {
	const char *path, *end;
	enum kind kind;
} places[] = {
	{"/etc/firewalld/zones", ".xml", ZONE},
	{"/etc/firewalld/policies", ".xml", RULES},
	{"/etc/firewalld/direct.xml", NULL, RULES},
	{"/etc/sysctl.conf", NULL, SYSCTL},
	{"/etc/sysctl.d", ".conf", SYSCTL},
	{"/run/sysctl.d", ".conf", SYSCTL},
	{"/usr/lib/sysctl.d", ".conf", SYSCTL},
	{"/usr/local/lib/sysctl.d", ".conf", SYSCTL},
	{"/etc/nftables.conf", NULL, RULES},
	{"/etc/nftables.d", ".nft", RULES},
	{"/etc/sysconfig/iptables", NULL, RULES},
	{"/etc/sysconfig/ip6tables", NULL, RULES},
	{"/etc/sysconfig/nftables.conf", NULL, RULES},
	{"/etc/iptables/rules.v4", NULL, RULES},
	{"/etc/iptables/rules.v6", NULL, RULES},
	{"/etc/ufw/before.rules", NULL, RULES},
	{"/etc/ufw/after.rules", NULL, RULES},
	{"/etc/NetworkManager/conf.d", ".conf", RULES},
};

struct search {
	FILE *out;
	const char *name, *ours;
	char slashed[16]; /* "flannel/1", as sysctl writes it between dots */
	unsigned n;
};

static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = line; (at = strstr(at, word)) != NULL; at++) {
		unsigned char before = at == line ? ' ' : (unsigned char)at[-1];
		if (!isalnum(before) && before != '_' && before != '-' &&
			!isalnum((unsigned char)at[len]))
			return true;
	}
	return false;
}

static void tell(struct search *s, enum kind kind, const char *path, unsigned number)
{
	const char *file = strrchr(path, '/') + 1;

	if (s->n++ >= MAX_LINES)
		return;
	fprintf(s->out, "%s line %u: ", path, number);
	if (kind == ZONE)
		fprintf(s->out,
			"`firewall-cmd --permanent --zone=%.*s --add-interface=%s` and "
			"`firewall-cmd --reload`\n",
			(int)strcspn(file, "."), file, s->ours);
	else if (kind == SYSCTL)
		fprintf(s->out, "add the same line for %s\n", s->ours);
	else
		fprintf(s->out, "add the same for %s\n", s->ours);
}

static void look_at(struct search *s, enum kind kind, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[1024];

	for (unsigned n = 1; f != NULL && fgets(line, sizeof(line), f) != NULL; n++) {
		char first = line[strspn(line, " \t")];
		if (first == '#' || first == ';')
			continue;
		if (has_word(line, s->name) || (kind == SYSCTL && has_word(line, s->slashed)))
			tell(s, kind, path, n);
	}
	if (f != NULL)
		fclose(f);
}

static int has_end(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static void look_in(struct search *s, enum kind kind, const char *dir, const char *end)
{
	char path[4352];
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (has_end(names[i]->d_name, end))
			look_at(s, kind, path);
		free(names[i]);
	}
	free(names);
}

char *takeover_files_naming(const char *root, const char *interface, const char *ours)
{
	struct search s = {.name = interface, .ours = ours[0] != '\0' ? ours : "ovnet's"};
	char *text = NULL, path[4096];
	size_t size;

	s.out = open_memstream(&text, &size);
	if (s.out == NULL)
		return NULL;
	snprintf(s.slashed, sizeof(s.slashed), "%s", interface);
	for (char *dot = s.slashed; (dot = strchr(dot, '.')) != NULL;)
		*dot = '/';
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, places[i].path);
		if (places[i].end != NULL)
			look_in(&s, places[i].kind, path, places[i].end);
		else
			look_at(&s, places[i].kind, path);
	}
	if (s.n > MAX_LINES)
		fprintf(s.out, "... and %u more\n", s.n - MAX_LINES);
	if (fclose(s.out) == 0 && s.n > 0)
		return text;
	free(text);
	return NULL;
}
