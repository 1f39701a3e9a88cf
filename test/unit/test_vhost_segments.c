/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP in packets of up to 64 KB, out of and into a guest made by hand; sums by RFC 1071, here. */
#include "bed/vhost_port.h"
#include "port/vhost_gate.h"

#define IND       VG_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define MRG       VG_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define CSUM      (VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_NET_F_GUEST_CSUM))
#define HOST_TSO  (VG_BIT(VIRTIO_NET_F_HOST_TSO4) | VG_BIT(VIRTIO_NET_F_HOST_TSO6))
#define GUEST_TSO (VG_BIT(VIRTIO_NET_F_GUEST_TSO4) | VG_BIT(VIRTIO_NET_F_GUEST_TSO6))
#define ALL       (IND | MRG | CSUM | HOST_TSO | GUEST_TSO | VG_BIT(VIRTIO_NET_F_HOST_ECN))
#define NOT_OFFERED                                                        \
	(VG_BIT(VIRTIO_NET_F_GUEST_ECN) | VG_BIT(VIRTIO_NET_F_GUEST_UFO) | \
		VG_BIT(VIRTIO_NET_F_HOST_UFO) | VG_BIT(54) | VG_BIT(55) | VG_BIT(56))
#define TCP    32 /* bytes of the header: with timestamps */
#define OPTION 8  /* an IPv6 header of destination options */
#define MSS    1368
#define MOST   (14 + 65535)
#define ROOM   2048 /* of the packet pool's buffers */

static uint8_t frame[MOST + 100], seen[MOST + 100];

struct shape {
	bool v6, options;
	size_t payload;
};

static size_t at_tcp(const struct shape *s)
{
	return 14u + (s->v6 ? 40u + (s->options ? OPTION : 0u) : 20u);
}

static uint32_t words(const uint8_t *b, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)b[i] << 8 : b[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 9293 3.1 and RFC 8200 8.1, of the whole packet. */
static uint16_t pseudo(const uint8_t *b, const struct shape *s)
{
	const uint32_t rest = 6 + TCP + (uint32_t)s->payload;

	return (uint16_t)(s->v6 ? words(b + 22, 32, rest) : words(b + 26, 8, rest));
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A TCP packet in `frame`, its checksum left undone; its length. */
static size_t build(const struct shape *s)
{
	const size_t tcp = at_tcp(s), len = tcp + TCP + s->payload;

	memset(frame, 0, tcp + TCP);
	memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, 12);
	put16(frame + 12, s->v6 ? 0x86dd : 0x0800);
	if (s->v6) {
		frame[14] = 0x60;
		put16(frame + 18, len - 54);
		frame[20] = s->options ? 60 : 6;
		frame[21] = 64;
		frame[22] = frame[38] = 0xfd;
		frame[37] = 7, frame[53] = 9;
		if (s->options)
			memcpy(frame + 54, (uint8_t[OPTION]){6, 0, 1, 4}, OPTION);
	} else {
		memcpy(frame + 14,
			(uint8_t[]){0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 5, 1, 7, 10, 5,
				2, 9},
			20);
		put16(frame + 16, len - 14);
		put16(frame + 24, (uint16_t)~words(frame + 14, 20, 0));
	}
	frame[tcp + 12] = TCP / 4 << 4;
	frame[tcp + 13] = 0x10;
	memcpy(frame + tcp + 20, (uint8_t[]){1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}, 12);
	for (size_t i = tcp + TCP; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8));
	put16(frame + tcp + 16, pseudo(frame, s));
	return len;
}

static struct virtio_net_hdr_v1 header(const struct shape *s)
{
	return (struct virtio_net_hdr_v1){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = MSS,
		.hdr_len = (uint16_t)(at_tcp(s) + TCP),
		.csum_start = (uint16_t)at_tcp(s),
		.csum_offset = 16};
}

static const struct shape shapes[] = {{false, false, MSS + 1}, {true, false, MSS + 1},
	{false, false, ROOM - 66}, {false, false, 2 * ROOM - 66}, {false, false, 2 * ROOM - 65},
	{true, true, 20000}, {false, false, 65535 - 20 - TCP}, {true, false, 65535 - 40 - TCP}};

