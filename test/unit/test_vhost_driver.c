/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost driver and a guest that behaves, which is DPDK's virtio_user in this very process. Its
 * socket is test_vhost_socket.c's, and how guests misbehave other suites'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "bed/lab.h"
#include "packet/csum.h"

#define PAIRS  2
#define FRAMES 200 /* several of the library's bursts */

static char dir[] = "/tmp/ovnet-vhost-XXXXXX";
static char path[64];
static int notify_fd;
static struct ovnet_rcu rcu;

/* The control thread's part, until it came to what `is` says of it. */
static void settle(struct ovnet_port *port, bool (*is)(struct ovnet_port *port))
{
	for (unsigned i = 0; i < 10000 && !is(port); i++) {
		(void)port->driver->changed(port);
		usleep(1000);
	}
	assert_true(is(port));
}

static bool is_up(struct ovnet_port *port)
{
	return port->driver->link_up(port);
}

static bool is_down(struct ovnet_port *port)
{
	return !is_up(port);
}

/* The guest's own word, and what we made of it: `changed` was asked since. */
static bool has_all_queues(struct ovnet_port *port)
{
	struct ovnet_port_details d = {0};

	port->driver->details(port, &d);
	return d.queues_ready == PAIRS && port->n_rxq == PAIRS && port->n_txq == PAIRS;
}

static bool is_used(const struct ovnet_port *port, const char *feature)
{
	struct ovnet_port_details d = {0};

	port->driver->details(port, &d);
	for (unsigned i = 0; i < d.n_used; i++)
		if (strcmp(d.used[i], feature) == 0)
			return true;
	return false;
}

/* A guest by DPDK. Its device stays until the process ends: see test_dpdk_vdevs.c. */
static struct ovnet_port *port;
static uint16_t guest;

__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

