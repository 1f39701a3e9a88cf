/* SPDX-License-Identifier: BSD-3-Clause */
/* What the firewall's files share. */
#ifndef OVNET_KERNEL_FIREWALL_INT_H
#define OVNET_KERNEL_FIREWALL_INT_H

#include <nftables/libnftables.h>

#include "kernel/firewall.h"

#define FIREWALL_TEXT_MAX 4096 /* the rules of one set as text: some 800 bytes */

/* One set of rules, as it was seen last. */
struct rule_set {
	enum { RULES_UNKNOWN, RULES_ABSENT, RULES_PRESENT } state;
	char seen[FIREWALL_TEXT_MAX]; /* as listed after they were written; present */
};

enum { MASQ_IP, MASQ_IP6, MASQ_SETS };
/* The -legacy programs beside the others: where both kinds of tables are in force. */
enum { XT_IP, XT_IP6, XT_IP_LEGACY, XT_IP6_LEGACY, XT_SETS };

struct ovnet_firewall {
	struct nft_ctx *nft;
	int stop_fd;
	struct rule_set masquerade[MASQ_SETS], forward[XT_SETS];
	bool legacy[2]; /* iptables (0), ip6tables (1) said that there are legacy tables, too */
};

/* Family `v6` of the rules: N and P as text. False: it has none. */
struct rule_nets {
	char network[OVNET_PREFIX_STRLEN], subnet[OVNET_PREFIX_STRLEN];
	const char *device; /* "": none */
};
bool rule_nets_of(const struct ovnet_firewall_rules *rules, bool v6, struct rule_nets *nets);

/*
 * masquerade.c, forward.c: one set of rules as wanted, NULL: away with it. 1: it was not so and is
 * now, 0: it was so, or negative errno with a sentence in `err`.
 */
int masquerade_set(struct ovnet_firewall *f, unsigned set, const struct rule_nets *nets,
	bool fully_random, char *err, size_t err_size);
int forward_set(struct ovnet_firewall *f, unsigned set, const struct rule_nets *nets, char *err,
	size_t err_size);
/* Is there anything of ours? 1, 0, or negative errno. `what`: for the report. */
int masquerade_find(struct ovnet_firewall *f, unsigned set, char *what, size_t size);
int forward_find(struct ovnet_firewall *f, unsigned set, char *what, size_t size);

/* forward.c: the program of this kind of tables; the one that restores. */
const char *forward_program(unsigned set, bool restore);
/* Is the kind in use here? Known after the accepts were made or looked for. */
bool forward_in_use(const struct ovnet_firewall *f, unsigned set);

/* program.c: a program by its name in PATH, without a shell. */
struct program {
	const char *const *argv;                /* ends with NULL */
	const char *input;                      /* for its standard input; NULL: none */
	int stop_fd;                            /* readable: it is killed; -1: none */
	char out[FIREWALL_TEXT_MAX], err[1024]; /* what it printed, cut */
	char *all; /* of `all_size` bytes, in place of `out`; NULL: none */
	size_t all_size;
};
/* Its exit status; -ENOENT: no such program, -ECANCELED, -ETIMEDOUT, or another negative errno. */
int program_run(struct program *p);

#endif
