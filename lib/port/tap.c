/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TAP driver: an attach port whose far end is an interface of the kernel, for a VM or for a
 * container's namespace to have. The host driver's queues (tun_port.c), with Ethernet. The device
 * is ours and goes with us; one that somebody made to stay (`ip tuntap add ... multi_queue
 * vnet_hdr`) stays his. An exclusive uplink's twin stays, for the host's addresses are on it.
 */
#include <errno.h>
#include <poll.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/tun_port.h"

OVNET_LOG_TYPE(port)

#define MAC_AND_TAG 18

static const char *device(const struct ovnet_port_conf *conf)
{
	return conf->iface != NULL && conf->iface[0] != '\0' ? conf->iface : conf->name;
}

static int set_up(const struct ovnet_port_conf *conf, const char *name)
{
	unsigned len = conf->descriptors != 0 ? conf->descriptors : OVNET_TUN_QUEUE_LEN;
	int err = ovnet_netdev_lengthen_queue(name, len);

	if (err == 0 && conf->mtu != 0)
		err = ovnet_netdev_set_mtu(name, conf->mtu);
	if (err == 0 && conf->mac != NULL)
		err = ovnet_netdev_set_mac(name, conf->mac);
	if (err == 0)
		err = ovnet_netdev_set_up(name);
	return err;
}

static int describe(struct ovnet_port *port, const struct ovnet_port_conf *conf, const char *name)
{
	struct ovnet_netdev dev;
	struct ovnet_mac mac = ovnet_driver_made_mac(port->name);
	int err = ovnet_netdev_get(name, &dev);

	if (err < 0)
		return err;
	if (dev.mtu + MAC_AND_TAG > ovnet_driver_room(conf->pool)) {
		LOG(ERR,
			"TAP '%s': packets of MTU %u do not fit a buffer of %u bytes; lower the "
			"port's mtu",
			name, dev.mtu, ovnet_driver_room(conf->pool));
		return -EMSGSIZE;
	}
	if (ovnet_mac_equal(&mac, &dev.mac))
		mac.b[5] ^= 1; /* the far end's own: two stations, two addresses */
	ovnet_port_set_mac(port, &mac);
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	return 0;
}

static int tap_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	const char *name = device(conf);
	int err = ovnet_tun_check(name, OVNET_TUN_TAP, conf->patience);

	if (err < 0)
		return err;
	if ((err = ovnet_tun_port_queues(port, conf, name, OVNET_TUN_TAP)) < 0 ||
		(err = set_up(conf, name)) < 0 || (err = describe(port, conf, name)) < 0 ||
		(err = ovnet_tun_port_count(port)) < 0 ||
		/* Last: a device that could not be set up must not stay behind. */
		(conf->stays && (err = ovnet_tun_persist(ovnet_tun_port_fd(port), name)) < 0))
		ovnet_tun_port_close(port);
	return err;
}

/* Asked by our own end: the far one may be in a container's namespace, where no name leads. */
static short ask(const struct ovnet_port *port)
{
	struct pollfd p = {.fd = ovnet_tun_port_fd(port), .events = POLLOUT};

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

/* It can be written to while it is up. */
static bool tap_link_up(struct ovnet_port *port)
{
	return (ask(port) & (POLLOUT | POLLERR)) == POLLOUT;
}

static bool tap_gone(const struct ovnet_port *port)
{
	return (ask(port) & POLLERR) != 0;
}

static void tap_set_carrier(struct ovnet_port *port, bool up)
{
	ovnet_tun_set_carrier(ovnet_tun_port_fd(port), port->name, up);
}

const struct ovnet_driver ovnet_driver_tap = {
	.name = "tap",
	.open = tap_open,
	.close = ovnet_tun_port_close,
	.gone = tap_gone,
	.rx = ovnet_tun_port_rx,
	.tx = ovnet_tun_port_tx,
	.rx_asks = true,
	.wait_fd = ovnet_tun_port_wait_fd,
	.set_carrier = tap_set_carrier,
	.stats = ovnet_tun_port_stats,
	.link_up = tap_link_up,
};
