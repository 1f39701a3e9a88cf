/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node in memory for the path's tests: ports that are lists of packets in and out, a FIB with
 * one peer, one worker's context. bed_close() asserts that no packet was lost or leaked, and frees
 * it.
 */
#ifndef OVNET_BED_PATH_H
#define OVNET_BED_PATH_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed/cmocka.h"
#include "fib/fib_writer.h"
#include "path/path.h"

#define BED_MBUFS    1023
#define BED_PORT_MAX 512

enum { HOST, UPLINK, ATTACH, ATTACH2, N_PORTS }; /* the last one: open_attached() */

#define OWN_IP     0x0aa8000cu /* 10.168.0.12, 10.5.82.0/24 */
#define PEER_IP    0x0aa8000du /* 10.168.0.13, 10.5.9.0/24 */
#define OWN_NET    0x0a055200u
#define PEER_NET   0x0a050900u
#define OWN_POD    (OWN_NET + 2)
#define PEER_POD   (PEER_NET + 2)
#define ATTACH_POD (OWN_NET + 9)
#define OTHER_POD  (OWN_NET + 10) /* at ATTACH2 */

struct bed_port {
	struct ovnet_port port;
	struct ovnet_port_queue queue;
	struct rte_mbuf *in[BED_PORT_MAX], *out[BED_PORT_MAX];
	uint16_t n_in, n_out;
	uint16_t room; /* packets tx takes before it is full */
	enum ovnet_drop full;
	int refuses; /* position in `out` at which one packet is refused, -1: none */
	unsigned tx_calls;
};

struct bed {
	struct ovnet_path_shared shared;
	struct ovnet_path_ctx ctx;
	struct ovnet_counters counters;
	struct ovnet_peer_counters peer_counters[16];
	struct ovnet_fib_writer *w;
	struct ovnet_nh_slot *nh;
	uint16_t mtu; /* of the ways to peers that are made from now on */
	struct ovnet_overlay overlay;
	struct bed_port port[N_PORTS];
	struct ovnet_queue_map *map;
};

extern struct rte_mempool *bed_pool;
extern const struct ovnet_path_ops *ops; /* of the level under test */
extern const struct ovnet_mac own_vtep;
extern const struct ovnet_mac peer_vtep;
extern const struct ovnet_mac uplink_mac;
extern const struct ovnet_mac gateway_mac;
extern const struct ovnet_mac attach_mac;
extern const struct ovnet_mac pod_mac;
extern const struct ovnet_mac attach2_mac;
extern const struct ovnet_mac other_mac; /* of what is at ATTACH2 */

/* Once per process: an EAL on these cores, and bed_pool. 0 or -1. */
int bed_eal(const char *lcores);

int bed_set_overlay(struct bed *b);
/* Has the address live at the attach port, from pod_mac. */
void bed_attach(struct bed *b, const struct ovnet_addr *addr);
int bed_add_peer(struct bed *b, uint32_t subnet, uint8_t len, uint32_t public_host,
	const struct ovnet_mac *vtep, struct ovnet_nh_slot *nh);

/* The node's only peer again, reached by `kind`, with the overlay that goes with it. */
void bed_set_kind(struct bed *b, enum ovnet_encap kind);

/* The way to the bed's peer, reached by VXLAN, gets another MTU. */
void bed_set_mtu(struct bed *b, uint16_t mtu);

void bed_set_validation(struct bed *b, enum ovnet_validation v);

/* Publishes a map of the ports there are; `mask` has a bit per port. */
void bed_map(struct bed *b, unsigned mask);

/* Enters the overlay, and the peer behind UPLINK, into the tables of b->w. */
void bed_tables(struct bed *b);

/* The caller's to close. */
struct bed *bed_open(uint16_t workers);
/* The same of a node without a host device: no port HOST, no default endpoint. */
struct bed *bed_open_hostless(void);
void bed_drain(struct bed *b);
void bed_close(struct bed *b);

/*
 * A packet for a port's rx: `len` bytes cut into segments of at most `seg` (0: one), the first of
 * `first` bytes if that is not 0.
 */
struct rte_mbuf *bed_packet(
	uint16_t in_port, const uint8_t *bytes, uint16_t len, uint16_t first, uint16_t seg);

void bed_receive(struct bed *b, unsigned port, struct rte_mbuf *m);
uint64_t bed_drops(const struct bed *b);
uint32_t be_sum(const uint8_t *at, uint32_t len, uint32_t sum);

static inline void be_put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void be_put32(uint8_t *at, uint32_t v)
{
	be_put16(at, v >> 16);
	be_put16(at + 2, v & 0xffff);
}

/* IPv4/UDP of `len` bytes in all (28 or more), checksums right. Returns len. */
uint16_t put_inner(uint8_t *b, uint32_t src, uint32_t dst, uint16_t sport, uint16_t len);

/* The IPv4 header's checksum, options and all. */
void put_sum4(uint8_t *ip);

void put_ether(uint8_t *b, const struct ovnet_mac *dst, const struct ovnet_mac *src);

/* The 64 bytes in front of `inner_len` bytes of inner packet, from the peer to us. */
void put_outer(uint8_t *b, uint16_t inner_len);

/* A whole packet from the peer's pod to ours. Returns its length. */
uint16_t put_vxlan(uint8_t *b, uint16_t inner_len);

/* Feeds the bytes into a port and expects them refused for `reason`, that alone. */
void bed_refused(
	struct bed *b, unsigned port, const uint8_t *bytes, uint16_t len, enum ovnet_drop reason);

/* The port's only packet sent, as bytes. */
uint16_t bed_sent(struct bed *b, unsigned port, uint8_t *bytes, uint16_t size);

/* main() of the suites that run at each level this CPU has. */
int bed_run_levels(const char *suite, const struct CMUnitTest *tests, size_t n);

#endif
