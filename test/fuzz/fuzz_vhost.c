/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest can write: descriptors, tables, headers, indices of a split or a packed ring, to the
 * real driver on the real librte_vhost, which stay open from one input to the next. An input is a
 * byte of flags, then steps: a byte that says which, then what it takes (see step()).
 *
 * Whatever comes out is a whole packet with nothing undone but a checksum inside it, and every
 * buffer is back. Then the guest behaves: a packet crosses each way, at once or after it started
 * anew.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/rcu.h"
#include "bed/path.h"
#include "bed/vhost_guest.h"
#include "fuzz.h"
#include "packet/meta.h"
#include "port/port.h"

#define RX     0
#define TX     1
#define WORKER 0
#define FEATURES                                                                        \
	(VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_NET_F_GUEST_CSUM) |                  \
		VG_BIT(VIRTIO_RING_F_INDIRECT_DESC) | VG_BIT(VIRTIO_RING_F_EVENT_IDX) | \
		VG_BIT(VIRTIO_NET_F_MRG_RXBUF))

struct input {
	const uint8_t *at;
	size_t left;
};

static struct side {
	struct ovnet_port *port;
	struct vg g;
	char path[100];
	int notify;
} sides[2];
static struct ovnet_rcu rcu;

static uint64_t number(struct input *in, size_t bytes)
{
	uint64_t n = 0;

	for (; bytes > 0; bytes--) {
		n = n << 8 | (in->left > 0 ? *in->at : 0);
		in->at += in->left > 0;
		in->left -= in->left > 0;
	}
	return n;
}

static void look(struct side *s)
{
	uint64_t times;

	if (read(s->notify, &times, sizeof(times)) == sizeof(times))
		s->port->driver->changed(s->port);
}

static void becomes_up(struct side *s)
{
	for (unsigned i = 0; i < 5000 && !s->port->driver->link_up(s->port); i++) {
		look(s);
		usleep(1000);
	}
	CHECK(s->port->driver->link_up(s->port), "the guest is there, its port is down");
}

static void start(struct side *s)
{
	CHECK(vg_meet(&s->g, 5000) && vg_start(&s->g), "the guest cannot start");
	becomes_up(s);
}

static void start_anew(struct side *s)
{
	vg_hang_up(&s->g);
	for (unsigned i = 0; i < 5000 && s->port->driver->link_up(s->port); i++) {
		look(s);
		usleep(1000);
	}
	start(s);
}

static void stop(void)
{
	for (unsigned i = 0; i < 2; i++) {
		vg_close(&sides[i].g);
		ovnet_port_close(sides[i].port);
		close(sides[i].notify);
	}
}

static void open_side(struct side *s, bool packed)
{
	CHECK(snprintf(s->path, sizeof(s->path), "%s/%d", fuzz_dir(), packed) <
			(int)sizeof(s->path),
		"TMPDIR is too long for a socket");
	s->notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	const struct ovnet_port_conf conf = {.name = packed ? "packed" : "split",
		.role = OVNET_PORT_ATTACH,
		.queues = 1,
		.mtu = 1450,
		.pool = bed_pool,
		.path = s->path,
		.server = true,
		.rcu = &rcu,
		.notify_fd = s->notify};
	const struct vg_conf guest = {.path = s->path, .packed = packed, .features = FEATURES};
	int err;

	s->port = ovnet_port_open(&ovnet_driver_vhost, packed, &conf, &err);
	CHECK(s->port != NULL && vg_open(&s->g, &guest), "port and guest");
	start(s);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "setenv");
	CHECK(bed_eal("0") == 0, "EAL");
	CHECK(ovnet_rcu_init(&rcu, 1) == 0 && ovnet_rcu_reader_add(&rcu, WORKER) == 0, "RCU");
	fuzz_dir();
	for (unsigned i = 0; i < 2; i++)
		open_side(&sides[i], i == 1);
	CHECK(atexit(stop) == 0, "atexit");
	return 0;
}

static void check_packet(const struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta((struct rte_mbuf *)(uintptr_t)m);
	const char *why;

	CHECK(rte_mbuf_check(m, 1, &why) == 0, "%s", why);
	CHECK((meta->offload & ~OVNET_OFF_CSUM) == 0, "undone: %x", meta->offload);
	if ((meta->offload & OVNET_OFF_CSUM) != 0)
		CHECK(meta->csum_start + meta->csum_offset + 2u <= m->pkt_len,
			"a checksum at %u + %u of %u bytes", meta->csum_start, meta->csum_offset,
			m->pkt_len);
	for (; m != NULL; m = m->next)
		fuzz_touch(rte_pktmbuf_mtod(m, const void *), m->data_len);
}

static uint16_t rx(struct side *s, struct rte_mbuf **pkts, uint16_t n)
{
	ovnet_rcu_reader_online(&rcu, WORKER);
	uint16_t got = s->port->driver->rx(s->port->queue[0], pkts, n);
	ovnet_rcu_reader_offline(&rcu, WORKER);
	for (uint16_t i = 0; i < got; i++)
		check_packet(pkts[i]);
	return got;
}

