/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/vhost_port.h"

#include <dirent.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/rcu.h"

struct ovnet_rcu vp_rcu;
static struct sigaction on_sigbus;
static char dir[] = "/tmp/ovnet-vhost-XXXXXX";

int vp_set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(ovnet_rcu_init(&vp_rcu, 2), 0);
	assert_int_equal(ovnet_rcu_reader_add(&vp_rcu, VP_WORKER), 0);

	/* With its first port librte_vhost opens files of its own, for good. */
	struct vp first;
	vp_open(&first, "first", true, 1);
	vp_close(&first);
	return sigaction(SIGBUS, NULL, &on_sigbus);
}

void vp_take_sigbus(void)
{
	assert_int_equal(sigaction(SIGBUS, &on_sigbus, NULL), 0);
}

int vp_tear_down(void **state)
{
	(void)state;
	ovnet_rcu_reader_remove(&vp_rcu, VP_WORKER);
	ovnet_rcu_fini(&vp_rcu);
	return rmdir(dir);
}

const char *vp_path(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

void vp_open_as(struct vp *p, const char *name, const struct ovnet_port_conf *conf)
{
	struct ovnet_port_conf c = *conf;
	int err;

	snprintf(p->path, sizeof(p->path), "%s", vp_path(name));
	p->notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(p->notify >= 0);
	c.name = name;
	c.role = OVNET_PORT_ATTACH;
	c.pool = lab_pool;
	c.path = p->path;
	c.rcu = &vp_rcu;
	c.notify_fd = p->notify;
	p->port = ovnet_port_open(&ovnet_driver_vhost, 5, &c, &err);
	assert_non_null(p->port);
}

void vp_open(struct vp *p, const char *name, bool server, uint16_t queues)
{
	const struct ovnet_port_conf conf = {.server = server, .queues = queues, .mtu = 1450};

	vp_open_as(p, name, &conf);
}

void vp_open_offloads(struct vp *p, const char *name, bool server, uint16_t queues)
{
	const struct ovnet_port_conf conf = {
		.server = server, .queues = queues, .mtu = 1450, .offloads = true};

	vp_open_as(p, name, &conf);
}

void vp_close(struct vp *p)
{
	ovnet_port_close(p->port);
	close(p->notify);
	*p = (struct vp){.notify = -1};
}

void vp_look(struct vp *p)
{
	uint64_t times;

	if (read(p->notify, &times, sizeof(times)) == sizeof(times))
		p->port->driver->changed(p->port);
}

bool vp_becomes(struct vp *p, bool up)
{
	for (unsigned i = 0; i < 500; i++) {
		vp_look(p);
		if (p->port->driver->link_up(p->port) == up)
			return true;
		usleep(10000);
	}
	return false;
}

void vp_meet(struct vp *p, struct vg *g)
{
	assert_true(vg_meet(g, 5000));
	assert_true(vg_start(g));
	assert_true(vp_becomes(p, true));
}

static uint16_t rx_once(struct vp *p, unsigned queue, struct rte_mbuf **pkts, uint16_t n)
{
	ovnet_rcu_reader_online(&vp_rcu, VP_WORKER);
	uint16_t got = p->port->driver->rx(p->port->queue[queue], pkts, n);
	ovnet_rcu_reader_offline(&vp_rcu, VP_WORKER);
	return got;
}

uint16_t vp_rx(struct vp *p, unsigned queue, struct rte_mbuf **pkts, uint16_t n, int ms)
{
	uint16_t got = 0;

	for (int waited = 0; got < n;) {
		uint16_t k = rx_once(p, queue, pkts + got, (uint16_t)(n - got));
		got = (uint16_t)(got + k);
		if (k == 0 && waited++ == ms)
			break;
		if (k == 0)
			usleep(1000);
	}
	return got;
}

uint16_t vp_tx(struct vp *p, unsigned queue, struct rte_mbuf **pkts, uint16_t n)
{
	ovnet_rcu_reader_online(&vp_rcu, VP_WORKER);
	uint16_t sent = p->port->driver->tx(p->port->queue[queue], pkts, n);
	ovnet_rcu_reader_offline(&vp_rcu, VP_WORKER);
	return sent;
}

uint64_t vp_drops(const struct vp *p, enum ovnet_drop reason)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < OVNET_MAX_QUEUES && p->port->queue[i] != NULL; i++)
		sum += p->port->queue[i]->rx_drops[reason];
	return sum;
}

unsigned vp_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 3; /* ".", ".." and the directory's own */
}

bool vp_fds_become(unsigned n)
{
	for (unsigned i = 0; i < 500 && vp_fds() != n; i++)
		usleep(10000);
	if (vp_fds() != n)
		print_error("%u file descriptors, expected %u\n", vp_fds(), n);
	return vp_fds() == n;
}
