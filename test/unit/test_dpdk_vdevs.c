/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The devices without hardware a dpdk port may have: what each carries, both ways, and that a port
 * which comes and goes leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "bed/lab.h"

#define FRAMES 40
#define SOME   7 /* ids and sizes that no two frames have in common */

static char dir[] = "/tmp/ovnet-vdevs-XXXXXX";

static struct ovnet_port *open_with(
	uint16_t id, const char *devargs, uint16_t queues, uint16_t descriptors, int *err)
{
	char name[32];

	snprintf(name, sizeof(name), "port%u", id);
	const struct ovnet_port_conf conf = {.name = name,
		.role = OVNET_PORT_ATTACH,
		.devargs = devargs,
		.queues = queues,
		.descriptors = descriptors,
		.pool = lab_pool};

	return ovnet_port_open(&ovnet_driver_dpdk, id, &conf, err);
}

static struct ovnet_port *open_dev(uint16_t id, const char *devargs)
{
	int err;
	struct ovnet_port *port = open_with(id, devargs, 1, 0, &err);

	assert_non_null(port);
	return port;
}

/* Frame `i` of a run: 60 bytes and more, every byte its own. */
static size_t frame(unsigned i, uint8_t *at)
{
	size_t n = 60 + (i * 37) % 1400;

	for (size_t k = 0; k < n; k++)
		at[k] = (uint8_t)(i * SOME + k);
	return n;
}

static void check_frame(const struct rte_mbuf *m, unsigned i, const struct ovnet_port *in)
{
	uint8_t want[1514], joined[1514];

	assert_int_equal(m->pkt_len, frame(i, want));
	assert_memory_equal(rte_pktmbuf_read(m, 0, m->pkt_len, joined), want, m->pkt_len);
	assert_true(in->caps & OVNET_CAP_BARE);
}

/* In one segment and in three; all of them arrive, whole and in order. */
static void carry(struct ovnet_port *from, struct ovnet_port *to)
{
	struct rte_mbuf *m, *in;

	/* A memif receiver gives its sender slots when it polls. */
	assert_int_equal(lab_rx(to, &in, 1, 0), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint8_t bytes[1514];
		size_t n = frame(i, bytes);

		m = lab_mbuf(bytes, n, from->caps & OVNET_CAP_CHAINED ? 1 + i % 3 : 1);
		assert_int_equal(from->driver->tx(from->queue[0], &m, 1), 1);
		assert_int_equal(lab_rx(to, &in, 1, 2000), 1);
		check_frame(in, i, to);
		rte_pktmbuf_free(in);
	}
}

/* DPDK's own thread takes leave of the client, and must not meet us closing the same device. */
static void client_leaves(struct ovnet_port *server, struct ovnet_port *client)
{
	ovnet_port_close(client);
	for (unsigned i = 0; i < 2000 && server->driver->link_up(server); i++)
		usleep(1000);
	assert_false(server->driver->link_up(server));
	usleep(5000); /* the link goes down first, then the rest */
}

static const char *in_dir(char *at, size_t size, const char *format)
{
	snprintf(at, size, format, dir);
	return at;
}

#define MEMIF_SERVER "net_memif0,role=server,id=0,socket-abstract=no,socket=%s/memif"
#define MEMIF_CLIENT "net_memif1,role=client,id=0,socket-abstract=no,socket=%s/memif"

static void memif_carries_both_ways(void **state)
{
	(void)state;
	char server[128], client[128];
	struct ovnet_port *a = open_dev(1, in_dir(server, sizeof(server), MEMIF_SERVER));
	struct ovnet_port *b = open_dev(2, in_dir(client, sizeof(client), MEMIF_CLIENT));

	assert_true(lab_comes_up(a));
	assert_true(lab_comes_up(b));
	carry(b, a);
	carry(a, b);
	client_leaves(a, b);
	ovnet_port_close(a);
	lab_no_leak();
}

static void a_ring_carries_in_a_circle(void **state)
{
	(void)state;
	struct ovnet_port *port = open_dev(1, "net_ring0");

	carry(port, port);
	ovnet_port_close(port);
	lab_no_leak();
}

static void null_gives_and_takes_for_ever(void **state)
{
	(void)state;
	struct ovnet_port *port = open_dev(1, "net_null0,size=128,copy=1");
	struct rte_mbuf *m[OVNET_BURST];
	const uint8_t zeros[128] = {0};

	for (unsigned round = 0; round < 200; round++) {
		assert_int_equal(port->driver->rx(port->queue[0], m, OVNET_BURST), OVNET_BURST);
		for (unsigned i = 0; i < OVNET_BURST; i++) {
			assert_int_equal(m[i]->pkt_len, 128);
			assert_memory_equal(rte_pktmbuf_mtod(m[i], void *), zeros, 128);
		}
		assert_int_equal(port->driver->tx(port->queue[0], m, OVNET_BURST), OVNET_BURST);
	}
	ovnet_port_close(port);
	lab_no_leak();
}

