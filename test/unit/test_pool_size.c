/* SPDX-License-Identifier: BSD-3-Clause */
/* How many packet buffers there are, by ports, queues and descriptors. */
#include <errno.h>
#include <string.h>

#include "bed/cmocka.h"
#include "engine/pool.h"
#include "port/driver.h"
#include "run/warnings.h"

static char nothing[] = "", device[] = "net_x", name[] = "gen0", off[] = "off",
	    automatic[] = "auto";

/* What `ports` DPDK ports of that shape make of dpdk.mbufs; 0: refused. */
static uint32_t buffers(
	uint32_t mbufs, uint16_t workers, unsigned ports, uint16_t queues, uint16_t descriptors)
{
	struct conf_port *list = calloc(ports + 1, sizeof(*list));
	struct conf c = {.ports = list, .n_ports = ports};
	struct engine e = {.conf = &c};

	assert_non_null(list);
	c.dpdk.mbufs = mbufs;
	c.dpdk.workers = workers;
	for (unsigned i = 0; i < ports; i++)
		list[i] = (struct conf_port){.name = name,
			.devargs = device,
			.queues = queues,
			.descriptors = descriptors};
	int rc = memory_count(&e);
	free(list);
	assert_true(rc == 0 || rc == -ENOMEM);
	return rc == 0 ? e.mbufs : 0;
}

static void a_usual_node_has_as_many_as_ever(void **state)
{
	(void)state;
	assert_int_equal(buffers(0, 1, 0, 0, 0), 16384);
	assert_int_equal(buffers(0, 4, 0, 0, 0), 16384);
	assert_int_equal(buffers(0, 1, 1, 0, 0), 16384);
	assert_int_equal(buffers(8192, 1, 0, 0, 0), 8192);
	assert_int_equal(buffers(1024, 1, 0, 0, 0), 1024);
}

#define LATER 4096

/*
 * Rings both ways, and what is with the workers; an eighth is for fragments; and some for ports
 * that come later.
 */
static void rings_are_counted(void **state)
{
	(void)state;
	assert_int_equal(buffers(0, 1, 4, 8, 512), (2 * 4 * 8 * 512 + 2048) * 8 / 7 + LATER);
	assert_int_equal(buffers(0, 2, 10, 0, 0), (2 * 10 * 1024 + 2 * 2048) * 8 / 7 + LATER);
	/* The rings of these fit what there can be, and not twice. */
	assert_int_equal(buffers(0, 1, 400, 1, 32768), CONF_MAX_MBUFS);
	assert_int_equal(buffers(0, 1, CONF_MAX_PORTS, 31, 32768), 0);
}

/* What the rx rings take before the first packet, and 128 for each worker. */
static void too_few_are_refused(void **state)
{
	(void)state;
	assert_int_equal(buffers(4 * 512 + 128, 1, 1, 4, 512), 4 * 512 + 128);
	assert_int_equal(buffers(4 * 512 + 127, 1, 1, 4, 512), 0);
	assert_int_equal(buffers(2 * 1024 + 256, 2, 2, 0, 0), 2 * 1024 + 256);
	assert_int_equal(buffers(2 * 1024 + 255, 2, 2, 0, 0), 0);
	/* Many: the sum is told as far as there is room. */
	assert_int_equal(buffers(65536, 1, CONF_MAX_PORTS, 1, 1024), 0);
}

static void uplinks_count_by_workers(void **state)
{
	(void)state;
	struct conf c = {.n_uplinks = 2};
	struct engine e = {.conf = &c};

	c.dpdk.workers = 4;
	c.dpdk.mbufs = 4 * 1024 + 4 * 128 - 1;
	c.uplinks[0] = (struct conf_uplink){.iface = nothing, .devargs = device, .twin = off};
	c.uplinks[1] = (struct conf_uplink){.iface = device, .devargs = nothing};
	assert_int_equal(memory_count(&e), -ENOMEM);
	c.dpdk.mbufs++; /* the kernel's interface holds none */
	assert_int_equal(memory_count(&e), 0);
	c.uplinks[0].queues = 1;
	c.dpdk.mbufs = 1024 + 4 * 128;
	assert_int_equal(memory_count(&e), 0);
	assert_int_equal(e.mbufs, 1024 + 4 * 128);
	c.uplinks[0].twin = automatic; /* nor does a twin */
	assert_int_equal(memory_count(&e), 0);
}