static bool tx(struct side *s, struct rte_mbuf *m)
{
	ovnet_rcu_reader_online(&rcu, WORKER);
	uint16_t sent = s->port->driver->tx(s->port->queue[0], &m, 1);
	ovnet_rcu_reader_offline(&rcu, WORKER);
	if (sent == 0)
		rte_pktmbuf_free(m);
	return sent == 1;
}

static struct rte_mbuf *packet(uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bed_pool);

	CHECK(m != NULL, "no buffer");
	memset(rte_pktmbuf_append(m, len), 0x5a, len);
	ovnet_meta_reset(m, 0);
	return m;
}

static void run(struct side *s, uint8_t how)
{
	struct rte_mbuf *pkts[OVNET_BURST];
	uint16_t n = rx(s, pkts, (uint16_t)(how % OVNET_BURST + 1));

	rte_pktmbuf_free_bulk(pkts, n);
	if ((how & 0x40) != 0)
		tx(s, packet((how & 0x80) != 0 ? 1464 : 60));
}

static void write_desc(struct side *s, struct input *in, bool plausible)
{
	struct vg_ring *r = &s->g.ring[number(in, 1) & 1];
	const unsigned i = (unsigned)(number(in, 1) % r->size);
	struct vring_desc d = {.addr = number(in, plausible ? 3 : 8)};

	d.len = (uint32_t)number(in, plausible ? 2 : 4);
	d.flags = (uint16_t)number(in, 2);
	d.next = (uint16_t)number(in, plausible ? 1 : 2);
	if (plausible)
		d.addr += VG_GPA + VG_SPARE;
	memcpy(s->g.mem + r->desc + i * sizeof(d), &d, sizeof(d));
}

static void write_bytes(uint8_t *to, size_t room, struct input *in)
{
	const size_t at = (size_t)number(in, 2) % room, n = (size_t)number(in, 1);

	for (size_t i = at; i < at + n && i < room; i++)
		to[i] = (uint8_t)number(in, 1);
}

static void send_with_header(struct side *s, struct input *in)
{
	struct virtio_net_hdr_v1 hdr;
	uint8_t frame[256], *at = (uint8_t *)&hdr;

	for (size_t i = 0; i < sizeof(hdr); i++)
		at[i] = (uint8_t)number(in, 1);
	const enum vg_style style = (enum vg_style)(number(in, 1) % 3);
	const size_t n = (size_t)number(in, 1);
	for (size_t i = 0; i < n; i++)
		frame[i] = (uint8_t)number(in, 1);
	vg_send(&s->g, TX, &hdr, frame, n, style);
}

static void step(struct side *s, struct input *in)
{
	struct vg_ring *r = s->g.ring;

	switch (number(in, 1) % 7) {
	case 0:
		write_desc(s, in, false);
		break;
	case 1:
		write_desc(s, in, true);
		break;
	case 2: /* heads, flags, what the other side is to be told */
		write_bytes(s->g.mem + r[TX].avail, 2 * VG_SIZE + 8, in);
		break;
	case 3:
		vg_avail_jump(&s->g, (unsigned)number(in, 1) & 1, (uint16_t)number(in, 2));
		break;
	case 4: /* tables, headers, frames */
		write_bytes(s->g.mem + VG_SPARE, 8192, in);
		break;
	case 5:
		send_with_header(s, in);
		break;
	default:
		run(s, (uint8_t)number(in, 1));
	}
}

static bool crosses(struct side *s)
{
	static const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, 77};
	struct virtio_net_hdr_v1 hdr;
	uint8_t got[2048];
	struct rte_mbuf *m;

	if (!vg_send(&s->g, TX, NULL, frame, sizeof(frame), VG_PLAIN) || rx(s, &m, 1) != 1)
		return false;
	bool same = m->pkt_len == sizeof(frame) &&
		    memcmp(rte_pktmbuf_mtod(m, void *), frame, sizeof(frame)) == 0;
	return tx(s, m) && same && vg_receive(&s->g, RX, &hdr, got, sizeof(got)) == sizeof(frame) &&
	       memcmp(got, frame, sizeof(frame)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct side *s = &sides[number(&in, 1) & 1];

	while (in.left > 0)
		step(s, &in);
	run(s, 0xff);
	CHECK(rte_mempool_in_use_count(bed_pool) == 0, "%u buffers are lost",
		rte_mempool_in_use_count(bed_pool));
	if (vg_ring_mend(&s->g, TX) && vg_ring_mend(&s->g, RX))
		vg_supply(&s->g, RX);
	if (!crosses(s)) {
		start_anew(s);
		CHECK(crosses(s), "a guest that started anew is not served");
	}
	look(s);
	CHECK(rte_mempool_in_use_count(bed_pool) == 0, "buffers of honest packets are lost");
	return 0;
}
