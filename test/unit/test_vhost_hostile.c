/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost-user ports with a guest, or a front end, that lies in every way of bed/vhost_lies.h, beside
 * one that does not: that one loses nothing, what the liar sends is either a whole packet or
 * counted, and all buffers and file descriptors are there at the end.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "bed/vhost_lies.h"
#include "bed/vhost_port.h"
#include "port/vhost_memory.h"

#define SEGMENTS (VG_BIT(VIRTIO_NET_F_HOST_TSO4) | VG_BIT(VIRTIO_NET_F_HOST_TSO6))
#define OFFLOADS                                                                      \
	(VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_NET_F_GUEST_CSUM) |                \
		VG_BIT(VIRTIO_NET_F_HOST_TSO4) | VG_BIT(VIRTIO_NET_F_HOST_TSO6) |     \
		VG_BIT(VIRTIO_NET_F_HOST_UFO) | VG_BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
		VG_BIT(VIRTIO_RING_F_EVENT_IDX) | VG_BIT(VIRTIO_NET_F_MRG_RXBUF))
#define HONEST 100 /* packets each way beside each lie */

static struct vp liar, honest;
static struct vg lying, well;
static const struct lie *told; /* for who looks at a core */

static void send_inward(struct vp *p)
{
	uint8_t frame[512];
	const struct lab_packet packet = {
		.src = "10.5.2.9", .dst = "10.5.1.7", .port = 7, .text = "inward"};
	struct rte_mbuf *m[8];

	for (unsigned i = 0; i < 8; i++)
		m[i] = lab_mbuf(frame, lab_frame(frame, &packet), 1 + i % 3);
	uint16_t sent = vp_tx(p, 0, m, 8);
	rte_pktmbuf_free_bulk(m + sent, 8u - sent);
}

/* What it sent is what the path may rely on. */
static void take_outward(struct vp *p)
{
	struct rte_mbuf *m[OVNET_BURST];

	for (unsigned i = 0; i < 20; i++) {
		uint16_t n = vp_rx(p, 0, m, OVNET_BURST, 0);
		for (uint16_t k = 0; k < n; k++) {
			const struct ovnet_meta *meta = ovnet_meta(m[k]);
			rte_mbuf_sanity_check(m[k], 1);
			assert_int_equal(
				meta->offload & ~(OVNET_OFF_CSUM | OVNET_OFF_TSO4 | OVNET_OFF_TSO6),
				0);
			assert_in_range(m[k]->pkt_len, 1, 14 + 4 + 65535);
			if ((meta->offload & OVNET_OFF_GSO) != 0)
				assert_true(meta->gso_size > 0 && (meta->offload & OVNET_OFF_CSUM));
			else
				assert_int_equal(m[k]->nb_segs, 1);
			if ((meta->offload & OVNET_OFF_CSUM) != 0)
				assert_true(
					meta->csum_start + meta->csum_offset + 2u <= m[k]->pkt_len);
		}
		rte_pktmbuf_free_bulk(m, n);
	}
}

/* Packets of the honest guest and to it, each one looked at. */
static void nothing_is_lost(void)
{
	struct virtio_net_hdr_v1 hdr;
	uint8_t frame[512], back[2048];
	char text[32];
	struct rte_mbuf *m;

	for (unsigned i = 0; i < HONEST; i++) {
		snprintf(text, sizeof(text), "honest %u", i);
		const struct lab_packet p = {
			.src = "10.5.1.8", .dst = "10.5.2.9", .port = 7, .text = text};
		size_t len = lab_frame(frame, &p);
		assert_true(vg_send(&well, LIE_TX, NULL, frame, len, i % 3));
		assert_int_equal(vp_rx(&honest, 0, &m, 1, 1000), 1);
		assert_int_equal(m->pkt_len, len);
		assert_int_equal(vp_tx(&honest, 0, &m, 1), 1);
		assert_int_equal(vg_receive(&well, LIE_RX, &hdr, back, sizeof(back)), len);
		assert_memory_equal(back, frame, len);
	}
}

/* Its link was down before: the next one may come when it was seen to be gone. */
static void is_gone(void)
{
	struct ovnet_port_details d = {.state = ""};

	for (unsigned i = 0; i < 5000 && strstr(d.state, "waiting") == NULL; i++) {
		usleep(1000);
		vp_look(&liar);
		liar.port->driver->details(liar.port, &d);
	}
	assert_non_null(strstr(d.state, "waiting"));
}

/*
 * With the rings the liar has; the lie, then what a worker and the control thread go on doing. One
 * who asks is not disconnected for a message that does not fit.
 */