static void start_queues(void)
{
	for (uint16_t i = 0; i < PAIRS; i++) {
		assert_int_equal(rte_eth_rx_queue_setup(guest, i, 256, 0, NULL, lab_pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(guest, i, 256, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(guest), 0);
}

static void start_guest(void)
{
	const uint64_t tx = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
		       rx = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	const struct rte_eth_conf eth = {.txmode.offloads = tx, .rxmode.offloads = rx};
	struct rte_dev_iterator it;
	char args[256];

	snprintf(args, sizeof(args), "net_virtio_user0,path=%s,queues=%d,queue_size=256", path,
		PAIRS);
	if (__lsan_disable != NULL)
		__lsan_disable();
	assert_int_equal(rte_dev_probe(args), 0);
	RTE_ETH_FOREACH_MATCHING_DEV(guest, args, &it)
	{
		rte_eth_iterator_cleanup(&it);
		break;
	}
	assert_int_equal(rte_eth_dev_configure(guest, PAIRS, PAIRS, &eth), 0);
	start_queues();
	if (__lsan_enable != NULL)
		__lsan_enable();
}

static void a_guest_comes_with_its_queues(void **state)
{
	(void)state;
	struct ovnet_port_details d = {0};
	eventfd_t said = 0;

	int err;
	const struct ovnet_port_conf conf = {.name = "guest",
		.role = OVNET_PORT_ATTACH,
		.path = path,
		.server = true,
		.queues = PAIRS,
		.mtu = 1450,
		.rcu = &rcu,
		.notify_fd = notify_fd,
		.pool = lab_pool};

	port = ovnet_port_open(&ovnet_driver_vhost, 3, &conf, &err);
	assert_non_null(port);
	start_guest();
	settle(port, has_all_queues);
	assert_int_equal(eventfd_read(notify_fd, &said), 0);
	assert_true(said > 0);
	port->driver->details(port, &d);
	assert_string_equal(d.state, "connected");
	assert_int_equal(d.queues_ready, PAIRS);
	assert_int_equal(d.reconnects, 0);
	assert_int_equal(d.enabled, OVNET_CAP_CHAINED | OVNET_CAP_RX_CSUM | OVNET_CAP_TX_CSUM);
	assert_true(d.negotiated & UINT64_C(1) << 32);
	assert_true(is_used(port, "csum"));
	assert_true(is_used(port, "guest_csum"));
	assert_true(is_used(port, "mrg_rxbuf"));
	assert_true(is_used(port, "mq"));
	assert_true(is_used(port, "version_1"));
	assert_false(is_used(port, "host_tso4"));
	/* Nothing new: the map stays. */
	assert_false(port->driver->changed(port));
}

/* Frame `i`: 60 to 1460 bytes, all its own. */
static size_t fill(unsigned i, uint8_t *at)
{
	size_t n = 60 + (i * 97) % 1400;

	for (size_t k = 0; k < n; k++)
		at[k] = (uint8_t)(i * 7 + k);
	return n;
}

static void check(struct rte_mbuf *m, unsigned i)
{
	uint8_t want[1500];
	size_t n = fill(i, want);

	assert_int_equal(m->pkt_len, n);
	/* The guest may have it in several buffers. */
	assert_int_equal(rte_pktmbuf_linearize(m), 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), want, n);
	rte_pktmbuf_free(m);
}

static struct rte_mbuf *made(unsigned i, unsigned segs)
{
	uint8_t bytes[1500];
	size_t n = fill(i, bytes);

	return lab_mbuf(bytes, n, segs);
}

static uint16_t guest_rx(uint16_t queue, struct rte_mbuf **m)
{
	uint16_t n = 0;

	for (unsigned i = 0; i < 2000 && n == 0; i++) {
		n = rte_eth_rx_burst(guest, queue, m, 1);
		if (n == 0)
			usleep(1000);
	}
	return n;
}

static void frames_go_both_ways(void **state)
{
	(void)state;
	struct rte_mbuf *pkts[OVNET_BURST], *m;

	for (uint16_t q = 0; q < PAIRS; q++) {
		for (unsigned i = 0; i < OVNET_BURST; i++)
			pkts[i] = made(i, 1 + i % 3);
		assert_int_equal(port->driver->tx(port->queue[q], pkts, OVNET_BURST), OVNET_BURST);
		for (unsigned i = 0; i < OVNET_BURST; i++) {
			assert_int_equal(guest_rx(q, &m), 1);
			check(m, i);
		}
		for (unsigned i = 0; i < OVNET_BURST; i++)
			pkts[i] = made(i + q, 1);
		assert_int_equal(rte_eth_tx_burst(guest, q, pkts, OVNET_BURST), OVNET_BURST);
		assert_int_equal(port->driver->rx(port->queue[q], pkts, OVNET_BURST), OVNET_BURST);
		for (unsigned i = 0; i < OVNET_BURST; i++) {
			assert_int_equal(ovnet_meta(pkts[i])->in_port, 3);
			assert_int_equal(ovnet_meta(pkts[i])->offload, 0);
			check(pkts[i], i + q);
		}
	}
}

/* An Ethernet frame with IPv4 and TCP or UDP, whose checksum field has the pseudo header's sum. */
static struct rte_mbuf *partial(uint8_t proto, uint16_t *start, uint16_t *offset)
{
	struct lab_packet p = {
		.src = "10.5.1.7", .dst = "10.5.2.7", .port = 7000, .text = "sum me up, whoever"};
	uint8_t frame[512];
	size_t n = lab_frame(frame, &p);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);

	/* Longer than the shortest TCP segment, as TCP has it. */
	memset(frame + n, 0x5a, 20);
	n += 20;
	ip->next_proto_id = proto;
	ip->total_length = htons((uint16_t)(n - 14));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*start = 34;
	*offset = proto == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
				       : offsetof(struct rte_udp_hdr, dgram_cksum);
	if (proto == IPPROTO_TCP)
		frame[34 + 12] = 5 << 4; /* its header's length */
	uint16_t sum = rte_ipv4_phdr_cksum(ip, 0);
	memcpy(frame + *start + *offset, &sum, 2);
	return lab_mbuf(frame, n, 1);
}

static bool sum_is_right(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, 14);

	return rte_ipv4_udptcp_cksum_verify(ip, (const char *)ip + 20) == 0;
}

