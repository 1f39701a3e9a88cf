/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver asks of the kernel interface it opens. Control thread only. Negative errno,
 * logged with the interface's name unless stated otherwise.
 */
#ifndef OVNET_PORT_NETDEV_H
#define OVNET_PORT_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/net.h"

struct ovnet_netdev {
	uint32_t ifindex;
	uint16_t mtu; /* 65535 for what is larger */
	struct ovnet_mac mac;
	bool up, bond; /* `bond`: has slaves */
};

struct ovnet_netdev_queues {
	uint16_t rx, tx; /* in use now; at least 1 each */
};

int ovnet_netdev_get(const char *name, struct ovnet_netdev *out);
int ovnet_netdev_set_mtu(const char *name, uint16_t mtu);
int ovnet_netdev_set_mac(const char *name, const struct ovnet_mac *mac);
int ovnet_netdev_set_up(const char *name);
/* Makes the kernel's queue to the interface as long as that, unless it is longer already. */
int ovnet_netdev_lengthen_queue(const char *name, unsigned packets);
/* What the kernel could not hand to the interface since it was made. Logs nothing. */
int ovnet_netdev_tx_dropped(uint32_t ifindex, uint64_t *out);
/* An interface whose driver cannot tell has one queue each way. */
int ovnet_netdev_queues(const char *name, struct ovnet_netdev_queues *out);
/* Is that its driver, as `ethtool -i` says it ("veth")? Logs nothing. */
bool ovnet_netdev_driver_is(const char *name, const char *driver);
/* Rx descriptors of each queue; 4096 where the driver cannot tell. Logs nothing. */
uint32_t ovnet_netdev_rx_ring(const char *name);
/* 0 or negative errno. Logs nothing. */
int ovnet_netdev_mtu(uint32_t ifindex, uint16_t *out);
/* Up with carrier; false also when it is gone. Logs nothing. */
bool ovnet_netdev_running(uint32_t ifindex);

#endif
