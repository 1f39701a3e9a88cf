/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node for the stage benchmark: the real FIB and path between two ports in this process. The
 * source hands out the same packets over and over, in an order that is not the memory's, and
 * puts back what the path changed of each; the sink takes all.
 */
#ifndef OVNET_PERF_NODE_H
#define OVNET_PERF_NODE_H

#include "bed/addr6.h"
#include "fib/fib_writer.h"
#include "path/path.h"

#define PACKETS 8192 /* in rotation: more than a core's own caches hold */
#define FLOWS   64   /* per peer */

enum { HOST_PORT, UPLINK_PORT, N_PORTS };

struct packet {
	struct rte_mbuf *m;
	uint32_t peer;
	uint16_t flow;
	uint16_t len;  /* inner IP packet */
	uint32_t hops; /* the inner header's word with the TTL, where the path changes it */
};

struct backend {
	const char *name;
	enum ovnet_encap kind;
	bool v6;        /* inside and, but for host-gw, outside */
	bool csum;      /* outer UDP checksum over IPv6 */
	uint16_t front; /* bytes in front of the inner packet on the wire */
};

struct run_conf {
	const struct backend *backend;
	bool decap, strict;
	uint32_t peers;
	const uint16_t *sizes; /* of inner IP packets, taken in turn; ends with 0 */
	const struct ovnet_path_ops *ops;
};

struct source {
	struct ovnet_port port;
	struct ovnet_port_queue q;
	struct packet *packets; /* NULL: this port has nothing to receive */
	uint16_t wire;          /* bytes in front of the inner packet when received */
	bool counts_down;       /* the path takes a hop off, to be put back */
	uint32_t next;
	uint64_t sent;
};

struct node {
	struct run_conf conf;
	struct ovnet_path_shared shared;
	struct ovnet_path_ctx ctx;
	struct ovnet_counters counters;
	struct ovnet_fib_writer *w;
	struct ovnet_queue_map *map;
	struct source port[N_PORTS];
	struct packet packets[PACKETS];
};

/* Addresses, all host order; peers' subnets are /24 from 10.0.0.0 on. */
#define OWN_UNDERLAY  0xac1f0001u
#define PEER_UNDERLAY 0xac200000u
#define OWN_SUBNET    0x0bffff00u
/* The upper halves, of the network, too; subnets are /64. */
#define NETWORK6        0xfd10000000000000u
#define OWN_SUBNET6     0xfd1000000001ffffu
#define PEER_SUBNET6(i) (NETWORK6 + (i))
#define UNDERLAY6       0xfd20000000000000u /* and an IPv4 address as the lower half */
#define PEER_SUBNET(i)  (0x0a000000u + ((i) << 8))
#define FLOW_PORT(flow) (20000u + (flow)*3u)
#define SPORT_MIN       32768
#define SPORT_MAX       60999
#define UDP_PORT        8472
#define VNI             1

struct ovnet_mac peer_vtep(uint32_t peer);
struct ovnet_mac gateway_mac(uint32_t peer);
extern const struct ovnet_mac own_vtep, own_mac;

/* NULL: no memory (said on stderr). */
struct node *node_new(const struct run_conf *conf, struct rte_mempool *pool);
void node_free(struct node *n);

/*
 * expect.c: writes what the packet has to look like, built byte by byte without the code under
 * test; returns its length. `id`: the outer IP id it carries.
 */
uint16_t expect_inner(uint8_t *b, const struct backend *be, const struct packet *p, bool from_peer);
uint16_t expect_outer(
	uint8_t *b, const struct backend *be, const struct packet *p, bool from_peer, uint16_t id);
/* Every packet as the path left it. 0, or how many are wrong (the first is said on stderr). */
unsigned node_verify(const struct node *n);

#endif
