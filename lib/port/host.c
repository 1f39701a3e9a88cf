/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host driver: the node's own kernel behind a multi-queue TUN, one fd per queue. A system
 * call per packet, which is what a TUN has; with `offloads` a packet is up to 64 KB of a stream,
 * its segments neither cut nor checksummed.
 */
#include "port/netdev.h"
#include "port/tun_port.h"

static int describe(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err;

	if ((err = ovnet_netdev_lengthen_queue(conf->iface, OVNET_TUN_QUEUE_LEN)) < 0)
		return err;
	if (conf->mtu != 0 && (err = ovnet_netdev_set_mtu(conf->iface, conf->mtu)) < 0)
		return err;
	if ((err = ovnet_netdev_get(conf->iface, &dev)) < 0)
		return err;
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	port->caps |= OVNET_CAP_L3;
	return 0;
}

static int host_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	int err = ovnet_tun_check(conf->iface, OVNET_TUN_HOST, conf->patience);

	if (err < 0)
		return err;
	if ((err = ovnet_tun_port_queues(port, conf, conf->iface, OVNET_TUN_HOST)) < 0 ||
		(err = describe(port, conf)) < 0 || (err = ovnet_tun_port_count(port)) < 0 ||
		/* Last: a device that could not be set up must not stay behind. */
		(err = ovnet_tun_persist(ovnet_tun_port_fd(port), conf->iface)) < 0)
		ovnet_tun_port_close(port);
	return err;
}

static bool host_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(port->ifindex);
}

const struct ovnet_driver ovnet_driver_host = {
	.name = "host",
	.open = host_open,
	.close = ovnet_tun_port_close,
	.rx = ovnet_tun_port_rx,
	.tx = ovnet_tun_port_tx,
	.rx_asks = true,
	.wait_fd = ovnet_tun_port_wait_fd,
	.stats = ovnet_tun_port_stats,
	.link_up = host_link_up,
};
