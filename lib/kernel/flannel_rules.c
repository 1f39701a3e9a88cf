/* SPDX-License-Identifier: BSD-3-Clause */
/* flanneld's rules (flannel-facts 8) of one network, which another one's may stand beside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define LIST_MAX (256 << 10) /* bytes of a chain as text: of hundreds of bridges of docker's */
#define WAIT_S   "5"         /* for the xtables lock */

static const struct place {
	const char *table, *builtin, *chain, *comment;
} places[] = {
	{"nat", "POSTROUTING", "FLANNEL-POSTRTG", "--comment \"flanneld masq\""},
	{"filter", "FORWARD", "FLANNEL-FWD", "--comment \"flanneld forward\""},
};
enum { NAT, FILTER };

struct flannels {
	struct ovnet_firewall *f;
	bool remove;
	void (*report)(void *arg, const char *what);
	void *arg;
	char *err;
	size_t err_size;
	unsigned set; /* of iptables' */
	const struct place *place;
	char network[OVNET_PREFIX_STRLEN + 2]; /* " 10.5.0.0/16 " */
	char *text;                            /* of a chain, LIST_MAX bytes */
	int found;
};

/* Lists a chain into c->text, as `iptables -S` has it. False: there is none, or no iptables. */
static bool list(struct flannels *c, const char *chain)
{
	const char *const argv[] = {forward_program(c->set, false), "-w", WAIT_S, "-t",
		c->place->table, "-S", chain, NULL};
	struct program p = {
		.argv = argv, .stop_fd = c->f->stop_fd, .all = c->text, .all_size = LIST_MAX};

	return program_run(&p) == 0;
}

static bool next_line(const char **at, char *line, size_t size)
{
	size_t len = strcspn(*at, "\n");

	if (**at == '\0')
		return false;
	snprintf(line, size, "%.*s", (int)len, *at);
	*at += len + ((*at)[len] == '\n');
	return true;
}

static bool is_of_network(const struct flannels *c, const char *rule)
{
	return strstr(rule, c->network) != NULL;
}

/* Is there such a chain, and nobody else's network in it? Another flanneld would share it. */
static bool chain_is_ours(struct flannels *c)
{
	char line[512];
	const char *at = c->text;

	if (!list(c, c->place->chain))
		return false;
	while (next_line(&at, line, sizeof(line)))
		if (strncmp(line, "-A ", 3) == 0 && !is_of_network(c, line) &&
			strstr(line, "--mark 0x4000/0x4000") == NULL)
			return false;
	return true;
}

/*
 * Those of up to v0.16.1 have no comment: they are known by being there in full. One of nat names
 * the node's own subnet.
 */
static unsigned shape_of(const struct flannels *c, const char *rule)
{
	const char *const n = c->network;
	char shapes[6][160];

	snprintf(shapes[0], sizeof(shapes[0]), "-A POSTROUTING -s%s-d%s-j RETURN", n, n);
	snprintf(shapes[1], sizeof(shapes[1]), "-A POSTROUTING -s%s! -d %s -j MASQUERADE", n,
		c->set == XT_IP6 || c->set == XT_IP6_LEGACY ? "ff00::/8" : "224.0.0.0/4");
	snprintf(shapes[2], sizeof(shapes[2]), "-A POSTROUTING ! -s%s-d%s-j MASQUERADE", n, n);
	snprintf(shapes[3], sizeof(shapes[3]), "-A POSTROUTING ! -s%s-d ", n);
	snprintf(shapes[4], sizeof(shapes[4]), "-A FORWARD -s%s-j ACCEPT", n);
	snprintf(shapes[5], sizeof(shapes[5]), "-A FORWARD -d%s-j ACCEPT", n);
	for (unsigned i = 0; i < 6; i++) {
		size_t len = strlen(shapes[i]);
		const char *rest = rule + len;
		if (strncmp(rule, shapes[i], len) != 0)
			continue;
		if (i != 3 && *rest != '\0' && strcmp(rest, " --random-fully") != 0)
			continue;
		if (i == 3 && strcmp(rest + strcspn(rest, " "), " -j RETURN") != 0)
			continue;
		return 1u << i;
	}
	return 0;
}

static unsigned shapes_in(const struct flannels *c, const char *text)
{
	const char *at = text;
	unsigned shapes = 0;
	char line[512];

	while (next_line(&at, line, sizeof(line)))
		shapes |= shape_of(c, line);
	return shapes;
}

/* Our own have the same comments, and the jump to ours is not of a network. */
static bool is_flannels(const struct flannels *c, const char *rule, bool chain, bool plain)
{
	char jump[40];

	snprintf(jump, sizeof(jump), "-j %s", c->place->chain);
	if (strncmp(rule, "-A ", 3) != 0)
		return false;
	if (strstr(rule, jump) != NULL)
		return chain;
	if (strstr(rule, c->place->comment) != NULL)
		return is_of_network(c, rule) && strstr(rule, OVNET_FORWARD_CHAIN) == NULL;
	return plain && shape_of(c, rule) != 0;
}

