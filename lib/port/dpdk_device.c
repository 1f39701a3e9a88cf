/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/dpdk_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "port/pci_device.h"

OVNET_LOG_TYPE(port)

static bool is_kind(const char *devargs, const char *kind)
{
	return strncmp(devargs, kind, strlen(kind)) == 0;
}

static int find(const char *devargs, uint16_t *id)
{
	struct rte_dev_iterator it;

	RTE_ETH_FOREACH_MATCHING_DEV(*id, devargs, &it)
	{
		rte_eth_iterator_cleanup(&it);
		return 0;
	}
	return -ENODEV;
}

/*
 * DPDK finds a device by its name alone: one that a former port left, or that EAL probed at start,
 * may have another socket or interface behind it than these devargs say.
 */
static bool is_as_asked(const char *port, const char *devargs, uint16_t id)
{
	struct rte_eth_dev_info info;
	size_t name = strcspn(devargs, ",");
	const char *want = devargs[name] == ',' ? devargs + name + 1 : "";

	if (rte_eth_dev_info_get(id, &info) != 0 || rte_dev_devargs(info.device) == NULL)
		return true;
	const char *has = rte_dev_devargs(info.device)->args;
	if (has == NULL || strcmp(has, want) == 0)
		return true;
	LOG(ERR,
		"port '%s': there is a device %.*s still, as '%.*s,%s', which lasts as long as "
		"ovnetd; give the same devargs, or another device's number",
		port, (int)name, devargs, (int)name, devargs, has);
	return false;
}

/* The control thread would be kept there until somebody comes. */
static bool waits_for_far_end(const char *devargs)
{
	return is_kind(devargs, "net_virtio_user") && strstr(devargs, "server=1") != NULL;
}

static int probe(const char *port, const char *devargs, uint16_t *id)
{
	struct ovnet_pci pci;
	int err = 0;

	for (unsigned i = 0; err == 0 && ovnet_pci_nth(devargs, i, &pci); i++)
		err = ovnet_pci_check(port, &pci, rte_eal_has_hugepages() != 0);
	if (err < 0)
		return err;
	err = rte_dev_probe(devargs);
	if (err == 0)
		err = find(devargs, id);
	if (err < 0 && ovnet_pci_look(devargs, &pci))
		LOG(ERR,
			"port '%s': DPDK cannot open '%s', bound to %s: %s. EAL's lines above say "
			"why; "
			"without any, DPDK has no driver for this NIC",
			port, devargs, pci.driver, rte_strerror(-err));
	else if (err < 0)
		LOG(ERR, "port '%s': DPDK cannot open '%s': %s", port, devargs, rte_strerror(-err));
	return err;
}

int ovnet_dpdk_device_get(const char *port, const char *devargs, uint16_t *id)
{
	if (devargs == NULL || devargs[0] == '\0') {
		LOG(ERR, "port '%s': no device is given (devargs)", port);
		return -EINVAL;
	}
	if (waits_for_far_end(devargs)) {
		LOG(ERR,
			"port '%s': DPDK's net_virtio_user with server=1 waits for its far end and "
			"keeps ovnetd there; let the far end make the socket",
			port);
		return -EOPNOTSUPP;
	}
	if (find(devargs, id) == 0) /* EAL probed it at start, or a former port left it */
		return is_as_asked(port, devargs, *id) ? 0 : -EEXIST;
	return probe(port, devargs, id);
}

/*
 * DPDK (22.11) frees a memif listener's socket structure while its interrupt thread goes on
 * watching the socket, and a virtio-user while that thread may be in it.
 */
bool ovnet_dpdk_device_stays(const char *devargs)
{
	if (is_kind(devargs, "net_virtio_user"))
		return true;
	return is_kind(devargs, "net_memif") &&
	       (strstr(devargs, "role=server") != NULL || strstr(devargs, "role=master") != NULL);
}

void ovnet_dpdk_device_remove(const char *port, uint16_t id)
{
	struct rte_eth_dev_info info;
	bool known = rte_eth_dev_info_get(id, &info) == 0;
	int err;

	if ((err = rte_eth_dev_close(id)) < 0)
		LOG(WARN, "port '%s': closing the device: %s", port, rte_strerror(-err));
	if (known && (err = rte_dev_remove(info.device)) < 0)
		LOG(WARN, "port '%s': removing the device: %s", port, rte_strerror(-err));
}
