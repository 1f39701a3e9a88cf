/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/dpdk_rings.h"

#include <stdio.h>

#include <rte_errno.h>

#include "base/log.h"

OVNET_LOG_TYPE(port)

#define RING_TEXT 96

/* "rx rings of 1024 descriptors (the device takes 64 to 4096 in steps of 32)" */
static const char *ring_text(
	char *at, size_t size, const char *way, uint16_t n, const struct rte_eth_desc_lim *lim)
{
	snprintf(at, size, "%s rings of %u descriptors (the device takes %u to %u in steps of %u)",
		way, n, lim->nb_min, lim->nb_max != 0 ? lim->nb_max : UINT16_MAX,
		RTE_MAX(lim->nb_align, 1));
	return at;
}

static int no_ring(const struct ovnet_port *port, const char *ring, int err)
{
	LOG(ERR, "port '%s': cannot set up %s: %s; set its descriptors to a number it takes",
		port->name, ring, rte_strerror(-err));
	return err;
}

/* What the operator asked for and does not get is said. */
static int choose_rings(const struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, uint16_t dev_id, uint16_t ring[2])
{
	uint16_t want = conf->descriptors != 0 ? conf->descriptors : OVNET_DPDK_DESCRIPTORS;
	char text[RING_TEXT];

	ring[0] = ring[1] = want;
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(dev_id, &ring[0], &ring[1]);
	if (err < 0) {
		LOG(ERR, "port '%s': cannot choose ring sizes: %s", port->name, rte_strerror(-err));
		return err;
	}
	for (unsigned tx = 0; conf->descriptors != 0 && tx < 2; tx++)
		if (ring[tx] != want)
			LOG(NOTICE, "port '%s': %s instead of %u", port->name,
				ring_text(text, sizeof(text), tx ? "tx" : "rx", ring[tx],
					tx ? &info->tx_desc_lim : &info->rx_desc_lim),
				want);
	return 0;
}

int ovnet_dpdk_rings(const struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, uint16_t id)
{
	unsigned socket = (unsigned)rte_eth_dev_socket_id(id);
	uint16_t ring[2];
	char text[RING_TEXT];
	int err = choose_rings(port, conf, info, id, ring);

	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		if ((err = rte_eth_rx_queue_setup(id, i, ring[0], socket, NULL, conf->pool)) < 0)
			return no_ring(port,
				ring_text(text, sizeof(text), "rx", ring[0], &info->rx_desc_lim),
				err);
	for (uint16_t i = 0; err == 0 && i < port->n_txq; i++)
		if ((err = rte_eth_tx_queue_setup(id, i, ring[1], socket, NULL)) < 0)
			return no_ring(port,
				ring_text(text, sizeof(text), "tx", ring[1], &info->tx_desc_lim),
				err);
	return err;
}
