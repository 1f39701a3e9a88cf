/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/netdev.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>

#include "base/log.h"

OVNET_LOG_TYPE(port)

#define RX_RING_UNKNOWN 4096
#define RX_RING_MAX     16384 /* nobody's is larger; a driver's word for so much memory */

/* Silent: some failures are answers. */
static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len == 0 || len >= sizeof(ifr->ifr_name))
		return -ENODEV;
	memcpy(ifr->ifr_name, name, len + 1);

	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int err = ioctl(fd, request, ifr) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int failed(const char *name, const char *what, int err)
{
	LOG(ERR, "interface '%s': cannot read its %s: %s", name != NULL ? name : "", what,
		strerror(-err));
	return err;
}

int ovnet_netdev_get(const char *name, struct ovnet_netdev *out)
{
	struct ifreq ifr = {0};
	int err;

	*out = (struct ovnet_netdev){0};
	if ((err = ask(name, SIOCGIFINDEX, &ifr)) < 0)
		return failed(name, "index", err);
	out->ifindex = (uint32_t)ifr.ifr_ifindex;
	if ((err = ask(name, SIOCGIFMTU, &ifr)) < 0)
		return failed(name, "MTU", err);
	out->mtu = (uint16_t)(ifr.ifr_mtu > UINT16_MAX ? UINT16_MAX : ifr.ifr_mtu);
	if ((err = ask(name, SIOCGIFHWADDR, &ifr)) < 0)
		return failed(name, "MAC address", err);
	memcpy(out->mac.b, ifr.ifr_hwaddr.sa_data, sizeof(out->mac.b));
	if ((err = ask(name, SIOCGIFFLAGS, &ifr)) < 0)
		return failed(name, "flags", err);
	out->up = (ifr.ifr_flags & IFF_UP) != 0;
	out->bond = (ifr.ifr_flags & IFF_MASTER) != 0;
	return 0;
}

int ovnet_netdev_set_mtu(const char *name, uint16_t mtu)
{
	struct ifreq ifr = {.ifr_mtu = mtu};
	int err = ask(name, SIOCSIFMTU, &ifr);

	if (err < 0)
		LOG(ERR, "interface '%s': cannot set MTU %u: %s", name != NULL ? name : "", mtu,
			strerror(-err));
	return err;
}

int ovnet_netdev_set_mac(const char *name, const struct ovnet_mac *mac)
{
	struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER}, now = {0};

	/* Told of one, be it the same, the kernel forgets neighbours, permanent ones too. */
	if (ask(name, SIOCGIFHWADDR, &now) == 0 &&
		memcmp(now.ifr_hwaddr.sa_data, mac->b, sizeof(mac->b)) == 0)
		return 0;
	memcpy(ifr.ifr_hwaddr.sa_data, mac->b, sizeof(mac->b));
	int err = ask(name, SIOCSIFHWADDR, &ifr);
	if (err < 0)
		LOG(ERR, "interface '%s': cannot set its MAC address: %s%s", name, strerror(-err),
			err == -EADDRNOTAVAIL ? " (it has to be one station's)" : "");
	return err;
}

int ovnet_netdev_set_up(const char *name)
{
	struct ifreq ifr = {0};
	int err = ask(name, SIOCGIFFLAGS, &ifr);

	if (err == 0) {
		ifr.ifr_flags |= IFF_UP;
		err = ask(name, SIOCSIFFLAGS, &ifr);
	}
	if (err < 0)
		LOG(ERR, "interface '%s': cannot set it up: %s", name, strerror(-err));
	return err;
}

int ovnet_netdev_lengthen_queue(const char *name, unsigned packets)
{
	struct ifreq ifr = {0};
	int err = ask(name, SIOCGIFTXQLEN, &ifr);

	if (err == 0 && ifr.ifr_qlen < (int)packets) {
		ifr.ifr_qlen = (int)packets;
		err = ask(name, SIOCSIFTXQLEN, &ifr);
	}
	if (err < 0)
		LOG(ERR, "interface '%s': its queue cannot be made %u packets long: %s",
			name != NULL ? name : "", packets, strerror(-err));
	return err;
}

int ovnet_netdev_queues(const char *name, struct ovnet_netdev_queues *out)
{
	struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifr = {.ifr_data = (char *)&ch};
	int err = ask(name, SIOCETHTOOL, &ifr);

	if (err < 0 && err != -EOPNOTSUPP)
		return failed(name, "channels", err);
	uint32_t rx = err < 0 ? 1 : ch.combined_count + ch.rx_count;
	uint32_t tx = err < 0 ? 1 : ch.combined_count + ch.tx_count;
	out->rx = (uint16_t)(rx == 0 ? 1 : rx > UINT16_MAX ? UINT16_MAX : rx);
	out->tx = (uint16_t)(tx == 0 ? 1 : tx > UINT16_MAX ? UINT16_MAX : tx);
	return 0;
}

bool ovnet_netdev_driver_is(const char *name, const char *driver)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (char *)&info};

	return ask(name, SIOCETHTOOL, &ifr) == 0 &&
	       strncmp(info.driver, driver, sizeof(info.driver)) == 0;
}

uint32_t ovnet_netdev_rx_ring(const char *name)
{
	struct ethtool_ringparam ring = {.cmd = ETHTOOL_GRINGPARAM};
	struct ifreq ifr = {.ifr_data = (char *)&ring};

	if (ask(name, SIOCETHTOOL, &ifr) < 0 || ring.rx_pending == 0)
		return RX_RING_UNKNOWN;
	return RTE_MIN(ring.rx_pending, (uint32_t)RX_RING_MAX);
}

int ovnet_netdev_mtu(uint32_t ifindex, uint16_t *out)
{
	char name[IF_NAMESIZE];
	struct ifreq ifr = {0};

	if (if_indextoname(ifindex, name) == NULL)
		return -ENODEV;
	int err = ask(name, SIOCGIFMTU, &ifr);
	if (err == 0)
		*out = (uint16_t)(ifr.ifr_mtu > UINT16_MAX ? UINT16_MAX : ifr.ifr_mtu);
	return err;
}

bool ovnet_netdev_running(uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	struct ifreq ifr = {0};

	if (if_indextoname(ifindex, name) == NULL || ask(name, SIOCGIFFLAGS, &ifr) < 0)
		return false;
	return (ifr.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}
