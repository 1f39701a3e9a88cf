/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What flanneld leaves in the host's firewall (flannel-facts 8): masquerade for what crosses the
 * overlay's edge, in an nftables table of our own; accepts for the overlay in iptables' own FORWARD
 * chain, because a DROP policy there is final for packets that another table accepted. They stay
 * when the daemon ends.
 *
 * These functions wait for other programs (nftables' commits, the xtables lock, iptables itself):
 * not for an event loop's thread. One thread at a time.
 */
#ifndef OVNET_KERNEL_FIREWALL_H
#define OVNET_KERNEL_FIREWALL_H

#include <stdbool.h>

#include "base/net.h"

#define OVNET_NFT_TABLE     "ovnet"
#define OVNET_FORWARD_CHAIN "OVNET-FWD"

struct ovnet_firewall;

/* What there should be; a family that is not has_ has no rules. */
struct ovnet_firewall_rules {
	bool masquerade, fully_random, forward;
	bool has_v4, has_v6;
	struct ovnet_prefix4 network, subnet; /* the overlay, this node's part of it */
	struct ovnet_prefix6 network6, subnet6;
	/*
	 * The host device; "": none. What comes by it, and by a service's address (DNAT) leaves by
	 * it again, is masqueraded, too: its answer would find the sender behind an attach port
	 * without passing this kernel, which has to give it back the service's address.
	 */
	char device[16];
};

struct ovnet_firewall_outcome {
	unsigned masquerade, forward; /* rule sets that were not as they should be, but are now */
	char masquerade_error[256], forward_error[256]; /* "": none */
};

/* `stop_fd`: once it is readable, programs are ended and nothing waits. NULL: no memory. */
struct ovnet_firewall *ovnet_firewall_new(int stop_fd);
void ovnet_firewall_free(struct ovnet_firewall *f);

/*
 * Makes the rules what they should be: the first time as if nothing were right, later only what
 * somebody changed. Rules of ours that are not wanted (any more) are removed.
 */
void ovnet_firewall_apply(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	struct ovnet_firewall_outcome *out);

/*
 * Does iptables' FORWARD drop what no rule takes? Reads only; waits for iptables. 0, or negative
 * errno with a sentence in `err` (-ENOENT: there is no iptables).
 */
int ovnet_firewall_forward_drops(bool *drops, char *err, size_t size);

/*
 * Every rule ovnet ever made in this network namespace; as ovnet_kernel_cleanup(). Returns how
 * many sets of rules, or negative errno (logged).
 */
int ovnet_firewall_cleanup(bool dry_run, void (*report)(void *arg, const char *what), void *arg);

/*
 * flannel_rules.c: what flanneld left for the networks of `rules`, in iptables, and in the nftables
 * tables of v0.25+: its masquerade if `rules` has masquerade, its accepts if it has forward.
 * Rules of other networks stay. Calls `report` with a line for each set; removes if told to, a
 * table's in one step. How many sets, or negative errno with a sentence in `err`.
 */
int ovnet_firewall_flannels(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	bool remove, void (*report)(void *arg, const char *what), void *arg, char *err,
	size_t err_size);
/*
 * firewall_named.c: every rule of nftables (those of iptables' that are kept there, too) and of the
 * legacy tables that names this interface, or a pattern that means it; not ovnet's and
 * flanneld's own. Calls `report` with a line for each, at most OVNET_FIREWALL_NAMED. How many there
 * are.
 */
#define OVNET_FIREWALL_NAMED 50
unsigned ovnet_firewall_named(struct ovnet_firewall *f, const char *interface,
	void (*report)(void *arg, const char *what), void *arg);
/*
 * Does somebody drop what is forwarded by this interface, before or beside our accepts: firewalld,
 * which rejects what is of no zone, or a rule in front of ours in FORWARD? `why` says who, and
 * what to do.
 */
bool ovnet_firewall_rejects(
	struct ovnet_firewall *f, const char *interface, char *why, size_t size);

#endif
