/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports are added and removed a thousand times while two others forward between workers that run,
 * and go from one to the other: what those carry arrives, and in the end all there was is there
 * again.
 */
#include <dirent.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bed/clock.h"
#include "bed/parts.h"
#include "bed/path.h"
#include "bed/random.h"
#include "port/driver_int.h"

#define PORTS      1000
#define MAX_ROUNDS 4
#define ALIVE      200 /* more than a worker has tx buffers */
#define BURST      8
#define WAITING    128 /* packets on their way at most: they fit any ring */
#define RING       512
#define INNER      60 /* bytes of a packet from host to uplink; others have another length */
#define WIRE       (INNER + 64)

/* --- a port other threads feed --- */

struct lane {
	struct ovnet_port_queue q; /* first */
	struct rte_ring *in, *out;
	int fd;
};

static struct lane *lane_of(const struct ovnet_port *port)
{
	return (struct lane *)port->queue[0];
}

static struct rte_ring *ring_new(void)
{
	struct rte_ring *r = aligned_alloc(RTE_CACHE_LINE_SIZE,
		RTE_ALIGN_CEIL((size_t)rte_ring_get_memsize(RING), (size_t)RTE_CACHE_LINE_SIZE));

	assert_non_null(r);
	assert_int_equal(rte_ring_init(r, "lane", RING, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return r;
}

static int lane_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct lane *l = ovnet_driver_queue_new(port, 0, sizeof(*l));

	assert_non_null(l);
	l->in = ring_new();
	l->out = ring_new();
	l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(l->fd >= 0);
	port->caps = OVNET_CAP_CHAINED | (conf->role == OVNET_PORT_HOST ? OVNET_CAP_L3 : 0);
	port->n_rxq = port->n_txq = 1;
	port->mtu = 1500;
	ovnet_port_set_mac(port, conf->role == OVNET_PORT_UPLINK ? &uplink_mac : &attach_mac);
	return 0;
}

/* How many packets of host to uplink there were. */
static unsigned empty(struct rte_ring *r)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	while (rte_ring_dequeue(r, (void **)&m) == 0) {
		n += m->pkt_len == WIRE;
		rte_pktmbuf_free(m);
	}
	return n;
}

static void lane_close(struct ovnet_port *port)
{
	struct lane *l = lane_of(port);

	empty(l->in);
	empty(l->out);
	free(l->in);
	free(l->out);
	close(l->fd);
}

static uint16_t lane_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct lane *l = (struct lane *)q;
	eventfd_t count;
	uint16_t got = (uint16_t)rte_ring_dequeue_burst(l->in, (void **)pkts, n, NULL);

	if (got == 0 && eventfd_read(l->fd, &count) < 0)
		return 0; /* nothing was written either */
	return got;
}

static uint16_t lane_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	q->tx_reason = OVNET_DROP_TX_FULL;
	return (uint16_t)rte_ring_enqueue_burst(((struct lane *)q)->out, (void **)pkts, n, NULL);
}

static int lane_fd(struct ovnet_port_queue *q)
{
	return ((struct lane *)q)->fd;
}

static int lane_arm(struct ovnet_port_queue *q)
{
	return !rte_ring_empty(((struct lane *)q)->in);
}

static const struct ovnet_driver lane_driver = {.name = "lane",
	.open = lane_open,
	.close = lane_close,
	.rx = lane_rx,
	.tx = lane_tx,
	.wait_fd = lane_fd,
	.arm = lane_arm};

static struct ovnet_port *add(const char *name, enum ovnet_port_role role)
{
	const struct ovnet_port_conf conf = {.name = name, .role = role};
	int err;
	struct ovnet_port *port = ports_open(&parts.ports, &lane_driver, &conf, NULL, &err);

	assert_non_null(port);
	assert_int_equal(ports_publish(&parts.ports), 0);
	return port;
}

static void feed(const struct ovnet_port *port, const uint8_t *bytes, uint16_t len)
{
	struct lane *l = lane_of(port);

	assert_int_equal(rte_ring_enqueue(l->in, bed_packet(port->id, bytes, len, 0, 0)), 0);
	assert_int_equal(eventfd_write(l->fd, 1), 0);
}

/* --- what there is --- */

struct have {
	unsigned packets, fds;
	size_t heap; /* bytes in use; under ASan, which looks for leaks itself, 0 */
};

static struct have have(void)
{
	struct have h = {
		.packets = rte_mempool_avail_count(bed_pool), .heap = mallinfo2().uordblks};
	DIR *d = opendir("/proc/self/fd");

	assert_non_null(d);
	while (readdir(d) != NULL)
		h.fds++;
	closedir(d);
	return h;
}

/*
 * A chunk too small to split counts as in use whole, so the figure depends on where free memory
 * happens to lie, by some bytes. What is lost with each port is more than one byte a port.
 */
static bool leaked(const struct have *before, const struct have *after)
{
	return after->heap >= before->heap + PORTS;
}

/* --- the load --- */

static struct ovnet_port *host, *uplink;
static unsigned sent, arrived, moved;

