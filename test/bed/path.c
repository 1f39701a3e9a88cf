/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path.h"

#include <unistd.h>

#include <rte_eal.h>

#include "bed/memory_port.h"

struct rte_mempool *bed_pool;
const struct ovnet_path_ops *ops;
const struct ovnet_mac own_vtep = {{0x42, 0x1b, 0x85, 0x54, 0x27, 0x45}};
const struct ovnet_mac peer_vtep = {{0x8e, 0xde, 0xd7, 0x74, 0xfe, 0x63}};
const struct ovnet_mac uplink_mac = {{0xc6, 0x3a, 0x3d, 0xd0, 0xfb, 0x0a}};
const struct ovnet_mac gateway_mac = {{0x1e, 0xd8, 0x21, 0x34, 0x07, 0xec}};
const struct ovnet_mac attach_mac = {{2, 0, 0, 0, 0, 9}};
const struct ovnet_mac pod_mac = {{2, 0, 0, 0, 1, 9}};
const struct ovnet_mac attach2_mac = {{2, 0, 0, 0, 0, 10}};
const struct ovnet_mac other_mac = {{2, 0, 0, 0, 1, 10}};

static uint16_t bed_port_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct bed_port *d = q->port->priv;

	n = RTE_MIN(n, d->n_in);
	memcpy(pkts, d->in, n * sizeof(*pkts));
	memmove(d->in, d->in + n, (size_t)(d->n_in - n) * sizeof(*pkts));
	d->n_in -= n;
	return n;
}

static uint16_t bed_port_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct bed_port *d = q->port->priv;
	uint16_t i;

	d->tx_calls++;
	for (i = 0; i < n; i++) {
		q->tx_reason = d->full;
		if (d->n_out == d->room)
			break;
		q->tx_reason = OVNET_DROP_TX_REFUSED;
		if (d->n_out == d->refuses) {
			d->refuses = -1;
			break;
		}
		d->out[d->n_out++] = pkts[i];
	}
	return i;
}

static int bed_port_no_fd(struct ovnet_port_queue *q)
{
	(void)q;
	return -1;
}

static const struct ovnet_driver memory_driver = {
	.name = "memory", .rx = bed_port_rx, .tx = bed_port_tx, .wait_fd = bed_port_no_fd};

int bed_eal(const char *lcores)
{
	char prefix[32],
		self[] = "test",
		*argv[] = {self, (char *)"--no-huge", (char *)"-m", (char *)"64",
			(char *)"--no-pci", (char *)"--no-shconf", (char *)"--no-telemetry",
			(char *)"--log-level=error", (char *)"--file-prefix", prefix,
			(char *)"--lcores", (char *)lcores};

	snprintf(prefix, sizeof(prefix), "ovnet-test-%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		return -1;
	(void)rmdir(rte_eal_get_runtime_dir()); /* nothing is ever in there */
	bed_pool = ovnet_pool_new("bed", BED_MBUFS, 0, 2048, SOCKET_ID_ANY);
	return bed_pool == NULL ? -1 : 0;
}

static void bed_port_init(struct bed_port *d, uint16_t id, enum ovnet_port_role role, uint32_t caps,
	uint16_t mtu, struct ovnet_mac mac)
{
	const struct ovnet_port like = {
		.driver = &memory_driver, .id = id, .role = role, .caps = caps, .mtu = mtu};

	*d = (struct bed_port){.room = BED_PORT_MAX, .full = OVNET_DROP_TX_FULL, .refuses = -1};
	memory_port_init(&d->port, &d->queue, &like, &mac, d);
}

int bed_set_overlay(struct bed *b)
{
	return ovnet_fib_set_overlay(b->w, &b->overlay, 24, 64);
}

void bed_attach(struct bed *b, const struct ovnet_addr *addr)
{
	struct ovnet_prefix alone = {.family = addr->family};

	if (addr->family == AF_INET6) {
		alone.v6.len = 128;
		memcpy(alone.v6.addr, addr->v6, sizeof(addr->v6));
	} else {
		alone.v4 = (struct ovnet_prefix4){rte_be_to_cpu_32(addr->v4_be), 32};
	}
	assert_int_equal(ovnet_fib_set_endpoint(b->w, &alone, ATTACH, false, &pod_mac), 0);
}

int bed_add_peer(struct bed *b, uint32_t subnet, uint8_t len, uint32_t public_host,
	const struct ovnet_mac *vtep, struct ovnet_nh_slot *nh)
{
	struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {subnet, len}},
		.public_addr = ovnet_addr_v4(public_host),
		.mtu = b->mtu,
		.nh = nh};
	const struct ovnet_tunnel_conf vx = {.src = ovnet_addr_v4(OWN_IP),
		.dst = ovnet_addr_v4(public_host),
		.udp_port = 8472,
		.vni = 1,
		.outer = {.ttl = 64},
		.inner_src = own_vtep,
		.inner_dst = *vtep};

	ovnet_vxlan4_build(&conf.rewrite, &vx, AF_INET);
	return ovnet_fib_set_peer(b->w, &conf);
}