/* What the path gets of a packet that is in `frame`. */
static void is_taken(struct vp *p, const struct shape *s, size_t len)
{
	struct rte_mbuf *m;

	assert_int_equal(vp_rx(p, 0, &m, 1, 1000), 1);
	const struct ovnet_meta *meta = ovnet_meta(m);
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->nb_segs, (len + ROOM - 1) / ROOM);
	assert_memory_equal(rte_pktmbuf_read(m, 0, (uint32_t)len, seen), frame, len);
	assert_int_equal(meta->offload, OVNET_OFF_CSUM | (s->v6 ? OVNET_OFF_TSO6 : OVNET_OFF_TSO4));
	assert_int_equal(meta->gso_size, MSS);
	assert_int_equal(meta->csum_start, at_tcp(s));
	assert_int_equal(meta->csum_offset, 16);
	for (const struct rte_mbuf *b = m; b != NULL; b = b->next)
		assert_ptr_equal(b->pool, lab_pool);
	rte_pktmbuf_free(m);
}

static void meets(struct vp *p, struct vg *g, uint64_t features, bool packed)
{
	const struct vg_conf conf = {.path = p->path, .packed = packed, .features = features};

	assert_true(vg_open(g, &conf));
	vp_meet(p, g);
}

static void goes(struct vp *p, struct vg *g)
{
	vg_close(g);
	assert_true(vp_becomes(p, false));
}

static void out_of_a_guest(void **state)
{
	struct vp p;
	struct vg g;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	for (unsigned how = 0; how < 2 * 3 * RTE_DIM(shapes); how++) {
		const struct shape *s = &shapes[how / 6];
		const struct virtio_net_hdr_v1 hdr = header(s);
		if (how % 3 == 0)
			meets(&p, &g, ALL, how % 6 >= 3);
		size_t len = build(s);
		assert_true(vg_send(&g, 1, &hdr, frame, len, how % 3));
		is_taken(&p, s, len);
		if (how % 3 == 2)
			goes(&p, &g);
	}
	vp_close(&p);
	lab_no_leak();
}

/* Where headers begin, how long they are and what stands in the checksum is the packet's to say. */
static void what_a_guest_says_of_headers_is_not_believed(void **state)
{
	const struct shape *s = &shapes[5];
	struct virtio_net_hdr_v1 hdr[4];
	struct vp p;
	struct vg g;

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(hdr); i++)
		hdr[i] = header(s);
	hdr[1].csum_start = 40, hdr[1].csum_offset = 2;
	hdr[2].hdr_len = 3, hdr[2].gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	hdr[3].flags = 0, hdr[3].gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	vp_open_offloads(&p, "guest", true, 1);
	meets(&p, &g, ALL, false);
	for (unsigned i = 0; i < RTE_DIM(hdr); i++) {
		size_t len = build(s);
		put16(frame + at_tcp(s) + 16, 0x1234);
		assert_true(vg_send(&g, 1, &hdr[i], frame, len, VG_INDIRECT));
		build(s);
		is_taken(&p, s, len);
	}
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

static void is_refused(struct vp *p, struct vg *g, const struct virtio_net_hdr_v1 *hdr, size_t len)
{
	uint64_t before = vp_drops(p, OVNET_DROP_GSO_STATE);
	struct rte_mbuf *m;

	assert_true(vg_send(g, 1, hdr, frame, len, VG_PLAIN));
	assert_true(vg_send(g, 1, NULL, frame, 60, VG_PLAIN));
	assert_int_equal(vp_rx(p, 0, &m, 1, 1000), 1);
	assert_int_equal(m->pkt_len, 60);
	assert_int_equal(vp_drops(p, OVNET_DROP_GSO_STATE), before + 1);
	rte_pktmbuf_free(m);
	lab_no_leak();
}

