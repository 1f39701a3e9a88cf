/* SPDX-License-Identifier: BSD-3-Clause */
/* Who else has rules for an interface of the overlay's: they are the operator's to change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define LIST_MAX (1 << 20) /* bytes of legacy tables as text */

struct named {
	const char *interface;
	void (*report)(void *arg, const char *what);
	void *arg;
	unsigned n;
	char table[96], chain[96]; /* where the line stands */
};

/* "flannel.1", or a pattern of nftables' such as "flannel.*". */
static bool means(const char *word, size_t len, const char *interface, char wildcard)
{
	if (len > 0 && word[len - 1] == wildcard)
		return strncmp(word, interface, len - 1) == 0;
	return len == strlen(interface) && strncmp(word, interface, len) == 0;
}

static bool quotes(const char *line, const char *interface)
{
	const char *end;

	for (const char *at = line; (at = strchr(at, '"')) != NULL; at = end + 1) {
		end = strchr(++at, '"');
		if (end == NULL)
			return false;
		if (means(at, (size_t)(end - at), interface, '*'))
			return true;
	}
	return false;
}

static void found(struct named *c, const char *where, const char *rule)
{
	char what[512];

	if (c->n++ >= OVNET_FIREWALL_NAMED)
		return;
	snprintf(what, sizeof(what), "%s: %s", where, rule);
	c->report(c->arg, what);
}

/* What ovnet and flanneld make themselves. */
static bool is_own_table(const char *table)
{
	const char *name = strrchr(table, ' ');

	return name != NULL &&
	       (strcmp(name + 1, OVNET_NFT_TABLE) == 0 || strcmp(name + 1, "flannel-ipv4") == 0 ||
		       strcmp(name + 1, "flannel-ipv6") == 0);
}

/* "table inet filter {" without the brace. */
static void take_name(char *name, size_t size, const char *line)
{
	size_t len = strcspn(line, "{");

	while (len > 0 && line[len - 1] == ' ')
		len--;
	snprintf(name, size, "%.*s", (int)(len < size ? len : size - 1), line);
}

/* Tables begin at the margin, chains and sets behind a tab, rules behind two. */
static void look_at(struct named *c, char *line)
{
	char where[256];
	size_t tabs = strspn(line, "\t");

	line += tabs;
	if (line[0] == '\0')
		return; /* between chains */
	if (tabs == 0)
		take_name(c->table, sizeof(c->table), line);
	if (tabs <= 1)
		take_name(c->chain, sizeof(c->chain), tabs == 1 ? line : "");
	if (tabs < 2 || is_own_table(c->table) || !quotes(line, c->interface))
		return;
	snprintf(where, sizeof(where), "nftables %s, %s", c->table, c->chain);
	found(c, where, line);
}

static void look_at_all(struct named *c, const char *text)
{
	char line[512];

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		look_at(c, line);
		text += len + (text[len] == '\n');
	}
}

static void look_at_legacy(struct named *c, char *text, const char *program)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		bool is = false;
		for (const char *at = line; !is && (at = strstr(at, " -")) != NULL; at++)
			is = (at[2] == 'i' || at[2] == 'o') && at[3] == ' ' &&
			     means(at + 4, strcspn(at + 4, " "), c->interface, '+');
		if (is)
			found(c, program, line);
	}
}

static void list_legacy(struct ovnet_firewall *f, struct named *c, unsigned set)
{
	static const char *const names[] = {"iptables-legacy-save", "ip6tables-legacy-save"};
	const char *const argv[] = {names[set == XT_IP6_LEGACY], NULL};
	char *text = malloc(LIST_MAX);
	struct program p = {.argv = argv, .stop_fd = f->stop_fd, .all = text, .all_size = LIST_MAX};

	if (text != NULL && program_run(&p) == 0)
		look_at_legacy(c, text, argv[0]);
	free(text);
}

unsigned ovnet_firewall_named(struct ovnet_firewall *f, const char *interface,
	void (*report)(void *arg, const char *what), void *arg)
{
	struct named c = {.interface = interface, .report = report, .arg = arg};

	if (nft_run_cmd_from_buffer(f->nft, "list ruleset") == 0)
		look_at_all(&c, nft_ctx_get_output_buffer(f->nft));
	for (unsigned set = XT_IP_LEGACY; set <= XT_IP6_LEGACY; set++)
		if (forward_in_use(f, set))
			list_legacy(f, &c, set);
	return c.n;
}
