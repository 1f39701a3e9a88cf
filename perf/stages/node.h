/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node for the stage benchmark: the real FIB and path between two ports in this process. The
 * source hands out the same packets over and over, in an order that is not the memory's, and
 * puts back what the path changed of each; the sink takes all. Between rotations, when no clock
 * runs, packets get other peers.
 */
#ifndef OVNET_PERF_NODE_H
#define OVNET_PERF_NODE_H

#include "bed/addr6.h"
#include "fib/fib_writer.h"
#include "path/path.h"

#define PACKETS_MAX 16384
#define FLOWS       64 /* per peer */

enum { HOST_PORT, UPLINK_PORT, N_PORTS };

enum mix { UNIFORM, ZIPF }; /* which peers packets are for; Zipf's exponent is 1 */

struct backend {
	const char *name;
	enum ovnet_encap kind;
	bool v6;        /* inside and, but for host-gw, outside */
	bool csum;      /* outer UDP checksum over IPv6 */
	uint16_t front; /* bytes in front of the inner packet on the wire */
	/* Not NULL: of the peers, and so of the packets, every other one is that one's. */
	const struct backend *other;
};

struct packet {
	struct rte_mbuf *m;
	const struct backend *be;
	uint32_t peer;
	uint16_t flow;
	uint16_t len;  /* inner IP packet */
	uint8_t mark;  /* what its payload begins with */
	uint32_t hops; /* the inner header's word with the TTL, where the path changes it */
};

struct run_conf {
	const struct backend *backend;
	bool decap, strict;
	uint32_t peers;
	enum mix mix;
	uint32_t packets; /* in rotation, a multiple of burst */
	uint16_t burst;   /* received at once */
	const char *size;
	const uint16_t *sizes; /* of inner IP packets, taken in turn; ends with 0 */
	const struct ovnet_path_ops *ops;
};

struct source {
	struct ovnet_port port;
	struct ovnet_port_queue q;
	struct packet *packets; /* NULL: this port has nothing to receive */
	uint32_t n_packets;
	uint16_t burst;
	bool outer;       /* received with outer headers */
	bool counts_down; /* the path takes a hop off, to be put back */
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
	double *share; /* ZIPF: of the first so many peers together, of all packets */
	uint64_t seed;
	uint64_t *table; /* what the floor looks up: a word for each peer */
	struct packet packets[PACKETS_MAX];
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
#define NETWORK4        0x0a000000u
#define PEER_SUBNET(i)  (NETWORK4 + ((i) << 8))
#define FLOW_PORT(flow) (20000u + (flow)*3u)
#define SPORT_MIN       32768
#define SPORT_MAX       60999
#define UDP_PORT        8472
#define VNI             1

struct ovnet_mac peer_vtep(uint32_t peer);
struct ovnet_mac gateway_mac(uint32_t peer);
extern const struct ovnet_mac own_vtep, own_mac;
const struct backend *backend_of(const struct backend *be, uint32_t i);

/* Do its packets go the short way (path/plain.h)? */
static inline bool is_plain(const struct run_conf *c)
{
	return c->backend->kind == OVNET_ENCAP_VXLAN4 && c->backend->other == NULL;
}

/* The port packets come by. */
static inline struct source *source_of(struct node *n)
{
	return &n->port[n->conf.decap ? UPLINK_PORT : HOST_PORT];
}

/* NULL: no memory (said on stderr). */
struct node *node_new(const struct run_conf *conf, struct rte_mempool *pool);
void node_free(struct node *n);

/* packets.c: 0 or -ENOMEM. */
int packets_make(struct node *n, struct rte_mempool *pool);
/* The next rotation's: each for a peer drawn anew. */
void packets_renew(struct node *n);

/*
 * expect.c: writes what the packet has to look like, built byte by byte without the code under
 * test; returns its length. `body`: the payload as well, or it is there. `id`: the outer IP id.
 */
uint16_t expect_inner(uint8_t *b, const struct packet *p, bool from_peer, bool body);
uint16_t expect_outer(uint8_t *b, const struct packet *p, bool from_peer, bool body, uint16_t id);
/* Every packet as the path left it. 0, or how many are wrong (the first is said on stderr). */
unsigned node_verify(const struct node *n);

#endif