static void what_was_not_agreed_is_refused(void **state)
{
	const struct shape *v4 = &shapes[6], *v6 = &shapes[7];
	struct virtio_net_hdr_v1 hdr;
	struct vp p;
	struct vg g;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	meets(&p, &g, IND | CSUM | VG_BIT(VIRTIO_NET_F_HOST_TSO4), false);
	hdr = header(v6);
	is_refused(&p, &g, &hdr, build(v6));
	/* Of 64 KB, and not to be cut; to be cut as UDP. */
	hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	is_refused(&p, &g, &hdr, build(v4));
	is_refused(&p, &g, NULL, build(v4));
	hdr.gso_type = 5;
	is_refused(&p, &g, &hdr, build(v4));
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	build(v4);
	frame[23] = 17;
	is_refused(&p, &g, &hdr, 3000);
	goes(&p, &g);

	/* No feature at all: what is larger than a buffer is not even copied. */
	meets(&p, &g, IND | CSUM, false);
	hdr = header(v4);
	is_refused(&p, &g, &hdr, build(&(struct shape){.payload = MSS}));
	struct rte_mbuf *m;
	assert_true(vg_send(&g, 1, &hdr, frame, build(v4), VG_PLAIN));
	assert_int_equal(vp_rx(&p, 0, &m, 1, 5), 0);
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

/* As `merge` makes it: a first buffer with the headers, and others. */
static struct rte_mbuf *to_guest(const struct shape *s, size_t len)
{
	struct rte_mbuf *m = lab_mbuf(frame, len, (unsigned)((len + 1399) / 1400));
	struct ovnet_meta *meta = ovnet_meta(m);

	meta->offload = OVNET_OFF_CSUM | (s->v6 ? OVNET_OFF_TSO6 : OVNET_OFF_TSO4);
	meta->gso_size = MSS;
	meta->csum_start = (uint16_t)at_tcp(s);
	meta->csum_offset = 16;
	meta->hdr_len = (uint16_t)(at_tcp(s) - 14 + TCP);
	return m;
}

static void is_received(struct vg *g, const struct shape *s, size_t len)
{
	struct virtio_net_hdr_v1 hdr, want = header(s);

	assert_int_equal(vg_receive(g, 0, &hdr, seen, sizeof(seen)), len);
	assert_memory_equal(seen, frame, len);
	want.num_buffers = (uint16_t)((len + sizeof(hdr) + VG_ROOM - 1) / VG_ROOM);
	assert_memory_equal(&hdr, &want, sizeof(hdr));
}

static void into_a_guest(void **state)
{
	struct vp p;
	struct vg g;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	for (unsigned how = 0; how < 2 * RTE_DIM(shapes); how++) {
		const struct shape *s = &shapes[how / 2];
		meets(&p, &g, ALL, how % 2 == 1);
		assert_int_equal(
			p.port->caps & OVNET_CAP_TX_GSO, OVNET_CAP_TX_TSO4 | OVNET_CAP_TX_TSO6);
		assert_int_equal(p.port->caps & OVNET_CAP_TX_ECN, 0);
		size_t len = build(s);
		struct rte_mbuf *m = to_guest(s, len);
		assert_int_equal(vp_tx(&p, 0, &m, 1), 1);
		is_received(&g, s, len);
		goes(&p, &g);
	}
	vp_close(&p);
	lab_no_leak();
}

/* More than its ring has room for: the rest goes as soon as there is some. */
static void a_ring_that_is_full(void **state)
{
	const struct shape *s = &shapes[6];
	struct rte_mbuf *m[8];
	struct vp p;
	struct vg g;
	unsigned sent = 0;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	meets(&p, &g, ALL, false);
	const size_t len = build(s);
	for (unsigned i = 0; i < RTE_DIM(m); i++)
		m[i] = to_guest(s, len);
	while (sent < RTE_DIM(m)) {
		uint16_t n = vp_tx(&p, 0, m + sent, (uint16_t)(RTE_DIM(m) - sent));
		assert_in_range(n, 1, RTE_DIM(m) / 2);
		for (sent += n; n > 0; n--)
			is_received(&g, s, len);
		if (sent < RTE_DIM(m))
			assert_int_equal(p.port->queue[0]->tx_reason, OVNET_DROP_TX_FULL);
	}
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

/* One that is there, and one that follows it by the same socket. */
static void the_port_takes_what_its_guest_takes(void **state)
{
	const struct shape *s = &shapes[6];
	struct ovnet_port_details d = {0};
	struct vp p;
	struct vg g;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	assert_int_equal(p.port->caps & OVNET_CAP_TX_GSO, 0);
	assert_int_equal(p.port->caps & OVNET_CAP_RX_GSO, OVNET_CAP_RX_GSO);
	meets(&p, &g, ALL, false);
	assert_int_equal(g.offered & NOT_OFFERED, 0);
	assert_int_equal(g.offered & ALL, ALL);
	p.port->driver->details(p.port, &d);
	assert_int_equal(d.enabled & (OVNET_CAP_RX_GSO | OVNET_CAP_TX_GSO),
		OVNET_CAP_RX_GSO | OVNET_CAP_TX_TSO4 | OVNET_CAP_TX_TSO6);
	goes(&p, &g);
	/* What it cannot finish itself it does not take in segments either. */
	meets(&p, &g, MRG | VG_BIT(VIRTIO_NET_F_GUEST_TSO4), false);
	assert_int_equal(p.port->caps & OVNET_CAP_TX_GSO, 0);
	/* Meant for the former one. */
	struct rte_mbuf *m = to_guest(s, build(s));
	assert_int_equal(vp_tx(&p, 0, &m, 1), 0);
	assert_int_equal(p.port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
	rte_pktmbuf_free(m);
	vg_close(&g);
	vp_close(&p);

	vp_open(&p, "guest", true, 1);
	meets(&p, &g, ALL, false);
	assert_int_equal(g.offered & (HOST_TSO | GUEST_TSO), 0);
	assert_int_equal(p.port->caps & (OVNET_CAP_RX_GSO | OVNET_CAP_TX_GSO), 0);
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

/* All the ring holds, at once: none is lost for want of buffers behind the gate. */
static void a_burst_of_large_ones(void **state)
{
	const struct shape *s = &shapes[6];
	const struct virtio_net_hdr_v1 hdr = header(s);
	struct rte_mbuf *m[VG_SLOTS];
	struct vp p;
	struct vg g;

	(void)state;
	vp_open_offloads(&p, "guest", true, 1);
	for (unsigned packed = 0; packed < 2; packed++) {
		meets(&p, &g, ALL, packed != 0);
		const size_t len = build(s);
		for (unsigned i = 0; i < VG_SLOTS; i++)
			assert_true(vg_send(&g, 1, &hdr, frame, len, VG_PLAIN));
		assert_int_equal(vp_rx(&p, 0, m, VG_SLOTS, 10), VG_SLOTS);
		for (unsigned i = 0; i < VG_SLOTS; i++)
			assert_int_equal(m[i]->pkt_len, len);
		rte_pktmbuf_free_bulk(m, VG_SLOTS);
		goes(&p, &g);
	}
	vp_close(&p);
	lab_no_leak();
}

/* What librte_vhost frees it may still write to, until the gate is closed. */
static void what_is_freed_behind_the_gate_stays_there(void **state)
{
	struct rte_mbuf *m[3];

	(void)state;
	assert_int_equal(vhost_gate_init(), 0);
	struct rte_mempool *gate = vhost_gate_open(lab_pool, 3);
	assert_int_equal(rte_pktmbuf_alloc_bulk(gate, m, 2), 0);
	m[2] = rte_pktmbuf_alloc(gate);
	assert_null(rte_pktmbuf_alloc(gate));
	assert_int_equal(rte_pktmbuf_chain(m[1], m[2]), 0);
	rte_pktmbuf_free_bulk(&m[1], 1);
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 3);
	vhost_gate_close(m, 1);
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 1);
	assert_null(rte_pktmbuf_alloc(gate));
	rte_pktmbuf_free(m[0]);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_a_guest),
		cmocka_unit_test(what_a_guest_says_of_headers_is_not_believed),
		cmocka_unit_test(what_was_not_agreed_is_refused),
		cmocka_unit_test(into_a_guest),
		cmocka_unit_test(a_ring_that_is_full),
		cmocka_unit_test(the_port_takes_what_its_guest_takes),
		cmocka_unit_test(a_burst_of_large_ones),
		cmocka_unit_test(what_is_freed_behind_the_gate_stays_there),
	};

	lab_enter();
	return cmocka_run_group_tests(tests, vp_set_up, vp_tear_down);
}
