/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab.h"
#include "bed/vhost_guest.h"

static struct ovnet_port *open_dpdk(
	const char *devargs, enum ovnet_port_role role, uint16_t queues, uint16_t mtu, int *err)
{
	const struct ovnet_port_conf conf = {.name = "dpdk",
		.role = role,
		.devargs = devargs,
		.queues = queues,
		.mtu = mtu,
		.pool = lab_pool};

	return ovnet_port_open(&ovnet_driver_dpdk, 9, &conf, err);
}

static void a_ring_gives_back_what_was_sent(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_dpdk("net_ring0", OVNET_PORT_UPLINK, 4, 0, &err);
	struct ovnet_port_stats stats;
	struct rte_mbuf *m, *in[32];

	assert_non_null(port);
	assert_true(port->caps & OVNET_CAP_EXCLUSIVE);
	assert_int_equal(port->mtu, 1500);
	assert_true(lab_comes_up(port));
	assert_int_equal(port->driver->wait_fd(port->queue[0]), -1);
	m = lab_mbuf((const uint8_t *)"round and round it goes", 23, 1);
	*ovnet_meta(m) = (struct ovnet_meta){.offload = OVNET_OFF_CSUM, .flags = 0xff};
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_int_equal(lab_rx(port, in, 32, 100), 1);
	assert_memory_equal(rte_pktmbuf_mtod(in[0], char *), "round and round it goes", 23);
	/* Left alone, for the path to write. */
	assert_true(port->caps & OVNET_CAP_BARE);
	assert_int_equal(ovnet_meta(in[0])->offload, OVNET_OFF_CSUM);
	assert_int_equal(ovnet_meta(in[0])->flags, 0xff);
	rte_pktmbuf_free(in[0]);
	port->driver->stats(port, &stats);
	assert_int_equal(stats.tx_errors, 0);
	ovnet_port_close(port);

	/* Removed for good: the same name opens again. */
	port = open_dpdk("net_ring0", OVNET_PORT_UPLINK, 1, 0, &err);
	assert_non_null(port);
	ovnet_port_close(port);
	lab_no_leak();
}

static void a_full_queue_is_told_from_a_port_that_is_down(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_dpdk("net_ring1", OVNET_PORT_ATTACH, 1, 0, &err);
	struct rte_mbuf *m[OVNET_BURST];
	uint16_t sent;

	assert_non_null(port);
	assert_false(port->caps & OVNET_CAP_EXCLUSIVE);
	do {
		assert_int_equal(rte_pktmbuf_alloc_bulk(lab_pool, m, OVNET_BURST), 0);
		sent = port->driver->tx(port->queue[0], m, OVNET_BURST);
	} while (sent == OVNET_BURST);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_FULL);
	rte_pktmbuf_free_bulk(m + sent, OVNET_BURST - sent);
	while ((sent = lab_rx(port, m, OVNET_BURST, 0)) > 0)
		rte_pktmbuf_free_bulk(m, sent);
	ovnet_port_close(port);
	lab_no_leak();
}

static const uint8_t a_frame[64] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8};

/* One packet from the guest's side, waited for on the switch's as a worker does. */
static void cross_and_wake(struct vg *guest, struct ovnet_port *port)
{
	struct ovnet_port_queue *q = port->queue[0];
	struct rte_mbuf *m;

	assert_int_equal(port->driver->arm(q), 0);
	assert_false(lab_readable(port->driver->wait_fd(q), 50));
	assert_true(vg_send(guest, 1, NULL, a_frame, sizeof(a_frame), VG_PLAIN));
	vg_kick(guest, 1);
	assert_true(lab_readable(port->driver->wait_fd(q), 2000));
	port->driver->disarm(q);
	assert_false(lab_readable(port->driver->wait_fd(q), 0));
	assert_int_equal(lab_rx(port, &m, 1, 500), 1);
	assert_int_equal(m->pkt_len, sizeof(a_frame));
	rte_pktmbuf_free(m);
}

static bool link_goes_down(struct ovnet_port *port)
{
	for (unsigned i = 0; i < 200 && port->driver->link_up(port); i++)
		usleep(10000);
	return !port->driver->link_up(port);
}

/* The guest is one by hand: DPDK's net_virtio_user stays when its port closes. */
static void a_guest_wakes_its_worker(void **state)
{
	(void)state;
	int err;
	char dir[] = "/tmp/ovnet-drivers-XXXXXX", vhost[96], path[64];
	const struct vg_conf conf = {.path = path};
	struct vg guest;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(vhost, sizeof(vhost), "net_vhost0,iface=%s", path);
	struct ovnet_port *port = open_dpdk(vhost, OVNET_PORT_ATTACH, 1, 0, &err);
	assert_non_null(port);
	assert_false(port->driver->link_up(port));

	/* The worker sleeps already when the guest comes, and has to arm again. */
	struct ovnet_port_queue *q = port->queue[0];
	assert_int_equal(port->driver->arm(q), 0);
	assert_true(vg_open(&guest, &conf));
	assert_true(vg_meet(&guest, 2000));
	assert_true(vg_start(&guest));
	assert_true(lab_comes_up(port));
	assert_true(lab_readable(port->driver->wait_fd(q), 2000));
	port->driver->disarm(q);
	for (unsigned i = 0; i < 3; i++)
		cross_and_wake(&guest, port);

	/* Gone again: what cannot be sent has a reason. */
	vg_close(&guest);
	assert_true(link_goes_down(port));
	struct rte_mbuf *m = lab_mbuf(a_frame, sizeof(a_frame), 1);
	assert_int_equal(port->driver->tx(q, &m, 1), 0);
	assert_int_equal(q->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free(m);
	ovnet_port_close(port);
	assert_int_equal(rmdir(dir), 0);
	lab_no_leak();
}

static void queues_and_mtu_stay_within_the_device(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_dpdk("net_null0,no-rx=1", OVNET_PORT_ATTACH, 2, 1400, &err);

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 2);
	assert_int_equal(port->n_txq, 2);
	ovnet_port_close(port);
	assert_null(open_dpdk("net_null1,no-rx=1", OVNET_PORT_ATTACH, 1, 20, &err));
	assert_int_equal(err, -EINVAL);
	const struct ovnet_port_conf near = {.name = "dpdk",
		.devargs = "net_null1,no-rx=1",
		.mtu = 20,
		.mtu_near = true,
		.pool = lab_pool};
	port = ovnet_port_open(&ovnet_driver_dpdk, 9, &near, &err);
	assert_non_null(port);
	assert_int_equal(port->mtu, 46); /* a frame of 64 bytes */
	ovnet_port_close(port);
	assert_null(open_dpdk("net_no_such_driver0", OVNET_PORT_ATTACH, 1, 0, &err));
	assert_true(err < 0);
	assert_null(open_dpdk("", OVNET_PORT_ATTACH, 1, 0, &err));
	assert_int_equal(err, -EINVAL);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_gives_back_what_was_sent),
		cmocka_unit_test(a_full_queue_is_told_from_a_port_that_is_down),
		cmocka_unit_test(a_guest_wakes_its_worker),
		cmocka_unit_test(queues_and_mtu_stay_within_the_device),
	};

	lab_enter();
	return cmocka_run_group_tests_name("dpdk", tests, NULL, NULL);
}
