/* SPDX-License-Identifier: BSD-3-Clause */
/* The rings of a dpdk port's queues. */
#ifndef OVNET_PORT_DPDK_RINGS_H
#define OVNET_PORT_DPDK_RINGS_H

#include <stdint.h>

#include <rte_ethdev.h>

#include "port/port.h"

/* Of a configured device `id`, as many as the port has queues. 0 or negative errno, logged. */
int ovnet_dpdk_rings(const struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, uint16_t id);

#endif
