/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this node is in the cluster: the network config, our lease, the MTU that follows, how far
 * the start has come. The lease client's events reach it through reactions.c. Control thread only.
 */
#ifndef OVNET_APP_NODE_NODE_H
#define OVNET_APP_NODE_NODE_H

#include "base/patience.h"
#include "conf/conf.h"
#include "lease/lease_client.h"
#include "port/udp_guard.h"
#include "run/warnings.h"

/* How far this daemon has come; never back. */
enum node_phase {
	NODE_WAITING,    /* for a network config that can be served, and a lease */
	NODE_CONFIGURED, /* both are there: `netconf`, `own`, `overlay_mtu` are valid */
	NODE_READY,      /* tables, filters and host device are set up */
	NODE_SYNCED,     /* all peers were listed */
	NODE_SETTLED,    /* all of them are in the FIB; subnet.env written, or tried again */
};

struct node {
	const struct conf *conf;
	struct warnings *warnings;
	struct ovnet_addr public_ip;
	struct ovnet_addr public_ip6; /* family 0: none */
	enum node_phase phase;
	struct ovnet_netconf netconf;
	struct ovnet_lease own;
	bool drained; /* `own` was left to another node: until the next lease no address is ours */
	uint16_t overlay_mtu;
	bool env_written;                 /* subnet.env is as it should be */
	struct ovnet_udp_guard udp_guard; /* the overlay port, bound in the kernel */
	bool guarded;
	bool port_later; /* a device of flannel's has it until it is taken over (takeover/) */
};

void node_init(struct node *n, const struct conf *conf, struct warnings *warnings);
void node_fini(struct node *n);

/* Does nothing where it has come as far already. */
void node_advance(struct node *n, enum node_phase phase);
bool node_has(const struct node *n, enum node_phase phase);

/* As configured, or the addresses given. 0 or -EINVAL, logged. */
int node_choose_public_ip(
	struct node *n, const struct ovnet_addr *addr, const struct ovnet_addr *addr6);
/*
 * Our VTEP MACs for a lease under `c`, which the backend takes: those we have, those of the lease
 * before, or new ones. 0 or -EIO.
 */
int node_choose_macs(const struct node *n, const struct ovnet_netconf *c,
	const struct ovnet_lease *previous, struct ovnet_lease *own);
/*
 * hold_port.c: holds the overlay's UDP port where the backend has one and it is not to be had
 * later; once. 0 or -errno (logged); -EAGAIN: not yet.
 */
int node_hold_port(struct node *n, struct ovnet_patience *patience, const struct ovnet_netconf *c);
/* The network config and our lease are these from now on. `underlay_mtu`: the smallest uplink's. */
void node_take_lease(struct node *n, const struct ovnet_netconf *c, const struct ovnet_lease *own,
	uint16_t underlay_mtu);
/* There is none any more; what was made for it stays. */
void node_leave_lease(struct node *n);
/* Is there one now? */
bool node_has_lease(const struct node *n);
/* Writes subnet.env, and tells systemd. A failure is a warning, tried again by the check. */
void node_write_env(struct node *n);
/* What the lease client is to be told: `c->previous` is read from subnet.env. */
void node_lease_conf(const struct node *n, struct ovnet_lease_conf *c);

#endif
