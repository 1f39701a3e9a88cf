/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/ports.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

const struct ovnet_driver fake_driver = FAKE_PORT("fake");
struct ovnet_port *replaced(struct ovnet_port *old, const char *name, int *err)
{
	const struct ovnet_port_conf conf = {.name = name};

	return ports_replace(&parts.ports, old, &fake_driver, &conf, err);
}

int opens_again(void *arg, struct ovnet_port *port)
{
	struct owner *o = arg;
	int err;

	assert_ptr_equal(port, o->port);
	o->asked++;
	if (o->answer < 0)
		return o->answer;
	o->port = replaced(port, port->name, &err);
	return o->port != NULL ? 0 : err;
}

struct ovnet_port *open_port(const char *name, struct owner *o)
{
	const struct ovnet_port_conf conf = {.name = name, .role = OVNET_PORT_ATTACH};
	const struct port_owner owner = {opens_again, o};
	int err;
	struct ovnet_port *port =
		ports_open(&parts.ports, &fake_driver, &conf, o != NULL ? &owner : NULL, &err);

	assert_non_null(port);
	if (o != NULL)
		o->port = port;
	return port;
}

bool no_memory;

struct ovnet_queue_map *__real_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);
struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);

struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation)
{
	bool fails = no_memory;

	no_memory = false;
	return fails ? NULL : __real_ovnet_queue_map_build(ports, n, n_workers, generation);
}

const struct ovnet_queue_map *map(void)
{
	return atomic_load(&parts.engine.shared.map);
}

unsigned polled(const struct ovnet_port *port)
{
	unsigned n = 0;

	for (unsigned w = 0; w < map()->n_workers; w++)
		for (unsigned i = 0; i < map()->worker[w].n_rx; i++)
			n += map()->worker[w].rx[i].port == port;
	return n;
}

unsigned woken(void)
{
	eventfd_t n[2] = {0, 0};

	for (unsigned w = 0; w < 2; w++)
		if (eventfd_read(parts.engine.shared.handoff[w].wake_fd, &n[w]) < 0)
			assert_int_equal(errno, EAGAIN);
	assert_int_equal(n[0], n[1]);
	return (unsigned)n[0];
}

unsigned reclaim(void)
{
	return ovnet_rcu_reclaim(&parts.engine.shared.rcu);
}

void read_tables(void)
{
	assert_int_equal(ovnet_rcu_reader_add(&parts.engine.shared.rcu, READER), 0);
	ovnet_rcu_reader_online(&parts.engine.shared.rcu, READER);
}

void let_count(struct ovnet_port *port, uint64_t n)
{
	fake_port_count(port, n);
	port->queue[0]->rx_drops[OVNET_DROP_NO_MBUF] = 10000 * n;
	port->queue[0]->packets = (struct ovnet_port_counters){n, 10 * n, 100 * n, 1000 * n};
}

void has_counted(struct ovnet_port *port, uint64_t n)
{
	struct ovnet_port_stats s;

	ports_stats(&parts.ports, port, &s);
	assert_int_equal(s.missed, n);
	assert_int_equal(s.errors, 10 * n);
	assert_int_equal(s.no_mbuf, 100 * n);
	assert_int_equal(s.tx_errors, 1000 * n);
	assert_int_equal(ports_rx_drops(&parts.ports, port, OVNET_DROP_NO_MBUF), 10000 * n);
	assert_int_equal(ports_rx_drops(&parts.ports, port, OVNET_DROP_TX_FULL), 0);
	const struct ports_queue_counters q = ports_queue(&parts.ports, port, 0);
	assert_true(q.rx_packets == n && q.rx_bytes == 10 * n && q.tx_packets == 100 * n &&
		    q.tx_bytes == 1000 * n && q.rx_drops == 10000 * n);
}

int ports_set_up(void **state)
{
	memset(&fake_port, 0, sizeof(fake_port));
	no_memory = false;
	return parts_open(state);
}
