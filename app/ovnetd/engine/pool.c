/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <rte_errno.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon.h"

OVNET_LOG_TYPE(memory)

#define DATA_ROOM  2048 /* at least: a packet of MTU 1500 and what drivers need around it */
#define LINK_BYTES 64   /* Ethernet, VLAN, vnet header, rounded up */
#define MBUF_BYTES (64 + sizeof(struct rte_mbuf) + sizeof(struct ovnet_meta) + RTE_PKTMBUF_HEADROOM)
#define SMALL_PAGE 4096
#define EAL_MB     16  /* rings, caches, ethdev queues */
#define WORKER_KB  640 /* its table of fragments, and what stands beside it */

static uint64_t free_hugepage_mb(unsigned page_kb)
{
	char path[96];
	uint64_t n = 0;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages",
		page_kb);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n * page_kb / 1024;
}

/* Every packet fits one buffer, so that no driver has to chain them. */
static void size_buffers(struct daemon *d)
{
	uint32_t room = RTE_MAX(uplinks_mtu(d) + LINK_BYTES, DATA_ROOM);

	d->data_room = (uint16_t)RTE_MIN(room, UINT16_MAX - RTE_PKTMBUF_HEADROOM);
}

/* Without hugepages every buffer starts on a page of its own. */
static uint32_t needed_mb(const struct daemon *d, bool hugepages)
{
	uint64_t each = MBUF_BYTES + d->data_room;

	if (d->conf.dpdk.memory != 0)
		return d->conf.dpdk.memory;
	if (!hugepages)
		each = RTE_ALIGN_CEIL(each, SMALL_PAGE);
	return (uint32_t)(d->conf.dpdk.mbufs * each >> 20) + EAL_MB +
	       d->conf.dpdk.workers * WORKER_KB / 1024;
}

int memory_choose(struct daemon *d, uint32_t *megabytes)
{
	uint64_t have = free_hugepage_mb(2048) + free_hugepage_mb(1048576);

	size_buffers(d);
	*megabytes = needed_mb(d, true);
	d->hugepages = d->conf.dpdk.hugepages != CONF_HUGE_OFF && have >= *megabytes;
	if (d->hugepages)
		return 0;
	if (d->conf.dpdk.hugepages == CONF_HUGE_ON) {
		LOG(ERR,
			"%u MB of hugepages needed, %" PRIu64 " MB free: run `scripts/hugepages.sh "
			"reserve --memory %u`, lower dpdk.mbufs, or set dpdk.hugepages = \"auto\"",
			*megabytes, have, *megabytes);
		return -ENOMEM;
	}
	warn_set(&d->warnings, "hugepages",
		"running on 4K pages (%u MB of hugepages needed, %" PRIu64 " MB free): slower, and "
		"no vhost-user or memif with other processes; `scripts/hugepages.sh reserve "
		"--memory %u`, then restart",
		*megabytes, have, *megabytes);
	*megabytes = needed_mb(d, false);
	return 0;
}

int memory_pool(struct daemon *d)
{
	unsigned cache = d->conf.dpdk.mbufs >= 8192 ? 256 : 64;

	d->pool = ovnet_pool_new("packets", d->conf.dpdk.mbufs, cache, d->data_room, SOCKET_ID_ANY);
	if (d->pool != NULL)
		return 0;
	LOG(ERR, "no memory for %u packet buffers: %s. Raise dpdk.memory or lower dpdk.mbufs",
		d->conf.dpdk.mbufs, rte_strerror(rte_errno));
	return -ENOMEM;
}