/* Of the host device a queue for each worker; in a pool that is made larger anyway. */
static void the_host_device_counts_by_workers(void **state)
{
	(void)state;
	struct conf_port port = {.name = name, .devargs = device, .queues = 8};
	struct conf c = {.ports = &port, .n_ports = 1, .host.device = nothing};
	struct engine e = {.conf = &c};

	c.dpdk.workers = 7;
	assert_int_equal(memory_count(&e), 0);
	const uint32_t without = e.mbufs;
	assert_true(without > 16384);
	c.host.device = device;
	assert_int_equal(memory_count(&e), 0);
	assert_int_equal(e.mbufs, without + 7 * 256 * 8 / 7);
}

/* The last one is what is asked for: named, first in the sum, and with a number that would do. */
static void one_more_has_to_fit(void **state)
{
	(void)state;
	char old[] = "old", fresh[] = "fresh", why[512] = "";
	const struct conf_port a = {.name = old, .devargs = device, .queues = 2},
			       b = {.name = fresh, .devargs = device, .descriptors = 4096},
			       tap = {.name = fresh, .driver = CONF_PORT_TAP, .queues = 31};
	const struct conf_port *both[] = {&a, &b}, *taps[] = {&a, &tap};
	struct conf c = {0};
	struct engine e = {.conf = &c, .mbufs = 2 * 1024 + 4096 + 128};

	c.dpdk.workers = 1;
	assert_true(memory_fits(&e, both, 2, why, sizeof(why)));
	e.mbufs--;
	assert_false(memory_fits(&e, both, 2, why, sizeof(why)));
	assert_string_equal(why,
		"port fresh: there are 6271 packet buffers, made at the start, and fresh 1 x 4096 "
		"+ old 2 x 1024 + workers 1 x 128 = 6272 would be held by the ports' rings and the "
		"workers alone; give it fewer queues or descriptors, or set dpdk.mbufs to 20480 "
		"and restart ovnetd");
	assert_true(memory_fits(&e, taps, 2, why, sizeof(why)));
}

/* No number of packet buffers would do. */
static void more_than_there_can_be(void **state)
{
	(void)state;
	enum { N = CONF_MAX_MBUFS / (31 * 32768) + 1 };
	char why[1024] = "", wide[64];
	struct conf_port ports[N];
	const struct conf_port *all[N];
	struct conf c = {0};
	struct engine e = {.conf = &c, .mbufs = CONF_MAX_MBUFS};

	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	for (unsigned i = 0; i < N; i++) {
		ports[i] = (struct conf_port){
			.name = wide, .devargs = device, .queues = 31, .descriptors = 32768};
		all[i] = &ports[i];
	}
	c.dpdk.workers = 1;
	assert_true(memory_fits(&e, all, N - 1, why, sizeof(why)));
	assert_false(memory_fits(&e, all, N, why, sizeof(why)));
	assert_non_null(strstr(why, "give it fewer queues or descriptors, 16777216 is the most"));
	assert_null(strstr(why, "set dpdk.mbufs"));
}

static uint32_t megabytes(struct engine *e, enum conf_hugepages pages)
{
	static struct conf c;
	static struct warnings warnings;
	uint32_t n = 0;

	c.dpdk.hugepages = pages;
	*e = (struct engine){.conf = &c, .warnings = &warnings, .mbufs = 16384};
	assert_int_equal(memory_choose(e, 1500, &n), 0);
	return n;
}

/* The heap that EAL makes of 4K pages is all there will be, however many VMs come. */
static void small_pages_have_room_for_all_guests(void **state)
{
	(void)state;
	struct engine e;
	uint32_t all = megabytes(&e, CONF_HUGE_OFF);

	assert_false(e.hugepages);
	uint32_t buffers_mb = 16384 * 4096 / (1 << 20);
	uint32_t guests_mb = CONF_MAX_PORTS * OVNET_VHOST_HEAP_KB(1) / 1024;
	assert_true(all >= buffers_mb + guests_mb);
	assert_true(all <= buffers_mb + guests_mb + 32); /* and it is not made of thin air */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_node_has_as_many_as_ever),
		cmocka_unit_test(rings_are_counted),
		cmocka_unit_test(too_few_are_refused),
		cmocka_unit_test(uplinks_count_by_workers),
		cmocka_unit_test(the_host_device_counts_by_workers),
		cmocka_unit_test(one_more_has_to_fit),
		cmocka_unit_test(more_than_there_can_be),
		cmocka_unit_test(small_pages_have_room_for_all_guests),
	};
	return cmocka_run_group_tests_name("pool_size", tests, NULL, NULL);
}