void bed_set_kind(struct bed *b, enum ovnet_encap kind)
{
	struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {PEER_NET, 24}},
		.public_addr = ovnet_addr_v4(PEER_IP),
		.mtu = b->mtu,
		.nh = b->nh,
		.encap = kind};
	const struct ovnet_tunnel_conf udp = {.src = ovnet_addr_v4(OWN_IP),
		.dst = ovnet_addr_v4(PEER_IP),
		.udp_port = 8285,
		.outer = {.ttl = 64, .df = true}};

	b->overlay.direct = kind == OVNET_ENCAP_DIRECT;
	b->overlay.tunnel = kind == OVNET_ENCAP_UDP4 ? OVNET_TUNNEL_UDP : OVNET_TUNNEL_NONE;
	b->overlay.udp_port = 8285;
	b->overlay.mtu = kind == OVNET_ENCAP_UDP4 ? 1472 : 1500;
	assert_int_equal(bed_set_overlay(b), 0);
	ovnet_udp4_build(&conf.rewrite, &udp);
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
}

void bed_set_mtu(struct bed *b, uint16_t mtu)
{
	b->mtu = mtu;
	assert_int_equal(bed_add_peer(b, PEER_NET, 24, PEER_IP, &peer_vtep, b->nh), 0);
}

void bed_set_validation(struct bed *b, enum ovnet_validation v)
{
	b->overlay.validation = v;
	assert_int_equal(bed_set_overlay(b), 0);
}

void bed_map(struct bed *b, unsigned mask)
{
	struct ovnet_port *ports[N_PORTS];
	uint32_t generation = b->map != NULL ? b->map->generation + 1 : 1;

	for (unsigned i = 0; i < N_PORTS; i++)
		ports[i] = mask & 1u << i ? &b->port[i].port : NULL;
	ovnet_queue_map_free(b->map);
	b->map = ovnet_queue_map_build(ports, N_PORTS, b->shared.n_workers, generation);
	assert_non_null(b->map);
	atomic_store(&b->shared.map, b->map);
	b->ctx.map = b->map;
}

void bed_tables(struct bed *b)
{
	struct ovnet_addr gw = ovnet_addr_v4(PEER_IP);

	b->overlay = (struct ovnet_overlay){.network = {0x0a050000, 16},
		.own = {OWN_NET, 24},
		.tunnel = OVNET_TUNNEL_VXLAN,
		.udp_port = 8472,
		.vni = 1,
		.vtep_mac = own_vtep,
		.src_port_min = 32768,
		.src_port_max = 60999,
		.mtu = 1450,
		.validation = OVNET_VALIDATE_STRICT};
	assert_int_equal(bed_set_overlay(b), 0);
	b->nh = ovnet_fib_nh_get(b->w, UPLINK, &gw);
	assert_non_null(b->nh);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, &gateway_mac, &uplink_mac), 0);
	assert_int_equal(bed_add_peer(b, PEER_NET, 24, PEER_IP, &peer_vtep, b->nh), 0);
}

