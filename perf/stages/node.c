/* SPDX-License-Identifier: BSD-3-Clause */
#include "node.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_prefetch.h>

#include "base/large.h"
#include "bed/memory_port.h"

/* A flat underlay up to here, gateways behind it. */
#define NEXT_HOPS 256u

const struct ovnet_mac own_vtep = {{0x42, 0, 0, 0, 0, 0x01}};
const struct ovnet_mac own_mac = {{0x02, 0, 0, 0, 0, 0x01}};

struct ovnet_mac peer_vtep(uint32_t peer)
{
	return (struct ovnet_mac){
		{0x46, 0, 0, (uint8_t)(peer >> 16), (uint8_t)(peer >> 8), (uint8_t)peer}};
}

struct ovnet_mac gateway_mac(uint32_t peer)
{
	return (struct ovnet_mac){{0x06, 0, 0, 0, 0, (uint8_t)(peer % NEXT_HOPS)}};
}

/*
 * What a driver writes of an mbuf it receives into, and the metadata it resets, as all but DPDK's
 * do (OVNET_CAP_BARE).
 */
static uint16_t source_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct source *s = q->port->priv;

	if (s->packets == NULL)
		return 0;
	n = RTE_MIN(n, s->burst);
	struct packet *p = &s->packets[s->next];
	for (uint16_t i = 0; i < n; i++) {
		/* As drivers do: the line of a packet some way ahead. */
		const struct packet *ahead = &s->packets[(s->next + i + 8) % s->n_packets];
		rte_prefetch0(ahead->m);
		rte_prefetch0(ovnet_meta(ahead->m));
		struct rte_mbuf *m = p[i].m;
		const uint16_t front = s->outer ? p[i].be->front : 0;
		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->nb_segs = 1;
		m->port = q->port->id;
		m->ol_flags = 0;
		m->data_len = (uint16_t)(p[i].len + front);
		m->pkt_len = m->data_len;
		ovnet_meta_reset(m, q->port->id);
		if (s->counts_down)
			memcpy(rte_pktmbuf_mtod_offset(m, char *, front + 8), &p[i].hops, 4);
		pkts[i] = m;
	}
	s->next = (s->next + n) % s->n_packets;
	return n;
}

static uint16_t sink_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct source *s = q->port->priv;

	(void)pkts;
	s->sent += n;
	return n;
}

static const struct ovnet_driver memory = {.name = "memory", .rx = source_rx, .tx = sink_tx};

const struct backend *backend_of(const struct backend *be, uint32_t i)
{
	return be->other != NULL && (i & 1) ? be->other : be;
}

static void build_rewrite(const struct node *n, struct ovnet_peer_conf *conf, uint32_t i)
{
	const struct backend *be = backend_of(n->conf.backend, i);
	bool v6 = be->v6;
	const struct ovnet_tunnel_conf t = {
		.src = v6 ? addr_of(A(UNDERLAY6, OWN_UNDERLAY)) : ovnet_addr_v4(OWN_UNDERLAY),
		.dst = conf->public_addr,
		.udp_port = UDP_PORT,
		.vni = VNI,
		.outer = {.ttl = 64},
		.inner_src = own_vtep,
		.inner_dst = peer_vtep(i)};

	conf->encap = be->kind;
	if (conf->encap == OVNET_ENCAP_VXLAN6)
		ovnet_vxlan6_build(&conf->rewrite, &t);
	else if (conf->encap == OVNET_ENCAP_UDP4)
		ovnet_udp4_build(&conf->rewrite, &t);
	else if (conf->encap == OVNET_ENCAP_VXLAN4)
		ovnet_vxlan4_build(&conf->rewrite, &t, AF_INET);
}

static int add_peer(struct node *n, uint32_t i)
{
	struct ovnet_addr gw = ovnet_addr_v4(PEER_UNDERLAY + i % NEXT_HOPS);
	struct ovnet_mac dst = gateway_mac(i);
	struct ovnet_nh_slot *nh = ovnet_fib_nh_get(n->w, UPLINK_PORT, &gw);
	struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {PEER_SUBNET(i), 24}},
		.public_addr = ovnet_addr_v4(PEER_UNDERLAY + i),
		.mtu = 1500,
		.nh = nh};

	if (nh == NULL || ovnet_fib_nh_set(n->w, nh, &dst, &own_mac) != 0)
		return -1;
	if (backend_of(n->conf.backend, i)->v6) {
		conf.subnet = subnet_of(A(PEER_SUBNET6(i), 0), 64);
		conf.public_addr = addr_of(A(UNDERLAY6, PEER_UNDERLAY + i));
	}
	build_rewrite(n, &conf, i);
	int rc = ovnet_fib_set_peer(n->w, &conf);
	ovnet_fib_nh_put(n->w, nh);
	ovnet_rcu_reclaim(&n->shared.rcu);
	return rc;
}

