/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost-user ports with a guest that does everything as it should, made by hand. */
#include "bed/vhost_port.h"

#include <rte_malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MRG  VG_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define IND  VG_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define EVT  VG_BIT(VIRTIO_RING_F_EVENT_IDX)
#define CSUM (VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_NET_F_GUEST_CSUM))

static uint8_t frame[3000], got_frame[4000];

static size_t a_frame(const char *text)
{
	const struct lab_packet p = {.src = "10.5.1.7", .dst = "10.5.2.9", .port = 7, .text = text};

	return lab_frame(frame, &p);
}

/* Bytes that tell where they stand. */
static size_t a_long_frame(size_t len)
{
	memset(frame, 0, sizeof(frame));
	size_t n = a_frame("long");
	for (size_t i = n; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8));
	return len;
}

static void outward(struct vp *p, struct vg *g, unsigned queue, size_t len, enum vg_style style)
{
	struct rte_mbuf *m;
	uint8_t seen[3000];

	assert_true(vg_send(g, 2 * queue + 1, NULL, frame, len, style));
	assert_int_equal(vp_rx(p, queue, &m, 1, 1000), 1);
	assert_int_equal(m->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_read(m, 0, (uint32_t)len, seen), frame, len);
	assert_int_equal(ovnet_meta(m)->in_port, 5);
	assert_int_equal(ovnet_meta(m)->offload, 0);
	assert_int_equal(ovnet_meta(m)->flags, 0);
	rte_pktmbuf_free(m);
}