/* Returns when few enough are on their way. */
static void collect(unsigned waiting)
{
	double end = seconds() + 20;

	for (;;) {
		arrived += empty(lane_of(uplink)->out);
		empty(lane_of(host)->out);
		if (sent - arrived <= waiting)
			return;
		if (seconds() > end)
			fail_msg("%u packets of %u are lost", sent - arrived, sent);
		sched_yield();
	}
}

static void forward(void)
{
	uint8_t in[INNER];

	for (unsigned i = 0; i < BURST; i++)
		feed(host, in, put_inner(in, OWN_POD, PEER_POD, (uint16_t)sent++, INNER));
	collect(WAITING);
}

/* Both ports' queues go from one to the other and back meanwhile. One that is underway still is not
 * asked again. */
static void move(unsigned round)
{
	struct ovnet_port *port = round % 2 == 0 ? host : uplink;
	uint16_t worker = ovnet_queue_worker(port->queue[0]);
	int rc = ports_move_queue(&parts.ports, port, 0, 1 - worker);

	assert_true(rc == 0 || rc == -EBUSY);
	moved += rc == 0;
}

/* What lives at the newest port gets a packet, and sends one. */
static void exchange(const struct ovnet_port *port)
{
	const struct ovnet_prefix alone = {.family = AF_INET, .v4 = {OWN_POD, 32}};
	uint8_t bytes[256];

	assert_int_equal(
		ovnet_fib_set_endpoint(parts.engine.fib, &alone, port->id, false, &pod_mac), 0);
	feed(uplink, bytes, put_vxlan(bytes, INNER));
	put_ether(bytes, &attach_mac, &pod_mac);
	feed(port, bytes, 14 + put_inner(bytes + 14, OWN_POD, PEER_POD, 1, INNER + 20));
}

static void come_and_go(void)
{
	struct ovnet_port *alive[ALIVE] = {NULL};
	uint64_t seed = 1;
	unsigned at = 0;

	for (unsigned i = 0; i < PORTS; i++) {
		struct ovnet_port *fresh = add("guest", OVNET_PORT_ATTACH);
		/* Every other time the one goes that was the newest: packets are underway to it. */
		if (i % 2 == 0)
			at = next_random(&seed) % ALIVE;
		exchange(fresh);
		move(i);
		forward();
		if (alive[at] != NULL)
			assert_int_equal(ports_close(&parts.ports, alive[at]), 0);
		alive[at] = fresh;
		ovnet_rcu_reclaim(&parts.engine.shared.rcu);
	}
	const struct ovnet_prefix alone = {.family = AF_INET, .v4 = {OWN_POD, 32}};
	assert_int_equal(ovnet_fib_del_endpoint(parts.engine.fib, &alone), 0);
	for (unsigned i = 0; i < ALIVE; i++) {
		if (alive[i] != NULL)
			assert_int_equal(ports_close(&parts.ports, alive[i]), 0);
		forward();
	}
	collect(0);
}

static void a_thousand_come_and_go_and_nothing_is_lost(void **state)
{
	static struct bed tables = {.mtu = 1500};
	struct have before, after;
	unsigned rounds = 0;

	(void)state;
	tables.w = parts.engine.fib;
	host = add("host", OVNET_PORT_HOST);
	uplink = add("uplink", OVNET_PORT_UPLINK);
	assert_true(host->id == HOST && uplink->id == UPLINK);
	bed_tables(&tables);
	assert_int_equal(ovnet_fib_set_default_endpoint(parts.engine.fib, HOST, true, NULL), 0);
	/* What is made once and stays is no leak: that would be there each time. */
	do {
		before = have();
		assert_int_equal(engine_workers_init(&parts.engine), 0);
		come_and_go();
		engine_workers_fini(&parts.engine);
		assert_int_equal(ovnet_rcu_reclaim(&parts.engine.shared.rcu), 0);
		after = have();
		assert_int_equal(parts.ports.n, 2);
		assert_int_equal(after.packets, before.packets);
		assert_int_equal(after.fds, before.fds);
		rounds++;
	} while (leaked(&before, &after) && rounds < MAX_ROUNDS);
	assert_false(leaked(&before, &after));
	assert_int_equal(arrived, sent);
	assert_in_range(moved, PORTS / 10, MAX_ROUNDS * PORTS);
	assert_int_equal(sent, rounds * BURST * (PORTS + ALIVE));
}

static int load_open(void **state)
{
	static char level[] = "auto";

	assert_int_equal(parts_open(state), 0);
	parts.conf.dpdk.cpu_level = level;
	parts.conf.dpdk.mbufs = BED_MBUFS;
	return 0;
}

/* What glibc keeps for each thread counts as in use, so it must keep nothing. */
static void count_heap(char **argv)
{
	static const char tunables[] = "GLIBC_TUNABLES";

	if (getenv(tunables) != NULL)
		return;
	if (setenv(tunables, "glibc.malloc.tcache_count=0", 1) == 0)
		execv("/proc/self/exe", argv);
	perror("cannot start again without malloc's caches");
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	(void)argc;
	count_heap(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_thousand_come_and_go_and_nothing_is_lost, load_open, parts_close),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("ports_load", tests, NULL, NULL);
}