static void tells(const struct lie *lie, bool packed, bool asks)
{
	const struct vg_conf conf = {.path = liar.path, .packed = packed, .features = OFFLOADS};

	told = lie;
	assert_true(vg_open(&lying, &conf));
	assert_true(vg_meet(&lying, 5000));
	assert_true(vg_start(&lying));
	assert_true(vp_becomes(&liar, true));
	lying.asks = asks;
	assert_true(lie->tell(&lying) || lie->kind >= LIE_MESSAGE);
	if (lie->kind == LIE_MESSAGE || (lie->kind == LIE_PACKED && packed))
		assert_true(asks ? vg_refused(&lying) : vg_hung_up(&lying, 5000));
	for (unsigned i = 0; i < 4; i++) {
		take_outward(&liar);
		send_inward(&liar);
		vp_look(&liar);
	}
	nothing_is_lost();
	take_outward(&liar);
	vg_close(&lying);
	is_gone();
}

static void count_buffer(struct rte_mempool *pool, void *sum, void *obj, unsigned i)
{
	const struct rte_mbuf *m = obj;

	(void)i;
	*(unsigned *)sum +=
		m->pool == pool && m->buf_addr == RTE_PTR_ADD(obj, sizeof(*m) + m->priv_size);
}

/* Nothing was written behind the buffer of a packet, where the next one begins. */
static void buffers_are_as_they_were(void)
{
	unsigned sum = 0;

	rte_mempool_obj_iter(lab_pool, count_buffer, &sum);
	assert_int_equal(sum, lab_pool->size);
	/* One byte may be: a buffer has more room than it says. */
	assert_true(lab_pool->elt_size > sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(lab_pool) +
						 rte_pktmbuf_data_room_size(lab_pool));
}

/* Filled with what none of them is filled with later; how many were used since. */
static void mark_buffer(struct rte_mempool *pool, void *sum, void *obj, unsigned i)
{
	struct rte_mbuf *m = obj;
	uint8_t *data = RTE_PTR_ADD(m->buf_addr, RTE_PKTMBUF_HEADROOM);

	(void)pool, (void)i;
	*(unsigned *)sum += data[0] != 0xa5;
	data[0] = 0xa5;
}

static void takes_few_buffers(const char *name, uint64_t features, unsigned most)
{
	const struct vg_conf conf = {.path = liar.path, .features = features};
	const struct lie *lie = vhost_ring_lies;
	struct rte_mbuf *m[OVNET_BURST];
	unsigned used = 0;

	while (strcmp(lie->name, name) != 0)
		lie++;
	assert_true(vg_open(&lying, &conf));
	vp_meet(&liar, &lying);
	rte_mempool_obj_iter(lab_pool, mark_buffer, &used);
	assert_true(lie->tell(&lying));
	assert_int_equal(vp_rx(&liar, 0, m, OVNET_BURST, 0), 0);
	used = 0;
	rte_mempool_obj_iter(lab_pool, mark_buffer, &used);
	assert_in_range(used, 1, most);
	vg_close(&lying);
	is_gone();
}

/*
 * What one packet may take of the buffers all ports share: no more than a burst has, and of a guest
 * that may send segments than a few frames of 64 KB have.
 */
static void a_chain_without_end_takes_few_buffers(void **state)
{
	const uint64_t plain = OFFLOADS & ~SEGMENTS;

	(void)state;
	takes_few_buffers("a_sum_that_wraps", plain, OVNET_BURST);
	takes_few_buffers("a_sum_that_wraps", OFFLOADS, 16 * 33);
	takes_few_buffers("short_pieces_without_an_end", plain, OVNET_BURST);
	takes_few_buffers("short_pieces_without_an_end", OFFLOADS, 16 * 33);
}