static struct bed *bed_make(uint16_t workers)
{
	struct bed *b = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*b), 64));
	struct ovnet_addr attach_pod = ovnet_addr_v4(ATTACH_POD);

	assert_non_null(b);
	memset(b, 0, sizeof(*b));
	b->shared.n_workers = workers;
	b->mtu = 1500;
	assert_int_equal(ovnet_rcu_init(&b->shared.rcu, workers), 0);
	b->w = ovnet_fib_writer_new(&b->shared.fib, &b->shared.rcu, 16);
	assert_non_null(b->w);
	b->counters.peer = b->peer_counters;
	b->counters.peers = 16;
	b->ctx.shared = &b->shared;
	b->ctx.counters = &b->counters;
	ovnet_rate_init(&b->ctx.answers, 0, 0, 1, 0); /* nobody is answered */
	bed_port_init(
		&b->port[HOST], HOST, OVNET_PORT_HOST, OVNET_CAP_L3, 1450, (struct ovnet_mac){0});
	bed_port_init(
		&b->port[UPLINK], UPLINK, OVNET_PORT_UPLINK, OVNET_CAP_CHAINED, 1500, uplink_mac);
	bed_port_init(&b->port[ATTACH], ATTACH, OVNET_PORT_ATTACH, 0, 1450, attach_mac);
	bed_port_init(&b->port[ATTACH2], ATTACH2, OVNET_PORT_ATTACH, 0, 1450, attach2_mac);
	bed_tables(b);
	bed_attach(b, &attach_pod);
	return b;
}

struct bed *bed_open(uint16_t workers)
{
	struct bed *b = bed_make(workers);

	assert_int_equal(ovnet_fib_set_default_endpoint(b->w, HOST, true, NULL), 0);
	bed_map(b, 1 << HOST | 1 << UPLINK | 1 << ATTACH);
	return b;
}

struct bed *bed_open_hostless(void)
{
	struct bed *b = bed_make(1);

	bed_map(b, 1 << UPLINK | 1 << ATTACH);
	return b;
}

void bed_drain(struct bed *b)
{
	for (unsigned i = 0; i < N_PORTS; i++) {
		rte_pktmbuf_free_bulk(b->port[i].in, b->port[i].n_in);
		rte_pktmbuf_free_bulk(b->port[i].out, b->port[i].n_out);
		b->port[i].n_in = b->port[i].n_out = 0;
	}
}

void bed_close(struct bed *b)
{
	bed_drain(b);
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	ovnet_fib_writer_free(b->w);
	ovnet_queue_map_free(b->map);
	ovnet_rcu_fini(&b->shared.rcu);
	free(b);
}

struct rte_mbuf *bed_packet(
	uint16_t in_port, const uint8_t *bytes, uint16_t len, uint16_t first, uint16_t seg)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bed_pool), *last = m;
	uint16_t at = 0, n = first != 0 ? RTE_MIN(first, len) : seg != 0 ? RTE_MIN(seg, len) : len;

	if (m == NULL)
		abort(); /* the bed's pool is larger than any case needs */
	ovnet_meta_reset(m, in_port);
	for (;;) {
		memcpy(rte_pktmbuf_mtod(last, char *), bytes + at, n);
		last->data_len = n;
		at += n;
		if (at == len)
			break;
		last->next = rte_pktmbuf_alloc(bed_pool);
		if (last->next == NULL)
			abort();
		last = last->next;
		m->nb_segs++;
		n = seg != 0 ? RTE_MIN(seg, len - at) : (uint16_t)(len - at);
	}
	m->pkt_len = len;
	return m;
}

void bed_receive(struct bed *b, unsigned port, struct rte_mbuf *m)
{
	assert_in_range(b->port[port].n_in, 0, BED_PORT_MAX - 1);
	b->port[port].in[b->port[port].n_in++] = m;
}

uint64_t bed_drops(const struct bed *b)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		n += b->counters.drops[i];
	return n;
}