/* What iptables-restore is to do; how many rules of the built-in chain are in it. */
static unsigned compose(struct flannels *c, FILE *out)
{
	bool chain = chain_is_ours(c);
	unsigned all = c->place == &places[NAT] ? 0x0f : 0x30, n = 0;
	const char *at = c->text;
	char line[512];

	if (!list(c, c->place->builtin))
		return 0;
	bool plain = (shapes_in(c, c->text) & all) == all;
	fprintf(out, "*%s\n", c->place->table);
	if (chain)
		fprintf(out, ":%s - [0:0]\n", c->place->chain);
	while (next_line(&at, line, sizeof(line))) {
		/* One that is cut is none that flanneld makes. */
		if (strlen(line) == sizeof(line) - 1 || !is_flannels(c, line, chain, plain))
			continue;
		fprintf(out, "-D%s\n", line + 2);
		n++;
	}
	if (chain)
		fprintf(out, "-X %s\n", c->place->chain);
	fprintf(out, "COMMIT\n");
	return n + chain;
}

static int restore(struct flannels *c, const char *text)
{
	const char *const argv[] = {forward_program(c->set, true), "-w", WAIT_S, "--noflush", NULL};
	struct program p = {.argv = argv, .input = text, .stop_fd = c->f->stop_fd};
	int rc = program_run(&p);

	if (rc < 0)
		snprintf(c->err, c->err_size, "%s: %s", argv[0], strerror(-rc));
	else if (rc > 0)
		snprintf(c->err, c->err_size, "%s: status %d: %.*s", argv[0], rc,
			(int)strcspn(p.err, "\n"), p.err);
	return rc > 0 ? -EIO : rc;
}

static int take_iptables(struct flannels *c)
{
	char *text = NULL, what[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return -ENOMEM;
	unsigned n = compose(c, out);
	int rc = fclose(out) == 0 ? 0 : -ENOMEM;
	if (rc == 0 && n > 0 && c->remove)
		rc = restore(c, text);
	free(text);
	if (rc < 0 || n == 0)
		return rc;
	c->found++;
	snprintf(what, sizeof(what), "%s table %s: flanneld's rules in %s",
		forward_program(c->set, false), c->place->table, c->place->builtin);
	c->report(c->arg, what);
	return 0;
}

/* Its chains "forward" and "postrtg" in the table flannel-ipv4 or -ipv6. */
static int take_nftables(struct flannels *c, bool v6, bool masquerade, bool forward)
{
	const char *family = v6 ? "ip6" : "ip", *table = v6 ? "flannel-ipv6" : "flannel-ipv4";
	char command[256], line[64], network[OVNET_PREFIX_STRLEN], what[96];

	snprintf(line, sizeof(line), "table %s %s\n", family, table);
	if (nft_run_cmd_from_buffer(c->f->nft, "list tables") != 0 ||
		strstr(nft_ctx_get_output_buffer(c->f->nft), line) == NULL)
		return 0;
	snprintf(network, sizeof(network), "%.*s", (int)strlen(c->network) - 2, c->network + 1);
	snprintf(command, sizeof(command), "list table %s %s", family, table);
	if (nft_run_cmd_from_buffer(c->f->nft, command) != 0 ||
		strstr(nft_ctx_get_output_buffer(c->f->nft), network) == NULL)
		return 0;
	if (masquerade && forward)
		snprintf(command, sizeof(command), "delete table %s %s", family, table);
	else
		snprintf(command, sizeof(command),
			"flush chain %1$s %2$s %3$s; delete chain %1$s %2$s %3$s", family, table,
			masquerade ? "postrtg" : "forward");
	if (c->remove && nft_run_cmd_from_buffer(c->f->nft, command) != 0) {
		const char *said = nft_ctx_get_error_buffer(c->f->nft);
		snprintf(c->err, c->err_size, "nftables table %s: %.*s", table,
			(int)strcspn(said, "\n"), said);
		return -EIO;
	}
	c->found++;
	snprintf(what, sizeof(what), "nftables table %s %s%s", family, table,
		masquerade && forward ? ""
		: masquerade          ? ", chain postrtg"
				      : ", chain forward");
	c->report(c->arg, what);
	return 0;
}

static int take_family(struct flannels *c, const struct ovnet_firewall_rules *rules, bool v6)
{
	struct rule_nets nets;
	int rc = 0;

	if (!rule_nets_of(rules, v6, &nets))
		return 0;
	snprintf(c->network, sizeof(c->network), " %s ", nets.network);
	for (unsigned legacy = 0; rc == 0 && legacy < 2; legacy++) {
		c->set = (v6 ? XT_IP6 : XT_IP) + (legacy ? XT_IP_LEGACY : 0);
		if (!forward_in_use(c->f, c->set))
			continue;
		c->place = &places[NAT];
		rc = rules->masquerade ? take_iptables(c) : 0;
		c->place = &places[FILTER];
		if (rc == 0 && rules->forward)
			rc = take_iptables(c);
	}
	return rc < 0 ? rc : take_nftables(c, v6, rules->masquerade, rules->forward);
}

int ovnet_firewall_flannels(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	bool remove, void (*report)(void *arg, const char *what), void *arg, char *err,
	size_t err_size)
{
	struct flannels c = {.f = f,
		.remove = remove,
		.report = report,
		.arg = arg,
		.err = err,
		.err_size = err_size,
		.text = malloc(LIST_MAX)};

	err[0] = '\0';
	if (!rules->masquerade && !rules->forward) {
		free(c.text);
		return 0;
	}
	int rc = c.text == NULL ? -ENOMEM : take_family(&c, rules, false);
	if (rc == 0)
		rc = take_family(&c, rules, true);
	if (rc < 0 && err[0] == '\0')
		snprintf(err, err_size, "%s", strerror(-rc));
	free(c.text);
	return rc < 0 ? rc : c.found;
}