/* Not by a signal: who reads it finds pages of our own, and the port says why it stopped. */
static void memory_cut_short_is_told(void **state)
{
	const struct vg_conf conf = {.path = liar.path, .features = OFFLOADS};
	struct ovnet_port_details d = {0};

	(void)state;
	vp_take_sigbus();
	assert_true(vg_open(&lying, &conf));
	vp_meet(&liar, &lying);
	assert_int_equal(ftruncate(lying.memfd, 0), 0);
	take_outward(&liar);
	for (unsigned i = 0; i < 2; i++) {
		vp_look(&liar);
		send_inward(&liar);
	}
	liar.port->driver->details(liar.port, &d);
	assert_non_null(strstr(d.state, "cut short"));
	assert_int_equal(liar.port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	vg_close(&lying);
	is_gone();

	assert_true(vg_open(&lying, &conf));
	vp_meet(&liar, &lying);
	assert_true(vg_send(&lying, LIE_TX, NULL, (uint8_t[60]){2}, 60, VG_PLAIN));
	struct rte_mbuf *m;
	assert_int_equal(vp_rx(&liar, 0, &m, 1, 1000), 1);
	rte_pktmbuf_free(m);
	vg_close(&lying);
	assert_true(vp_becomes(&liar, false));
}

static _Atomic bool tearing;

/* The memory is there and is not, in turns. */
static void *tears(void *arg)
{
	(void)arg;
	while (atomic_load(&tearing))
		if (ftruncate(lying.memfd, 0) < 0 ||
			ftruncate(lying.memfd, (off_t)lying.mem_size) < 0)
			break;
	return NULL;
}

/* What librte_vhost does in between, with a file that became short. */
static void a_page_that_is_missing_before_it_is_watched(void **state)
{
	int fd = memfd_create("short", MFD_CLOEXEC);

	(void)state;
	vp_take_sigbus();
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 16384), 0);
	volatile uint8_t *at = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(at != MAP_FAILED);
	at[0] = 7;
	vhost_memory_mapping();
	assert_false(vhost_memory_mapped());
	vhost_memory_mapping();
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(at[5000], 0);
	assert_int_equal(at[16383], 0);
	assert_int_equal(at[0], 7);
	assert_true(vhost_memory_mapped());
	assert_false(vhost_memory_mapped());
	assert_int_equal(munmap((void *)at, 16384), 0);
	close(fd);
}

/* While librte_vhost maps what it reads at once, and nobody watches it yet. */
static void memory_cut_short_while_it_is_mapped(void **state)
{
	const struct vg_conf conf = {.path = liar.path, .features = OFFLOADS};
	pthread_t thread;

	(void)state;
	vp_take_sigbus();
	assert_true(vg_open(&lying, &conf));
	vp_meet(&liar, &lying);
	lying.asks = true;
	atomic_store(&tearing, true);
	assert_int_equal(pthread_create(&thread, NULL, tears, NULL), 0);
	/* What is refused, as it is too short at that moment, is said once more. */
	for (unsigned i = 0; i < 500; i++) {
		const struct vg_region r = {VG_GPA, lying.mem_size - 4096 * (i % 2), VG_USER, 0};
		uint64_t error;
		assert_true(vg_tell_memory(&lying, &r, 1, &lying.memfd, 1));
		assert_int_equal(
			vg_hear(&lying, VG_SET_MEM_TABLE, &error, sizeof(error)), sizeof(error));
		vp_look(&liar);
	}
	atomic_store(&tearing, false);
	assert_int_equal(pthread_join(thread, NULL), 0);
	nothing_is_lost();
	vg_close(&lying);
	is_gone();
}

static void all_lies(const struct lie *lies)
{
	vp_take_sigbus();
	for (const struct lie *lie = lies; lie->name != NULL; lie++)
		for (unsigned how = 0; how < (lie->kind < LIE_MESSAGE ? 2 : 4); how++) {
			const bool packed = (how & 1) != 0, asks = (how & 2) != 0;
			unsigned fds = vp_fds();
			print_message("    %s, %s%s\n", lie->name, packed ? "packed" : "split",
				asks ? ", asking" : "");
			tells(lie, packed, asks);
			assert_true(vp_fds_become(fds));
			assert_int_equal(rte_mempool_in_use_count(lab_pool), 0);
			buffers_are_as_they_were();
		}
}

static void what_is_written_into_rings(void **state)
{
	(void)state;
	all_lies(vhost_ring_lies);
}

static void what_a_front_end_says(void **state)
{
	(void)state;
	all_lies(vhost_message_lies);
}

static void what_it_says_of_its_rings(void **state)
{
	(void)state;
	all_lies(vhost_setup_lies);
}

static int both_open(void **state)
{
	const struct vg_conf conf = {.path = honest.path, .server = true, .features = OFFLOADS};

	assert_int_equal(vp_set_up(state), 0);
	vp_open_offloads(&honest, "honest", false, 1);
	vp_open_offloads(&liar, "liar", true, 2);
	assert_true(vg_open(&well, &conf));
	vp_meet(&honest, &well);
	return 0;
}

static int both_close(void **state)
{
	vg_close(&well);
	vp_close(&honest);
	vp_close(&liar);
	lab_no_leak();
	return vp_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_into_rings),
		cmocka_unit_test(what_a_front_end_says),
		cmocka_unit_test(what_it_says_of_its_rings),
		cmocka_unit_test(a_chain_without_end_takes_few_buffers),
		cmocka_unit_test(memory_cut_short_is_told),
		cmocka_unit_test(a_page_that_is_missing_before_it_is_watched),
		cmocka_unit_test(memory_cut_short_while_it_is_mapped),
	};

	lab_enter();
	return cmocka_run_group_tests(tests, both_open, both_close);
}
