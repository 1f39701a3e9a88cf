/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who rejects the overlay's packets in spite of our accepts. firewalld does, by a table of its own
 * (or, before 0.6 and where told to, in iptables' FORWARD) for every interface that is in no zone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define LIST_MAX (256 << 10)
#define CURE                                                                              \
	"`firewall-cmd --permanent --zone=trusted --add-interface=%s` and `firewall-cmd " \
	"--reload`"

/* The rules of a chain in a table's text: from behind its brace to the closing one. */
static const char *chain_of(const char *table, const char *chain, size_t *len)
{
	char head[128];

	snprintf(head, sizeof(head), "\tchain %s {\n", chain);
	const char *at = strstr(table, head);
	if (at == NULL)
		return NULL;
	at += strlen(head);
	const char *end = strstr(at, "\n\t}");
	*len = end != NULL ? (size_t)(end - at) : strlen(at);
	return at;
}

/* Its last rule, without the tabs in front; "" if it has none. */
static void last_rule(const char *table, const char *chain, char *rule, size_t size)
{
	size_t len = 0, from;
	const char *at = chain_of(table, chain, &len);

	rule[0] = '\0';
	if (at == NULL || len == 0)
		return;
	for (from = len; from > 0 && at[from - 1] != '\n';)
		from--;
	from += strspn(at + from, "\t");
	snprintf(rule, size, "%.*s", (int)(len - from), at + from);
}

/* What is of no zone is the default zone's, to which the last rule of all leads. */
static bool default_zone_accepts(const char *table)
{
	static const char *const ways[] = {"filter_FORWARD_POLICIES", "filter_FORWARD_IN_ZONES"};
	char rule[256], target[128], last[256];

	for (unsigned i = 0; i < 2; i++) {
		last_rule(table, ways[i], rule, sizeof(rule));
		if (sscanf(rule, "jump %127s", target) != 1 &&
			sscanf(rule, "goto %127s", target) != 1)
			continue;
		last_rule(table, target, last, sizeof(last));
		if (strncmp(last, "accept", strlen("accept")) == 0)
			return true;
	}
	return false;
}

static bool firewalld_rejects(
	struct ovnet_firewall *f, const char *family, const char *interface, char *why, size_t size)
{
	char command[64], line[64], quoted[32], last[256];

	snprintf(line, sizeof(line), "table %s firewalld\n", family);
	if (nft_run_cmd_from_buffer(f->nft, "list tables") != 0 ||
		strstr(nft_ctx_get_output_buffer(f->nft), line) == NULL)
		return false;
	snprintf(command, sizeof(command), "list table %s firewalld", family);
	if (nft_run_cmd_from_buffer(f->nft, command) != 0)
		return false;
	const char *table = nft_ctx_get_output_buffer(f->nft);
	snprintf(quoted, sizeof(quoted), "\"%s\"", interface);
	last_rule(table, "filter_FORWARD", last, sizeof(last));
	if ((strncmp(last, "reject", strlen("reject")) != 0 && strcmp(last, "drop") != 0) ||
		strstr(table, quoted) != NULL || default_zone_accepts(table))
		return false;
	snprintf(why, size,
		"firewalld rejects what is forwarded by %s, which is in none of its zones "
		"(nftables table %s firewalld): " CURE,
		interface, family, interface);
	return true;
}

/* For everybody, without a condition. */
static bool is_final(const char *rule)
{
	return strncmp(rule, "-A FORWARD -j REJECT", strlen("-A FORWARD -j REJECT")) == 0 ||
	       strcmp(rule, "-A FORWARD -j DROP") == 0;
}

static bool forward_rejects(struct ovnet_firewall *f, unsigned set, const char *interface,
	char *text, char *why, size_t size)
{
	const char *const argv[] = {forward_program(set, false), "-w", "5", "-S", "FORWARD", NULL};
	struct program p = {.argv = argv, .stop_fd = f->stop_fd, .all = text, .all_size = LIST_MAX};
	bool zones = false;
	char *rest = NULL;

	if (program_run(&p) != 0)
		return false;
	for (const char *rule = strtok_r(text, "\n", &rest); rule != NULL;
		rule = strtok_r(NULL, "\n", &rest)) {
		if (strstr(rule, "-j " OVNET_FORWARD_CHAIN) != NULL)
			return false;
		zones = zones || strstr(rule, "-j FORWARD_IN_ZONES") != NULL;
		if (!is_final(rule))
			continue;
		if (zones)
			snprintf(why, size,
				"firewalld rejects what is forwarded by %s unless it is in a zone "
				"(%s, chain FORWARD, in front of ovnet's accepts): " CURE,
				interface, argv[0], interface);
		else
			snprintf(why, size,
				"%s: `%s` stands in front of ovnet's accepts, and drops what is "
				"forwarded by %s: take it to the end of the chain",
				argv[0], rule, interface);
		return true;
	}
	return false;
}

/* A zone's rules say the interface's name; of the packets that are left the last rule decides. */
static bool is_in_zone(struct ovnet_firewall *f, unsigned set, const char *interface, char *text)
{
	const char *const argv[] = {
		forward_program(set, false), "-w", "5", "-S", "FORWARD_IN_ZONES", NULL};
	struct program p = {.argv = argv, .stop_fd = f->stop_fd, .all = text, .all_size = LIST_MAX};
	char rule[64];

	snprintf(rule, sizeof(rule), " -i %s ", interface);
	return program_run(&p) == 0 && strstr(text, rule) != NULL;
}

bool ovnet_firewall_rejects(struct ovnet_firewall *f, const char *interface, char *why, size_t size)
{
	static const char *const families[] = {"inet", "ip", "ip6"};
	char *text = malloc(LIST_MAX);
	bool rejects = false;

	for (unsigned i = 0; !rejects && i < 3; i++)
		rejects = firewalld_rejects(f, families[i], interface, why, size);
	for (unsigned set = 0; text != NULL && !rejects && set < XT_SETS; set++)
		rejects = forward_in_use(f, set) && !is_in_zone(f, set, interface, text) &&
			  forward_rejects(f, set, interface, text, why, size);
	free(text);
	return rejects;
}