static int fill_fib(struct node *n)
{
	const struct backend *be = n->conf.backend;
	const struct ovnet_overlay o = {.network = {0x0a000000, 7},
		.own = {OWN_SUBNET, 24},
		.network6 = prefix_of(A(NETWORK6, 0), 47),
		.own6 = prefix_of(A(OWN_SUBNET6, 0), 64),
		.tunnel = be->kind == OVNET_ENCAP_UDP4     ? OVNET_TUNNEL_UDP
			  : be->kind == OVNET_ENCAP_DIRECT ? OVNET_TUNNEL_NONE
							   : OVNET_TUNNEL_VXLAN,
		.direct = be->kind == OVNET_ENCAP_DIRECT ||
			  (be->other != NULL && be->other->kind == OVNET_ENCAP_DIRECT),
		.udp_port = UDP_PORT,
		.vni = VNI,
		.vtep_mac = own_vtep,
		.vtep_mac6 = own_vtep,
		.src_port_min = SPORT_MIN,
		.src_port_max = SPORT_MAX,
		.mtu = 1450,
		.outer = {.csum6 = be->csum || (be->other != NULL && be->other->csum)},
		.validation = n->conf.strict ? OVNET_VALIDATE_STRICT : OVNET_VALIDATE_OFF};

	if (ovnet_fib_set_overlay(n->w, &o, 24, 64) != 0 ||
		ovnet_fib_set_default_endpoint(n->w, HOST_PORT, true, NULL) != 0)
		return -1;
	for (uint32_t i = 0; i < n->conf.peers; i++)
		if (add_peer(n, i) != 0)
			return -1;
	return 0;
}

static int open_ports(struct node *n)
{
	struct ovnet_port *ports[N_PORTS];

	for (uint16_t i = 0; i < N_PORTS; i++) {
		struct source *s = &n->port[i];
		const struct ovnet_port like = {.driver = &memory,
			.id = i,
			.role = i == HOST_PORT ? OVNET_PORT_HOST : OVNET_PORT_UPLINK,
			.caps = i == HOST_PORT ? OVNET_CAP_L3 : 0,
			.mtu = 1500};
		memory_port_init(&s->port, &s->q, &like, &own_mac, s);
		ports[i] = &s->port;
	}
	struct source *s = source_of(n);
	s->packets = n->packets;
	s->n_packets = n->conf.packets;
	s->burst = n->conf.burst;
	s->outer = n->conf.decap;
	s->counts_down = n->conf.backend->kind == OVNET_ENCAP_UDP4;
	n->map = ovnet_queue_map_build(ports, N_PORTS, 1, 1);
	atomic_store(&n->shared.map, n->map);
	return n->map == NULL ? -1 : 0;
}

struct node *node_new(const struct run_conf *conf, struct rte_mempool *pool)
{
	struct node *n = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*n), 64));

	if (n == NULL)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->conf = *conf;
	n->shared.n_workers = 1;
	n->ctx.shared = &n->shared;
	n->ctx.counters = &n->counters;
	n->counters.peers = conf->peers;
	n->counters.peer = ovnet_large_calloc(conf->peers, sizeof(n->counters.peer[0]));
	n->table = calloc(conf->peers, sizeof(n->table[0]));
	if (n->counters.peer != NULL && n->table != NULL && ovnet_rcu_init(&n->shared.rcu, 1) == 0)
		n->w = ovnet_fib_writer_new(&n->shared.fib, &n->shared.rcu, conf->peers);
	if (n->w == NULL || fill_fib(n) != 0 || open_ports(n) != 0 || packets_make(n, pool) != 0) {
		fprintf(stderr, "stages: no memory for %u peers and %u packets\n", conf->peers,
			conf->packets);
		node_free(n);
		return NULL;
	}
	return n;
}

void node_free(struct node *n)
{
	for (uint32_t i = 0; i < n->conf.packets; i++)
		rte_pktmbuf_free(n->packets[i].m);
	ovnet_fib_writer_free(n->w);
	ovnet_queue_map_free(n->map);
	ovnet_rcu_fini(&n->shared.rcu);
	ovnet_large_free(n->counters.peer, n->conf.peers, sizeof(n->counters.peer[0]));
	free(n->share);
	free(n->table);
	free(n);
}