struct pcap_file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap, type;
};

struct pcap_record {
	uint32_t seconds, fraction, captured, length;
};

static void write_pcap(const char *path)
{
	const struct pcap_file head = {.magic = 0xa1b2c3d4, 2, 4, .snap = 65535, .type = 1};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(&head, sizeof(head), 1, f), 1);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint8_t bytes[1514];
		struct pcap_record r = {.captured = (uint32_t)frame(i, bytes)};
		r.length = r.captured;
		assert_int_equal(fwrite(&r, sizeof(r), 1, f), 1);
		assert_int_equal(fwrite(bytes, r.captured, 1, f), 1);
	}
	assert_int_equal(fclose(f), 0);
}

/* Exactly the run's frames, in order. */
static void check_pcap(const char *path)
{
	FILE *f = fopen(path, "r");
	struct pcap_file head;
	struct pcap_record r;

	assert_non_null(f);
	assert_int_equal(fread(&head, sizeof(head), 1, f), 1);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint8_t want[1514], bytes[1514];
		assert_int_equal(fread(&r, sizeof(r), 1, f), 1);
		assert_int_equal(r.captured, frame(i, want));
		assert_int_equal(fread(bytes, r.captured, 1, f), 1);
		assert_memory_equal(bytes, want, r.captured);
	}
	assert_int_equal(fread(&r, 1, 1, f), 0);
	fclose(f);
}

static void pcap_plays_one_file_and_writes_another(void **state)
{
	(void)state;
	char in[64], out[64], devargs[192];
	struct rte_mbuf *m[FRAMES];

	write_pcap(in_dir(in, sizeof(in), "%s/in.pcap"));
	in_dir(out, sizeof(out), "%s/out.pcap");
	snprintf(devargs, sizeof(devargs), "net_pcap0,rx_pcap=%s,tx_pcap=%s", in, out);
	struct ovnet_port *port = open_dev(1, devargs);
	assert_int_equal(lab_rx(port, m, FRAMES, 500), FRAMES);
	for (unsigned i = 0; i < FRAMES; i++)
		check_frame(m[i], i, port);
	assert_int_equal(port->driver->tx(port->queue[0], m, FRAMES), FRAMES);
	ovnet_port_close(port);
	check_pcap(out);
	assert_int_equal(unlink(in) + unlink(out), 0);
	lab_no_leak();
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void count_zone(const struct rte_memzone *z, void *n)
{
	(void)z;
	++*(unsigned *)n;
}

struct holdings {
	unsigned fds, devices, zones, blocks;
};

static struct holdings holdings(void)
{
	struct rte_malloc_socket_stats heap;
	struct holdings h = {.fds = open_fds(), .devices = rte_eth_dev_count_total()};

	rte_memzone_walk(count_zone, &h.zones);
	assert_int_equal(rte_malloc_get_socket_stats(0, &heap), 0);
	h.blocks = heap.alloc_count;
	return h;
}

static void check_holdings(const struct holdings *before)
{
	struct holdings after = holdings();

	/* DPDK's thread closes what was a memif's a moment later. */
	for (unsigned i = 0; i < 2000 && after.fds > before->fds; i++) {
		usleep(1000);
		after = holdings();
	}
	assert_in_range(after.fds, 1, before->fds);
	assert_int_equal(after.devices, before->devices);
	assert_int_equal(after.zones, before->zones);
	assert_in_range(after.blocks, 1, before->blocks); /* the same thread frees, too */
	lab_no_leak();
}

/* Opens both, sees one frame across, closes both. */
static void come_and_go(const char *first, const char *second)
{
	struct ovnet_port *a = open_dev(1, first), *b = second != NULL ? open_dev(2, second) : a;
	struct rte_mbuf *m;

	assert_true(lab_comes_up(a));
	assert_true(lab_comes_up(b));
	assert_int_equal(lab_rx(b, &m, 1, 0), 0);
	m = lab_mbuf((const uint8_t *)dir, sizeof(dir), 1);
	assert_int_equal(a->driver->tx(a->queue[0], &m, 1), 1);
	assert_int_equal(lab_rx(b, &m, 1, 2000), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), dir, sizeof(dir));
	rte_pktmbuf_free(m);
	if (b != a)
		client_leaves(a, b);
	ovnet_port_close(a);
}

