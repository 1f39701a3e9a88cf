/* SPDX-License-Identifier: BSD-3-Clause */
#include "device.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>

#include "frames.h"
#include "memory_fds.h"

/* Frames on their way in both rings, in both queues of a NIC, in bursts and in the core's cache. */
#define MBUFS 16383
#define CACHE 256

#define ARGS 24

/* What is no PCI address is a device made of software. */
static bool is_virtual(const char *devargs)
{
	return strncmp(devargs, "net_", 4) == 0 || strncmp(devargs, "eth_", 4) == 0 ||
	       strncmp(devargs, "virtio_user", 11) == 0;
}

static void name_of(const char *devargs, char *name, size_t size)
{
	snprintf(name, size, "%.*s", (int)strcspn(devargs, ","), devargs);
}

static bool eal_start(const struct device_options *o)
{
	char lcores[32], vdev[2][512];
	const char *devargs[2] = {o->tx, strcmp(o->tx, o->rx) == 0 ? NULL : o->rx};
	const char *argv[ARGS] = {"load", "--no-telemetry", "--log-level=error", "--lcores", lcores,
		"-m", o->megabytes, "--file-prefix", o->prefix};
	int argc = 9;
	bool pci = false;

	snprintf(lcores, sizeof(lcores), "0@%s", o->cpu);
	if (o->no_huge) {
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
	} else {
		argv[argc++] = "--in-memory";
		argv[argc++] = "--single-file-segments"; /* memif without copies, virtio-user */
	}
	for (int i = 0; i < 2 && devargs[i]; i++) {
		pci = pci || !is_virtual(devargs[i]);
		snprintf(vdev[i], sizeof(vdev[i]), "%s%s",
			is_virtual(devargs[i]) ? "--vdev=" : "--allow=", devargs[i]);
		argv[argc++] = vdev[i];
	}
	if (!pci)
		argv[argc++] = "--no-pci";
	if (rte_eal_init(argc, (char **)(uintptr_t)argv) >= 0)
		return true;
	fprintf(stderr,
		"load: DPDK does not start (%s): are there %s MB of free hugepages, or "
		"--no-huge?\n",
		rte_strerror(rte_errno), o->megabytes);
	return false;
}

static bool port_start(const char *devargs, struct rte_mempool *pool, uint16_t *port)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	struct rte_eth_conf conf = {0};
	uint16_t rxd = DEVICE_QUEUE, txd = DEVICE_QUEUE;
	int rc;

	name_of(devargs, name, sizeof(name));
	rc = rte_eth_dev_get_port_by_name(name, port);
	if (rc == 0)
		rc = rte_eth_dev_configure(*port, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(*port, &rxd, &txd);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(*port, 0, rxd, SOCKET_ID_ANY, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(*port, 0, txd, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(*port);
	if (rc == 0) {
		/* What is not for its address has to come as well. Not all devices filter. */
		(void)rte_eth_promiscuous_enable(*port);
		return true;
	}
	fprintf(stderr, "load: port %s: %s\n", name, rte_strerror(-rc));
	return false;
}

static bool link_up(uint16_t port)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

static bool links_up(const struct devices *d, uint32_t seconds)
{
	for (uint32_t ms = 0; ms < 1000 * seconds; ms += 10) {
		if (link_up(d->tx) && link_up(d->rx))
			return true;
		rte_delay_us_sleep(10000);
	}
	fprintf(stderr, "load: no link at the port that %s after %u s: is the other end there?\n",
		link_up(d->tx) ? "receives" : "sends", seconds);
	return false;
}

bool devices_start(struct devices *d, const struct device_options *o, uint32_t seconds)
{
	if (!eal_start(o))
		return false;
	d->pool = rte_pktmbuf_pool_create(
		"load", MBUFS, CACHE, 0, FRAME_MOST + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	if (!d->pool) {
		fprintf(stderr, "load: no memory for %u packet buffers: --memory MB\n", MBUFS);
		return false;
	}
	if (!memory_fds_hold()) {
		fprintf(stderr, "load: DPDK's memory is in too many pieces\n");
		return false;
	}
	if (!port_start(o->tx, d->pool, &d->tx))
		return false;
	d->wire = o->wire || !is_virtual(o->tx);
	d->rx = d->tx;
	if (strcmp(o->tx, o->rx) != 0 && !port_start(o->rx, d->pool, &d->rx))
		return false;
	return links_up(d, seconds);
}

void devices_stop(struct devices *d)
{
	if (rte_eth_dev_stop(d->tx) != 0 || (d->rx != d->tx && rte_eth_dev_stop(d->rx) != 0))
		fprintf(stderr, "load: a port does not stop\n");
	(void)rte_eth_dev_close(d->tx);
	if (d->rx != d->tx)
		(void)rte_eth_dev_close(d->rx);
	rte_mempool_free(d->pool);
	memory_fds_release();
	(void)rte_eal_cleanup();
}
