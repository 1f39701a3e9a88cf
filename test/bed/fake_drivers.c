/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fake_drivers.h"

#include <errno.h>
#include <string.h>

#include "bed/fake_kernel.h"
#include "port/driver_int.h"

struct fake_drivers fake_drivers;

static const struct ovnet_link *link_of(const char *name)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (strcmp(fake.link[i].name, name) == 0)
			return &fake.link[i];
	return NULL;
}

static int refuse(void)
{
	fake_drivers.refused++;
	return -EOPNOTSUPP;
}

static int finish(struct ovnet_port *port, const struct ovnet_port_conf *conf, uint16_t mtu,
	const struct ovnet_mac *mac)
{
	fake_drivers.mtu[port->id] = conf->mtu;
	fake_drivers.queues[port->id] = conf->queues;
	fake_drivers.descriptors[port->id] = conf->descriptors;
	port->n_rxq = port->n_txq = 1;
	port->mtu = mtu;
	ovnet_port_set_mac(port, mac);
	if (ovnet_driver_queue_new(port, 0, sizeof(struct ovnet_port_queue)) == NULL)
		return -ENOMEM;
	fake_drivers.opened++;
	return 0;
}

static int open_link(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	const struct ovnet_link *link = link_of(conf->iface);

	if (link == NULL)
		return -ENODEV;
	port->ifindex = link->ifindex;
	return finish(port, conf, link->mtu, &link->mac);
}

static int open_af_xdp(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	return fake_drivers.no_af_xdp ? refuse() : open_link(port, conf);
}

static int open_af_packet(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	return fake_drivers.no_af_packet ? refuse() : open_link(port, conf);
}

static int open_socket(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	return fake_drivers.no_socket ? refuse() : open_link(port, conf);
}

static int open_host(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	port->caps = OVNET_CAP_L3;
	if (link_of(conf->iface) == NULL)
		(void)fake_link_add(conf->iface, "tun", 1500, NULL);
	return open_link(port, conf);
}

/* The far end as a twin's is made. */
static void set_up_twin(const struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_link link = *link_of(conf->iface);

	link.up = link.running = true;
	link.mtu = conf->mtu;
	link.mac = *conf->mac;
	fake_link_set(&link);
	fake_drivers.stays[port->id] = conf->stays;
}

static int open_tap(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	if (link_of(conf->iface) == NULL)
		(void)fake_link_add(conf->iface, "tun", 1500, NULL);
	if (conf->role == OVNET_PORT_TWIN)
		set_up_twin(port, conf);
	return open_link(port, conf);
}

static void set_carrier(struct ovnet_port *port, bool up)
{
	fake_drivers.no_carrier[port->id] = !up;
}

static bool tap_gone(const struct ovnet_port *port)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (fake.link[i].ifindex == port->ifindex)
			return false;
	return true;
}

static int open_dpdk(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	const struct ovnet_mac mac = {{2, 0, 0, 0, 0xdd, (uint8_t)port->id}};

	if (fake_drivers.no_dpdk)
		return refuse();
	fake_drivers.multicast[port->id] = conf->multicast;
	fake_drivers.mtu_near[port->id] = conf->mtu_near;
	port->caps = port->role == OVNET_PORT_UPLINK ? OVNET_CAP_EXCLUSIVE : 0;
	return finish(port, conf, conf->mtu != 0 ? conf->mtu : 1500, &mac);
}

static int set_mtu(struct ovnet_port *port, uint16_t mtu)
{
	if (fake_drivers.refuses_changes)
		return refuse();
	fake_drivers.mtu[port->id] = mtu;
	return 0;
}

static int set_mac(struct ovnet_port *port, const struct ovnet_mac *mac)
{
	if (fake_drivers.refuses_changes)
		return refuse();
	fake_drivers.mac[port->id] = *mac;
	return 0;
}

static void closed(struct ovnet_port *port)
{
	(void)port;
	fake_drivers.closed++;
}

static void lose(struct ovnet_port *port)
{
	(void)port;
	fake_drivers.lost++;
}

static uint16_t no_packets(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	(void)q, (void)pkts, (void)n;
	return 0;
}

static int no_fd(struct ovnet_port_queue *q)
{
	(void)q;
	return -1;
}

static int filter(struct ovnet_port *port, const struct ovnet_port_filter *told)
{
	struct fake_filter *f = &fake_drivers.filter[port->id];

	f->set++;
	f->udp_port = told->udp_port;
	f->vni = told->vni;
	f->n_addrs = told->n_addrs;
	f->n_subnets = told->n_subnets;
	for (unsigned i = 0; i < told->n_addrs && i < FAKE_FILTER_ADDRS; i++)
		f->addr[i] = told->addrs[i];
	for (unsigned i = 0; i < told->n_subnets && i < 2; i++)
		f->subnet[i] = told->subnets[i];
	return 0;
}

static void merge(struct ovnet_port *port, bool on)
{
	fake_drivers.one_by_one[port->id] = !on;
}

static void stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	(void)port;
	*out = (struct ovnet_port_stats){0};
}

static bool link_up(struct ovnet_port *port)
{
	return !fake_drivers.no_link[port->id];
}

static int open_vhost(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	const struct ovnet_mac mac = {{2, 0, 0, 0, 0xee, (uint8_t)port->id}};

	return finish(port, conf, 1500, &mac);
}

#define COMMON                                                                               \
	.close = closed, .lose = lose, .rx = no_packets, .tx = no_packets, .wait_fd = no_fd, \
	.stats = stats, .link_up = link_up

const struct ovnet_driver ovnet_driver_host = {.name = "host", .open = open_host, COMMON};
const struct ovnet_driver ovnet_driver_tap = {
	.name = "tap", .open = open_tap, .gone = tap_gone, .set_carrier = set_carrier, COMMON};
const struct ovnet_driver ovnet_driver_af_xdp = {
	.name = "af_xdp", .open = open_af_xdp, .filter = filter, COMMON};
const struct ovnet_driver ovnet_driver_socket = {
	.name = "socket", .open = open_socket, .filter = filter, .merge = merge, COMMON};
const struct ovnet_driver ovnet_driver_af_packet = {
	.name = "af_packet", .open = open_af_packet, .filter = filter, COMMON};
const struct ovnet_driver ovnet_driver_dpdk = {
	.name = "dpdk", .open = open_dpdk, .set_mtu = set_mtu, .set_mac = set_mac, COMMON};
const struct ovnet_driver ovnet_driver_vhost = {.name = "vhost", .open = open_vhost, COMMON};