static void inward(struct vp *p, struct vg *g, unsigned queue, size_t len, unsigned segs)
{
	struct virtio_net_hdr_v1 hdr;
	struct rte_mbuf *m = lab_mbuf(frame, len, segs);

	assert_int_equal(vp_tx(p, queue, &m, 1), 1);
	assert_int_equal(vg_receive(g, 2 * queue, &hdr, got_frame, sizeof(got_frame)), len);
	assert_memory_equal(got_frame, frame, len);
	assert_int_equal(hdr.flags, 0);
	assert_int_equal(hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	if ((g->features & MRG) != 0)
		assert_int_equal(hdr.num_buffers, (vg_hdr_len(g) + len - 1) / g->conf.rx_room + 1);
}

/* Both ways, more than the rings are long, in each form that was negotiated. */
static void packets_cross(struct vp *p, struct vg *g)
{
	char text[32];

	for (unsigned q = 0; q < g->conf.pairs; q++)
		for (unsigned i = 0; i < 2 * VG_SLOTS; i++) {
			snprintf(text, sizeof(text), "packet %u of queue %u", i, q);
			size_t len = i % 8 == 7 ? a_long_frame(1464) : a_frame(text);
			outward(p, g, q, len, i % ((g->features & IND) != 0 ? 3 : 2));
			inward(p, g, q, len, 1 + i % 3);
		}
}

static void a_guest_with(const struct vg_conf *conf, uint64_t must)
{
	struct vp p;
	struct vg g;
	struct vg_conf c = *conf;
	unsigned fds = vp_fds();

	c.path = vp_path("guest");
	assert_true(vg_open(&g, &c));
	vp_open(&p, "guest", !c.server, c.pairs);
	vp_meet(&p, &g);
	assert_int_equal(g.features & must, must);
	packets_cross(&p, &g);
	/* It stops, and comes again. */
	vg_hang_up(&g);
	assert_true(vp_becomes(&p, false));
	vp_meet(&p, &g);
	packets_cross(&p, &g);
	vp_close(&p);
	assert_true(vg_hung_up(&g, 5000));
	vg_close(&g);
	assert_true(vp_fds_become(fds));
	lab_no_leak();
}

static void split_rings_by_the_guests_socket(void **state)
{
	(void)state;
	const struct vg_conf conf = {.server = true, .features = IND | EVT, .pairs = 1};

	a_guest_with(&conf, IND);
}

static void split_rings_by_our_socket(void **state)
{
	(void)state;
	const struct vg_conf conf = {.features = MRG, .rx_room = 512, .pairs = 1};

	a_guest_with(&conf, MRG);
}

static void packed_rings(void **state)
{
	(void)state;
	const struct vg_conf conf = {
		.server = true, .packed = true, .features = MRG | IND, .pairs = 1};

	a_guest_with(&conf, MRG | IND | VG_BIT(VIRTIO_F_RING_PACKED));
}

static void packed_rings_of_small_buffers(void **state)
{
	(void)state;
	const struct vg_conf conf = {.packed = true, .features = MRG, .rx_room = 256, .pairs = 1};

	a_guest_with(&conf, MRG | VG_BIT(VIRTIO_F_RING_PACKED));
}

static void four_queue_pairs(void **state)
{
	(void)state;
	const struct vg_conf conf = {.server = true, .features = MRG | IND, .pairs = 4};

	a_guest_with(&conf, VG_BIT(VIRTIO_NET_F_MQ));
}

static uint32_t words(const uint8_t *b, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)b[i] << 8 : b[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of a UDP packet's pseudo header, by RFC 768; `frame` has no VLAN tag and no options. */
static uint32_t pseudo_sum(const uint8_t *b, size_t len)
{
	return words(b + 26, 8, 17 + (uint32_t)(len - 34));
}

static void put_sum(uint8_t *b, uint32_t sum)
{
	b[40] = (uint8_t)(sum >> 8);
	b[41] = (uint8_t)sum;
}

static bool sum_is_right(const uint8_t *b, size_t len)
{
	return words(b + 34, len - 34, pseudo_sum(b, len)) == 0xffff;
}

static void to_guest_unfinished(struct vp *p, struct vg *g, struct virtio_net_hdr_v1 *hdr)
{
	size_t len = a_frame("to be finished");
	put_sum(frame, pseudo_sum(frame, len));
	struct rte_mbuf *m = lab_mbuf(frame, len, 1);

	*ovnet_meta(m) =
		(struct ovnet_meta){.offload = OVNET_OFF_CSUM, .csum_start = 34, .csum_offset = 6};
	assert_int_equal(vp_tx(p, 0, &m, 1), 1);
	assert_int_equal(vg_receive(g, 0, hdr, got_frame, sizeof(got_frame)), len);
}

/* What a guest leaves unfinished is told as such, and what it can finish is left to it. */
static void unfinished_checksums(void **state)
{
	(void)state;
	const struct virtio_net_hdr_v1 undone = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
	struct virtio_net_hdr_v1 hdr;
	struct rte_mbuf *m;
	struct vp p;
	struct vg g;

	vp_open(&p, "guest", true, 1);
	for (unsigned able = 0; able < 2; able++) {
		const struct vg_conf conf = {.path = p.path, .features = able ? CSUM : 0};
		assert_true(vg_open(&g, &conf));
		vp_meet(&p, &g);
		assert_int_equal(g.features & CSUM, able ? CSUM : 0);
		to_guest_unfinished(&p, &g, &hdr);
		assert_int_equal(hdr.flags, able ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0);
		assert_int_equal(sum_is_right(got_frame, a_frame("to be finished")), !able);
		if (able) {
			assert_int_equal(hdr.csum_start, 34);
			assert_int_equal(hdr.csum_offset, 6);
			size_t len = a_frame("unfinished");
			put_sum(frame, pseudo_sum(frame, len));
			assert_true(vg_send(&g, 1, &undone, frame, len, VG_PLAIN));
			assert_int_equal(vp_rx(&p, 0, &m, 1, 1000), 1);
			assert_int_equal(ovnet_meta(m)->offload, OVNET_OFF_CSUM);
			assert_int_equal(ovnet_meta(m)->csum_start, 34);
			assert_int_equal(ovnet_meta(m)->csum_offset, 6);
			rte_pktmbuf_free(m);
		}
		vg_close(&g);
		assert_true(vp_becomes(&p, false));
	}
	vp_close(&p);
	lab_no_leak();
}

static struct ovnet_port_details details(struct vp *p)
{
	struct ovnet_port_details d = {0};

	vp_look(p);
	p->port->driver->details(p->port, &d);
	return d;
}

/* It says its MTU, and takes two of its four queue pairs back. */
static void what_a_guest_changes_is_followed(void **state)
{
	(void)state;
	struct vp p;
	struct vg g;

	vp_open(&p, "guest", true, 4);
	const struct vg_conf conf = {.path = p.path,
		.pairs = 4,
		.mtu = 1400,
		.features = MRG | VG_BIT(VIRTIO_NET_F_MTU)};
	assert_true(vg_open(&g, &conf));
	vp_meet(&p, &g);
	assert_int_equal(g.queue_num, 4);
	assert_int_equal(details(&p).guest_mtu, 1400);
	assert_int_equal(details(&p).queues_ready, 4);
	assert_int_equal(p.port->n_rxq, 4);
	for (unsigned ring = 4; ring < 8; ring++)
		assert_true(vg_ring_enable(&g, ring, false));
	assert_true(vg_in_step(&g));
	assert_int_equal(details(&p).queues_ready, 2);
	assert_int_equal(p.port->n_rxq, 2);
	g.conf.pairs = 2;
	packets_cross(&p, &g);
	for (unsigned ring = 4; ring < 8; ring++)
		assert_true(vg_ring_enable(&g, ring, true));
	assert_true(vg_in_step(&g));
	assert_int_equal(details(&p).queues_ready, 4);
	g.conf.pairs = 4;
	packets_cross(&p, &g);
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

static void one_guest_at_a_time(void **state)
{
	(void)state;
	struct vg g, second;
	struct vp p;

	vp_open(&p, "guest", true, 1);
	const struct vg_conf conf = {.path = p.path, .features = MRG};
	assert_true(vg_open(&g, &conf));
	assert_true(vg_open(&second, &conf));
	vp_meet(&p, &g);
	assert_true(vg_meet(&second, 1000));
	assert_true(vg_hung_up(&second, 5000));
	packets_cross(&p, &g);
	vg_close(&second);
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

/* Another connection of this process whose far end has the same last name. */
static int decoy(const char *path, int *listener)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(*listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(*listener, 1), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* `bound`: the guest's name of the port's path. */
static void a_guest_of_another_name(const char *bound)
{
	struct vp p;
	struct vg g;
	const struct vg_conf conf = {.path = bound, .server = true, .features = MRG};

	assert_true(vg_open(&g, &conf));
	vp_open(&p, "guest", false, 1);
	vp_meet(&p, &g);
	packets_cross(&p, &g);
	vp_close(&p);
	vg_close(&g);
}

static void the_guests_own_name_of_the_socket(void **state)
{
	(void)state;
	char link[64], bound[80], was[4096];

	assert_non_null(getcwd(was, sizeof(was)));
	snprintf(link, sizeof(link), "%s", vp_path("link"));
	assert_int_equal(symlink(".", link), 0);
	snprintf(bound, sizeof(bound), "%s/guest", link);
	a_guest_of_another_name(bound);
	assert_int_equal(chdir(link), 0);
	a_guest_of_another_name("./guest");
	a_guest_of_another_name("guest");
	assert_int_equal(chdir(was), 0);
	assert_int_equal(unlink(link), 0);
	lab_no_leak();
}

/* librte_vhost would let go of the socket for good. */
static void a_refused_guest_is_connected_again(void **state)
{
	(void)state;
	char other[64], link[64], bound[80], twin[80];
	struct vp p;
	struct vg g;
	int listener;

	snprintf(other, sizeof(other), "%s", vp_path("other"));
	snprintf(link, sizeof(link), "%s", vp_path("link"));
	snprintf(bound, sizeof(bound), "%s/guest", link);
	snprintf(twin, sizeof(twin), "%s/guest", other);
	assert_int_equal(mkdir(other, 0700) + symlink(".", link), 0);
	int fd = decoy(twin, &listener);
	const struct vg_conf conf = {.path = bound, .server = true, .features = MRG};
	assert_true(vg_open(&g, &conf));
	vp_open(&p, "guest", false, 1);
	assert_true(vg_meet(&g, 5000));
	assert_true(vg_hung_up(&g, 5000));
	vg_hang_up(&g);
	close(fd);
	for (unsigned i = 0; i < 1000 && !vg_meet(&g, 10); i++)
		(void)p.port->driver->changed(p.port);
	vp_meet(&p, &g);
	packets_cross(&p, &g);
	vp_close(&p);
	vg_close(&g);
	close(listener);
	assert_int_equal(unlink(twin) + rmdir(other) + unlink(link), 0);
	lab_no_leak();
}

/* There is no way to wake a worker: it has to look. */
static void a_guest_that_never_kicks(void **state)
{
	(void)state;
	struct vp p;
	struct vg g;

	vp_open(&p, "guest", true, 1);
	const struct vg_conf conf = {.path = p.path, .features = MRG};
	assert_true(vg_open(&g, &conf));
	for (unsigned ring = 0; ring < 2; ring++) {
		close(g.ring[ring].kick);
		g.ring[ring].kick = -1;
	}
	vp_meet(&p, &g);
	packets_cross(&p, &g);
	vg_close(&g);
	vp_close(&p);
	lab_no_leak();
}

#define MANY   100
#define EACH   48 /* files: of the guest by hand, of its port and of the library */
#define HEAP_B ((size_t)OVNET_VHOST_HEAP_KB(1) << 10)

static size_t heap_used(void)
{
	struct rte_malloc_socket_stats s;

	assert_int_equal(rte_malloc_get_socket_stats(0, &s), 0);
	return s.heap_allocsz_bytes;
}

static void allow_files(void)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_max = RTE_MAX(l.rlim_max, (rlim_t)MANY * EACH);
	l.rlim_cur = l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
}

/* Of DPDK's heap each takes what ovnetd counts for it when it starts, and gives it back. */
static void many_guests_at_once(void **state)
{
	(void)state;
	static struct vp p[MANY];
	static struct vg g[MANY];
	char name[16];

	allow_files();
	size_t before = heap_used();
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many%u", i);
		vp_open(&p[i], name, true, 1);
	}
	for (unsigned i = 0; i < MANY; i++) {
		const struct vg_conf conf = {.path = p[i].path, .packed = i % 2 == 1};
		assert_true(vg_open(&g[i], &conf));
		vp_meet(&p[i], &g[i]);
	}
	size_t used = heap_used() - before;
	assert_in_range(used, 1, MANY * HEAP_B);
	a_frame("one of many");
	for (unsigned i = 0; i < MANY; i += MANY - 1)
		outward(&p[i], &g[i], 0, 64, VG_PLAIN);
	for (unsigned i = 0; i < MANY; i++)
		vg_close(&g[i]);
	for (unsigned i = 0; i < MANY; i++)
		vp_close(&p[i]);
	assert_int_equal(heap_used(), before);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_rings_by_the_guests_socket),
		cmocka_unit_test(split_rings_by_our_socket),
		cmocka_unit_test(packed_rings),
		cmocka_unit_test(packed_rings_of_small_buffers),
		cmocka_unit_test(four_queue_pairs),
		cmocka_unit_test(unfinished_checksums),
		cmocka_unit_test(what_a_guest_changes_is_followed),
		cmocka_unit_test(one_guest_at_a_time),
		cmocka_unit_test(the_guests_own_name_of_the_socket),
		cmocka_unit_test(a_refused_guest_is_connected_again),
		cmocka_unit_test(a_guest_that_never_kicks),
		cmocka_unit_test(many_guests_at_once),
	};

	lab_enter();
	return cmocka_run_group_tests(tests, vp_set_up, vp_tear_down);
}
