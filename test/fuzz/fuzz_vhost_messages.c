/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a vhost-user front end can say, to the real driver on the real librte_vhost, which stay open
 * from one input to the next. The first byte says how far it came before (nothing said, negotiated,
 * started) and of which kind its rings are; then come messages: a request, the bytes of its payload
 * behind their number, which file goes with it. Another front end beside it goes on being served,
 * and no file descriptor is lost.
 */
#include <dirent.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/rcu.h"
#include "bed/path.h"
#include "bed/vhost_guest.h"
#include "fuzz.h"
#include "port/port.h"

#define WORKER   0
#define MESSAGES 16
#define FEATURES                                                           \
	(VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
		VG_BIT(VIRTIO_NET_F_MRG_RXBUF))

static struct side {
	struct ovnet_port *port;
	struct vg g;
	char path[100];
	int notify;
} honest, liar;
static struct ovnet_rcu rcu;
static unsigned fds_at_start;

static void look(struct side *s)
{
	uint64_t times;

	if (read(s->notify, &times, sizeof(times)) == sizeof(times))
		s->port->driver->changed(s->port);
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(d != NULL, "/proc");
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void open_side(struct side *s, uint16_t id, uint16_t pairs)
{
	CHECK(snprintf(s->path, sizeof(s->path), "%s/%u", fuzz_dir(), id) < (int)sizeof(s->path),
		"TMPDIR is too long for a socket");
	s->notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	const struct ovnet_port_conf conf = {.name = id == 0 ? "honest" : "liar",
		.role = OVNET_PORT_ATTACH,
		.queues = pairs,
		.mtu = 1450,
		.pool = bed_pool,
		.path = s->path,
		.server = true,
		.rcu = &rcu,
		.notify_fd = s->notify};
	const struct vg_conf guest = {.path = s->path, .pairs = pairs, .features = FEATURES};
	int err;

	s->port = ovnet_port_open(&ovnet_driver_vhost, id, &conf, &err);
	CHECK(s->port != NULL && vg_open(&s->g, &guest), "port and guest");
}

static void stop(void)
{
	vg_close(&honest.g);
	vg_close(&liar.g);
	ovnet_port_close(honest.port);
	ovnet_port_close(liar.port);
	close(honest.notify);
	close(liar.notify);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "setenv");
	CHECK(bed_eal("0") == 0, "EAL");
	CHECK(ovnet_rcu_init(&rcu, 1) == 0 && ovnet_rcu_reader_add(&rcu, WORKER) == 0, "RCU");
	fuzz_dir();
	open_side(&honest, 0, 1);
	open_side(&liar, 1, 2);
	CHECK(vg_meet(&honest.g, 5000) && vg_start(&honest.g), "the honest guest cannot start");
	CHECK(atexit(stop) == 0, "atexit");
	return 0;
}

/* A burst each way, as a worker has it. */
static uint16_t poll_queue(struct side *s, unsigned queue, struct rte_mbuf **pkts, uint16_t n)
{
	if (queue >= s->port->n_rxq)
		return 0;
	ovnet_rcu_reader_online(&rcu, WORKER);
	uint16_t got = s->port->driver->rx(s->port->queue[queue], pkts, n);
	ovnet_rcu_reader_offline(&rcu, WORKER);
	return got;
}

static void send_one(struct side *s, unsigned queue)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bed_pool);
	uint16_t sent = 0;

	CHECK(m != NULL, "no buffer");
	memset(rte_pktmbuf_append(m, 60), 0x5a, 60);
	ovnet_meta_reset(m, 0);
	if (queue < s->port->n_txq) {
		ovnet_rcu_reader_online(&rcu, WORKER);
		sent = s->port->driver->tx(s->port->queue[queue], &m, 1);
		ovnet_rcu_reader_offline(&rcu, WORKER);
	}
	if (sent == 0)
		rte_pktmbuf_free(m);
}

static void work(struct side *s)
{
	struct rte_mbuf *pkts[OVNET_BURST];

	look(s);
	for (unsigned q = 0; q < 2; q++) {
		rte_pktmbuf_free_bulk(pkts, poll_queue(s, q, pkts, OVNET_BURST));
		send_one(s, q);
	}
}

/* Of which the front end has some: memory, events, and what is neither. */
static int file_of(uint8_t which)
{
	const struct vg *g = &liar.g;

	switch (which % 6) {
	case 0:
		return g->memfd;
	case 1:
		return g->ring[which / 6 % 4].kick;
	case 2:
		return g->ring[which / 6 % 4].call;
	case 3:
		return liar.notify;
	case 4:
		return STDERR_FILENO;
	default:
		return -1;
	}
}

static size_t message(const uint8_t *data, size_t size)
{
	const size_t body = 3 + (size_t)data[1] <= size ? data[1] : size - 3;
	const int fd = file_of(data[2]);
	const int fds[8] = {fd, fd, fd, fd, fd, fd, fd, fd};
	const unsigned n = fd < 0 ? 0 : (data[2] & 0x80) != 0 ? 2 : 1;

	/* librte_vhost (22.11) forgets the files of a message for a ring it cannot have. */
	const uint8_t request = data[0] & 0x3f;
	const bool of_a_ring = (request >= VG_SET_VRING_NUM && request <= VG_GET_VRING_BASE) ||
			       request == VG_SET_VRING_ENABLE || request == VG_SET_INFLIGHT_FD;
	vg_tell_as(&liar.g, request, 1 | (data[0] & 0x40) >> 3, (uint32_t)body, data + 3, body, fds,
		of_a_ring ? 0 : n);
	return 3 + body;
}

static void start(uint8_t how)
{
	bool met = false;

	liar.g.conf.packed = (how & 4) != 0;
	/* Who was here before may not be gone yet. */
	for (unsigned i = 0; i < 1000 && !met; i++) {
		CHECK(vg_meet(&liar.g, 5000), "no socket");
		met = vg_in_step(&liar.g);
		if (!met) {
			vg_hang_up(&liar.g);
			usleep(1000);
		}
	}
	CHECK(met, "a new front end is not served");
	if (how % 4 == 1)
		CHECK(vg_negotiate(&liar.g), "negotiation");
	else if (how % 4 > 1)
		CHECK(vg_start(&liar.g), "start");
}

static void check_honest(void)
{
	static const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	struct rte_mbuf *m;
	uint16_t got = 0;

	look(&honest);
	CHECK(vg_in_step(&honest.g), "the honest guest was cut off");
	CHECK(vg_send(&honest.g, 1, NULL, frame, sizeof(frame), VG_PLAIN), "its ring is full");
	for (unsigned i = 0; i < 1000 && got == 0; i++)
		got = poll_queue(&honest, 0, &m, 1);
	CHECK(got == 1, "a packet of the honest guest is lost");
	rte_pktmbuf_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	start(data[0]);
	for (size_t at = 1, n = 0; at + 3 <= size && n < MESSAGES; n++) {
		at += message(data + at, size - at);
		if (n % 4 == 3)
			work(&liar);
	}
	work(&liar);
	check_honest();
	vg_hang_up(&liar.g);
	work(&liar);
	CHECK(rte_mempool_in_use_count(bed_pool) == 0, "buffers are lost");
	/* What librte_vhost closes late is closed when the next one was served. */
	if (fds_at_start == 0)
		fds_at_start = open_fds();
	CHECK(open_fds() <= fds_at_start + 64, "%u file descriptors, at first %u", open_fds(),
		fds_at_start);
	return 0;
}