static void the_guest_leaves_checksums_to_us(void **state)
{
	(void)state;
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	uint16_t start, offset;

	for (unsigned i = 0; i < RTE_DIM(protos); i++) {
		struct rte_mbuf *m = partial(protos[i], &start, &offset), *got;

		m->l2_len = 14;
		m->l3_len = 20;
		m->ol_flags |=
			RTE_MBUF_F_TX_IPV4 | (protos[i] == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM
								       : RTE_MBUF_F_TX_UDP_CKSUM);
		assert_int_equal(rte_eth_tx_prepare(guest, 0, &m, 1), 1);
		assert_int_equal(rte_eth_tx_burst(guest, 0, &m, 1), 1);
		assert_int_equal(lab_rx(port, &got, 1, 1000), 1);
		assert_int_equal(ovnet_meta(got)->offload, OVNET_OFF_CSUM);
		assert_int_equal(ovnet_meta(got)->csum_start, start);
		assert_int_equal(ovnet_meta(got)->csum_offset, offset);
		assert_false(sum_is_right(got));
		assert_int_equal(ovnet_csum_finish(got), 0);
		assert_true(sum_is_right(got));
		rte_pktmbuf_free(got);
	}
}

static struct rte_mbuf *sent_partial(uint8_t proto, uint16_t more)
{
	uint16_t start, offset;
	struct rte_mbuf *m = partial(proto, &start, &offset), *got;

	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = (uint16_t)(start + more);
	ovnet_meta(m)->csum_offset = offset;
	if (port->driver->tx(port->queue[0], &m, 1) == 0) {
		assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
		rte_pktmbuf_free(m);
		return NULL;
	}
	assert_int_equal(guest_rx(0, &got), 1);
	return got;
}

static void we_leave_checksums_to_the_guest(void **state)
{
	(void)state;
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (unsigned i = 0; i < RTE_DIM(protos); i++) {
		struct rte_mbuf *m = sent_partial(protos[i], 0);

		/* As virtio says it: not done, but true as far as it went. */
		assert_int_equal(
			m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
		assert_false(sum_is_right(m));
		rte_pktmbuf_free(m);
		/* Where virtio cannot say it, it is done here. */
		m = sent_partial(protos[i], 2);
		assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, 0);
		rte_pktmbuf_free(m);
		/* What is not in the packet is refused. */
		assert_null(sent_partial(protos[i], 1000));
	}
}