uint32_t be_sum(const uint8_t *at, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	if (len & 1)
		sum += (uint32_t)at[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint16_t put_inner(uint8_t *b, uint32_t src, uint32_t dst, uint16_t sport, uint16_t len)
{
	memset(b, 0, 28);
	for (uint16_t i = 28; i < len; i++)
		b[i] = (uint8_t)(i * 7);
	b[0] = 0x45;
	be_put16(b + 2, len);
	b[6] = 0x40;
	b[8] = 63;
	b[9] = 17;
	be_put32(b + 12, src);
	be_put32(b + 16, dst);
	be_put16(b + 10, ~be_sum(b, 20, 0));
	be_put16(b + 20, sport);
	be_put16(b + 22, 53);
	be_put16(b + 24, len - 20u);
	be_put16(b + 26, ~be_sum(b + 20, len - 20u, be_sum(b + 12, 8, 17 + len - 20u)));
	return len;
}

void put_sum4(uint8_t *ip)
{
	be_put16(ip + 10, 0);
	be_put16(ip + 10, ~be_sum(ip, (ip[0] & 15u) * 4, 0));
}

void put_ether(uint8_t *b, const struct ovnet_mac *dst, const struct ovnet_mac *src)
{
	memcpy(b, dst->b, 6);
	memcpy(b + 6, src->b, 6);
	be_put16(b + 12, 0x0800);
}

void put_outer(uint8_t *b, uint16_t inner_len)
{
	memset(b, 0, 64);
	put_ether(b, &uplink_mac, &gateway_mac);
	b[14] = 0x45;
	be_put16(b + 16, inner_len + 50u);
	b[22] = 64;
	b[23] = 17;
	be_put32(b + 26, PEER_IP);
	be_put32(b + 30, OWN_IP);
	be_put16(b + 24, ~be_sum(b + 14, 20, 0));
	be_put16(b + 34, 40000);
	be_put16(b + 36, 8472);
	be_put16(b + 38, inner_len + 30u);
	b[42] = 8;
	b[48] = 1;
	put_ether(b + 50, &own_vtep, &peer_vtep);
}

uint16_t put_vxlan(uint8_t *b, uint16_t inner_len)
{
	put_inner(b + 64, PEER_POD, OWN_POD, 1000, inner_len);
	put_outer(b, inner_len);
	return (uint16_t)(inner_len + 64);
}

void bed_refused(
	struct bed *b, unsigned port, const uint8_t *bytes, uint16_t len, enum ovnet_drop reason)
{
	uint64_t all = bed_drops(b), before = b->counters.drops[reason];
	unsigned avail = rte_mempool_avail_count(bed_pool);

	for (unsigned i = 0; i < 3; i++)
		bed_receive(b, port, bed_packet((uint16_t)port, bytes, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 3);
	if (b->counters.drops[reason] != before + 3 || bed_drops(b) != all + 3)
		fail_msg("expected 3 x %s, got %lu of %lu", ovnet_drop_name(reason),
			(unsigned long)(b->counters.drops[reason] - before),
			(unsigned long)(bed_drops(b) - all));
	assert_int_equal(rte_mempool_avail_count(bed_pool), avail);
}

uint16_t bed_sent(struct bed *b, unsigned port, uint8_t *bytes, uint16_t size)
{
	assert_int_equal(b->port[port].n_out, 1);
	struct rte_mbuf *m = b->port[port].out[0];
	uint16_t len = (uint16_t)m->pkt_len;
	assert_in_range(len, 1, size);
	rte_mbuf_sanity_check(m, 1);
	const void *at = rte_pktmbuf_read(m, 0, len, bytes);
	assert_non_null(at);
	if (at != bytes)
		memcpy(bytes, at, len);
	return len;
}

int bed_run_levels(const char *suite, const struct CMUnitTest *tests, size_t n)
{
	static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
	int failed = 0;

	if (bed_eal("0") != 0)
		return 1;
	for (unsigned i = 0; i < RTE_DIM(levels); i++) {
		ops = ovnet_path_select(levels[i]);
		if (ops == NULL)
			continue;
		printf("# %s\n", ops->level);
		failed += _cmocka_run_group_tests(suite, tests, n, NULL, NULL);
	}
	return failed;
}
