/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flannel's masquerade rules (v0.21+), one nftables table for each family. A table is replaced as a
 * whole in one transaction, so that there is never half a set, and none of a former network's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define TABLE   OVNET_NFT_TABLE
#define COMMENT "comment \"flanneld masq\"" /* what operators look for */

static const struct {
	const char *name, *multicast;
} families[MASQ_SETS] = {
	[MASQ_IP] = {"ip", "224.0.0.0/4"},
	[MASQ_IP6] = {"ip6", "ff00::/8"},
};

/* The first line of what libnftables complained about. */
static int refuse(struct ovnet_firewall *f, const char *what, char *err, size_t err_size)
{
	static const char word[] = "Error: ";
	const char *text = nft_ctx_get_error_buffer(f->nft);

	if (strncmp(text, word, sizeof(word) - 1) == 0)
		text += sizeof(word) - 1;
	snprintf(err, err_size, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
	return -EIO;
}

static bool run(struct ovnet_firewall *f, const char *commands)
{
	return nft_run_cmd_from_buffer(f->nft, commands) == 0;
}

/* The table as text; NULL: there is none that could be read. */
static const char *list(struct ovnet_firewall *f, unsigned set)
{
	char command[64];

	snprintf(command, sizeof(command), "list table %s " TABLE, families[set].name);
	return run(f, command) ? nft_ctx_get_output_buffer(f->nft) : NULL;
}

/* Only where a service's address was exchanged does a packet leave the way it came. */
static void render_turning(char *buf, size_t size, const char *device, const char *how)
{
	buf[0] = '\0';
	/* nftables' strings have no escapes. */
	if (device[0] != '\0' && strpbrk(device, "\"\\*") == NULL)
		snprintf(buf, size,
			"iifname \"%s\" oifname \"%s\" ct status dnat counter %s " COMMENT "\n",
			device, device, how);
}

static void render(
	char *buf, size_t size, unsigned set, const struct rule_nets *nets, bool fully_random)
{
	const char *ip = families[set].name, *n = nets->network, *p = nets->subnet;
	const char *how = fully_random ? "masquerade fully-random" : "masquerade";
	char turning[160];

	render_turning(turning, sizeof(turning), nets->device, how);
	/* 0x4000 is Kubernetes' mark for what kube-proxy masquerades itself. */
	snprintf(buf, size,
		"add table %1$s " TABLE "\n"
		"delete table %1$s " TABLE "\n"
		"table %1$s " TABLE " {\n"
		"chain postrouting {\n"
		"type nat hook postrouting priority srcnat; policy accept;\n"
		"meta mark & 0x4000 == 0x4000 counter return " COMMENT "\n"
		"%6$s"
		"%1$s saddr %3$s %1$s daddr %2$s counter return " COMMENT "\n"
		"%1$s saddr %2$s %1$s daddr %3$s counter return " COMMENT "\n"
		"%1$s saddr != %2$s %1$s daddr %3$s counter return " COMMENT "\n"
		"%1$s saddr %2$s %1$s daddr != %4$s counter %5$s " COMMENT "\n"
		"%1$s saddr != %2$s %1$s daddr %2$s counter %5$s " COMMENT "\n"
		"}\n"
		"}\n",
		ip, n, p, families[set].multicast, how, turning);
}

int masquerade_find(struct ovnet_firewall *f, unsigned set, char *what, size_t size)
{
	char line[64];

	snprintf(what, size, "nftables table %s " TABLE, families[set].name);
	if (!run(f, "list tables"))
		return -EIO;
	snprintf(line, sizeof(line), "table %s " TABLE "\n", families[set].name);
	return strstr(nft_ctx_get_output_buffer(f->nft), line) != NULL;
}

static int take_away(struct ovnet_firewall *f, unsigned set, char *err, size_t err_size)
{
	struct rule_set *s = &f->masquerade[set];
	char command[64], what[64];

	if (s->state == RULES_ABSENT)
		return 0;
	int found = masquerade_find(f, set, what, sizeof(what));
	if (found < 0)
		return refuse(f, "nftables' tables cannot be listed", err, err_size);
	snprintf(command, sizeof(command), "delete table %s " TABLE, families[set].name);
	if (found && !run(f, command))
		return refuse(f, "old rules cannot be removed", err, err_size);
	s->state = RULES_ABSENT;
	return found;
}

int masquerade_set(struct ovnet_firewall *f, unsigned set, const struct rule_nets *nets,
	bool fully_random, char *err, size_t err_size)
{
	struct rule_set *s = &f->masquerade[set];
	char commands[FIREWALL_TEXT_MAX];

	if (nets == NULL)
		return take_away(f, set, err, err_size);
	const char *now = s->state == RULES_PRESENT ? list(f, set) : NULL;
	if (now != NULL && strcmp(now, s->seen) == 0)
		return 0;
	s->state = RULES_UNKNOWN;
	render(commands, sizeof(commands), set, nets, fully_random);
	if (!run(f, commands))
		return refuse(f, "nftables refuses the rules", err, err_size);
	now = list(f, set);
	if (now == NULL)
		return refuse(f, "the rules cannot be listed", err, err_size);
	if (strlen(now) < sizeof(s->seen)) {
		strcpy(s->seen, now);
		s->state = RULES_PRESENT;
	}
	return 1;
}