static void a_full_guest_is_counted(void **state)
{
	(void)state;
	struct ovnet_port_stats s;
	struct rte_mbuf *pkts[FRAMES], *m;
	struct ovnet_port_queue *q = port->queue[1];
	unsigned sent = 0, got = 0;

	/* As the path does: what is left is tried once more, then it is lost. */
	for (;;) {
		for (unsigned i = 0; i < OVNET_BURST; i++)
			pkts[i] = made(1, 1);
		uint16_t n = port->driver->tx(q, pkts, OVNET_BURST);
		sent += n;
		if (n == OVNET_BURST)
			continue;
		assert_int_equal(q->tx_reason, OVNET_DROP_TX_FULL);
		uint16_t left = (uint16_t)(OVNET_BURST - n);
		assert_int_equal(port->driver->tx(q, pkts + n, left), 0);
		rte_pktmbuf_free_bulk(pkts + n, left);
		port->driver->stats(port, &s);
		assert_int_equal(s.missed, left);
		break;
	}
	while (got < sent) {
		assert_int_equal(guest_rx(1, &m), 1);
		check(m, 1);
		got++;
	}
	assert_int_equal(rte_eth_rx_burst(guest, 1, &m, 1), 0);
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void a_sleeper_is_woken(void **state)
{
	(void)state;
	struct rte_mbuf *m;

	for (uint16_t i = 0; i < PAIRS; i++) {
		struct ovnet_port_queue *q = port->queue[i];
		int fd = port->driver->wait_fd(q);

		assert_true(fd >= 0);
		assert_int_equal(port->driver->rx(q, &m, 1), 0);
		port->driver->disarm(q);
		assert_false(readable(fd));
		for (unsigned turn = 0; turn < 3; turn++) {
			assert_int_equal(port->driver->arm(q), 0);
			assert_int_equal(port->driver->rx(q, &m, 1), 0);
			assert_false(readable(fd));
			m = made(turn, 1);
			assert_int_equal(rte_eth_tx_burst(guest, i, &m, 1), 1);
			assert_true(lab_readable(fd, 2000));
			port->driver->disarm(q);
			assert_false(readable(fd));
			assert_int_equal(port->driver->rx(q, &m, 1), 1);
			check(m, turn);
		}
		/* Awake nobody wants to be told. */
		m = made(1, 1);
		assert_int_equal(rte_eth_tx_burst(guest, i, &m, 1), 1);
		assert_false(readable(fd));
		assert_int_equal(port->driver->rx(q, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
}

static _Atomic int stopped; /* 1: it is; negative: it could not */

/* Other features are wanted: virtio_user resets the device, as a guest does that starts anew. */
static void *reset_guest(void *arg)
{
	const struct rte_eth_conf eth = {0};
	int rc = rte_eth_dev_stop(guest);

	(void)arg;
	if (rc == 0)
		rc = rte_eth_dev_configure(guest, PAIRS, PAIRS, &eth);
	atomic_store(&stopped, rc == 0 ? 1 : rc);
	return NULL;
}

/* The guest's memory goes when its device does: not while a worker may be in it. */
static void a_guest_that_leaves_waits_for_the_workers(void **state)
{
	(void)state;
	pthread_t thread;
	struct rte_mbuf *m = made(1, 1);
	struct ovnet_port_details d = {0};

	assert_int_equal(ovnet_rcu_reader_add(&rcu, 0), 0);
	ovnet_rcu_reader_online(&rcu, 0);
	assert_int_equal(pthread_create(&thread, NULL, reset_guest, NULL), 0);
	settle(port, is_down);
	usleep(50000);
	assert_int_equal(atomic_load(&stopped), 0);
	/* The map stays as it was: nothing of it is wrong. */
	assert_false(port->driver->changed(port));
	port->driver->details(port, &d);
	assert_int_equal(d.queues_ready, 0);
	assert_int_equal(d.n_used, 0);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 0);
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free(m);
	ovnet_rcu_reader_quiescent(&rcu, 0);
	/* Each ring is stopped by itself, and one that sleeps holds up nobody. */
	ovnet_rcu_reader_offline(&rcu, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&stopped), 1);
	assert_int_equal(ovnet_rcu_reader_remove(&rcu, 0), 0);
}

static void and_comes_back(void **state)
{
	start_queues();
	settle(port, has_all_queues);
	/* Its driver asked for less this time. */
	assert_false(is_used(port, "csum"));
	assert_true(is_used(port, "mrg_rxbuf"));
	struct rte_mbuf *m = sent_partial(IPPROTO_TCP, 0);
	assert_true(sum_is_right(m));
	rte_pktmbuf_free(m);
	frames_go_both_ways(state);
	a_sleeper_is_woken(state);
}

/* The port goes under a guest that is there. */
static void a_port_closes_under_its_guest(void **state)
{
	(void)state;
	struct stat st;

	ovnet_port_close(port);
	assert_int_equal(stat(path, &st), -1);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/guest.sock", dir);
	notify_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return ovnet_rcu_init(&rcu, 1);
}

static int tear_down(void **state)
{
	(void)state;
	ovnet_rcu_fini(&rcu);
	return lab_run((const char *const[]){"rm", "-rf", dir, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_comes_with_its_queues),
		cmocka_unit_test(frames_go_both_ways),
		cmocka_unit_test(the_guest_leaves_checksums_to_us),
		cmocka_unit_test(we_leave_checksums_to_the_guest),
		cmocka_unit_test(a_full_guest_is_counted),
		cmocka_unit_test(a_sleeper_is_woken),
		cmocka_unit_test(a_guest_that_leaves_waits_for_the_workers),
		cmocka_unit_test(and_comes_back),
		cmocka_unit_test(a_port_closes_under_its_guest),
	};

	lab_enter();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