/* The first time may leave what is kept for good: drivers' own tables, a memif's listener. */
static void coming_and_going_leaves_nothing(void **state)
{
	(void)state;
	struct holdings before = {0};
	char in[64], pcap[192], memif[2][128];

	write_pcap(in_dir(in, sizeof(in), "%s/in.pcap"));
	snprintf(pcap, sizeof(pcap), "net_pcap0,rx_pcap=%s,tx_pcap=%s/out.pcap", in, dir);
	in_dir(memif[0], sizeof(memif[0]), MEMIF_SERVER);
	in_dir(memif[1], sizeof(memif[1]), MEMIF_CLIENT);
	for (unsigned round = 0; round <= 50; round++) {
		unsigned blocks = holdings().blocks;
		ovnet_port_close(open_dev(1, pcap));
		come_and_go("net_ring0", NULL);
		if (round > 0)
			assert_int_equal(holdings().blocks, blocks);
		/* DPDK forgets a few hundred bytes of each of these two. */
		ovnet_port_close(open_dev(1, "net_null0"));
		come_and_go(memif[0], memif[1]);
		if (round == 0)
			before = holdings();
	}
	before.blocks = holdings().blocks;
	check_holdings(&before);
}

static void a_device_is_one_ports(void **state)
{
	(void)state;
	struct ovnet_port *port = open_dev(1, "net_ring0");
	int err;

	assert_null(open_with(2, "net_ring0", 1, 0, &err));
	assert_int_equal(err, -EBUSY);
	carry(port, port);
	ovnet_port_close(port);
	lab_no_leak();
}

/* DPDK would give the port the former one's socket. */
static void a_device_that_stays_is_not_taken_for_another(void **state)
{
	(void)state;
	char server[128];
	int err;

	in_dir(server, sizeof(server), MEMIF_SERVER);
	ovnet_port_close(open_dev(1, server));
	server[strlen(server) - 1] = 'g';
	assert_null(open_with(1, server, 1, 0, &err));
	assert_int_equal(err, -EEXIST);
	in_dir(server, sizeof(server), MEMIF_SERVER);
	ovnet_port_close(open_dev(1, server));
	lab_no_leak();
}

/* DPDK would sit there until somebody comes. */
static void a_server_that_waits_is_refused(void **state)
{
	(void)state;
	char server[128];
	int err;

	in_dir(server, sizeof(server), "net_virtio_user7,path=%s/nobody,server=1");
	assert_null(open_with(1, server, 1, 0, &err));
	assert_int_equal(err, -EOPNOTSUPP);
}

static void ports_without_a_mac_of_the_device_get_one(void **state)
{
	(void)state;
	struct ovnet_port *a = open_dev(1, "net_ring0"), *b = open_dev(2, "net_ring1");
	struct ovnet_mac first = ovnet_port_mac(a), second = ovnet_port_mac(b);

	assert_int_equal(first.b[0] & 3, 2); /* local, of one station */
	assert_int_equal(second.b[0] & 3, 2);
	assert_false(ovnet_mac_equal(&first, &second));
	ovnet_port_close(a);
	a = open_dev(1, "net_ring0");
	second = ovnet_port_mac(a);
	assert_true(ovnet_mac_equal(&first, &second));
	ovnet_port_close(a);
	ovnet_port_close(b);
}

/* With a leak checker in the program: what is allocated in between may stay. */
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

/*
 * Last: DPDK frees a virtio-user while its interrupt thread may be in it, which costs one close in
 * forty or so on a slow machine. So it is only stopped, and the next port has it.
 */
static void virtio_user_carries_both_ways(void **state)
{
	(void)state;
	static struct ovnet_port *vhost, *guest;
	char first[128], second[128];
	int err;

	vhost = open_dev(1, in_dir(first, sizeof(first), "net_vhost0,iface=%s/vhost"));
	in_dir(second, sizeof(second), "net_virtio_user0,path=%s/vhost");
	if (__lsan_disable != NULL)
		__lsan_disable();
	guest = open_with(2, second, 1, 16, &err);
	if (__lsan_enable != NULL)
		__lsan_enable();
	assert_non_null(guest);
	/* Its ring is full of buffers from its start on: 32 of them are the least it takes. */
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 32);
	assert_true(lab_comes_up(vhost));
	assert_true(lab_comes_up(guest));
	for (unsigned round = 0; round < 5; round++) {
		carry(guest, vhost);
		carry(vhost, guest);
		ovnet_port_close(guest);
		guest = open_with(2, second, 1, 16, &err);
		assert_non_null(guest);
		assert_true(lab_comes_up(vhost) && lab_comes_up(guest));
	}
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return lab_run((const char *const[]){"rm", "-rf", dir, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memif_carries_both_ways),
		cmocka_unit_test(a_ring_carries_in_a_circle),
		cmocka_unit_test(null_gives_and_takes_for_ever),
		cmocka_unit_test(pcap_plays_one_file_and_writes_another),
		cmocka_unit_test(coming_and_going_leaves_nothing),
		cmocka_unit_test(a_device_is_one_ports),
		cmocka_unit_test(a_device_that_stays_is_not_taken_for_another),
		cmocka_unit_test(a_server_that_waits_is_refused),
		cmocka_unit_test(ports_without_a_mac_of_the_device_get_one),
		cmocka_unit_test(virtio_user_carries_both_ways),
	};

	lab_enter();
	return cmocka_run_group_tests_name("dpdk_vdevs", tests, set_up, tear_down);
}
