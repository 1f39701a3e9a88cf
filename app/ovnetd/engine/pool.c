/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <rte_errno.h>
#include <stdio.h>

#include "base/log.h"

OVNET_LOG_TYPE(memory)

#define DATA_ROOM  2048 /* at least: a packet of MTU 1500 and what drivers need around it */
#define LINK_BYTES 64   /* Ethernet, VLAN, vnet header, rounded up */
#define MBUF_BYTES (64 + sizeof(struct rte_mbuf) + sizeof(struct ovnet_meta) + RTE_PKTMBUF_HEADROOM)
#define SMALL_PAGE 4096
#define EAL_MB     16  /* rings, caches, ethdev queues */
#define PORT_KB    512 /* an attach port's rings and queues */
#define PORTS_MORE 8   /* for those that come while the daemon runs */
/* As many VMs as there can be ports. On 4K pages, what nobody came to use is no memory yet. */
#define GUESTS_MB (CONF_MAX_PORTS * OVNET_VHOST_HEAP_KB(1) / 1024)
#define WORKER_KB 672 /* its table of fragments, and what stands beside it */

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
static void size_buffers(struct engine *e, uint16_t max_mtu)
{
	uint32_t room = RTE_MAX(max_mtu + LINK_BYTES, DATA_ROOM);

	e->data_room = (uint16_t)RTE_MIN(room, UINT16_MAX - RTE_PKTMBUF_HEADROOM);
}

/*
 * Without hugepages every buffer starts on a page of its own, and the heap never grows: a VM that
 * comes when it is full would not get connected.
 */
static uint32_t needed_mb(const struct engine *e, bool hugepages)
{
	uint64_t each = MBUF_BYTES + e->data_room;

	if (e->conf->dpdk.memory != 0)
		return e->conf->dpdk.memory;
	if (!hugepages)
		each = RTE_ALIGN_CEIL(each, SMALL_PAGE);
	return (uint32_t)(e->mbufs * each >> 20) + EAL_MB +
	       e->conf->dpdk.workers * WORKER_KB / 1024 +
	       (e->conf->n_ports + PORTS_MORE) * PORT_KB / 1024 + (hugepages ? 0 : GUESTS_MB);
}

int memory_choose(struct engine *e, uint16_t max_mtu, uint32_t *megabytes)
{
	uint64_t have = free_hugepage_mb(2048) + free_hugepage_mb(1048576);

	size_buffers(e, max_mtu);
	*megabytes = needed_mb(e, true);
	e->hugepages = e->conf->dpdk.hugepages != CONF_HUGE_OFF && have >= *megabytes;
	if (e->hugepages)
		return 0;
	if (e->conf->dpdk.hugepages == CONF_HUGE_ON) {
		LOG(ERR,
			"%u MB of hugepages needed, %" PRIu64 " MB free: run `scripts/hugepages.sh "
			"reserve --memory %u`, lower dpdk.mbufs, or set dpdk.hugepages = \"auto\"",
			*megabytes, have, *megabytes);
		return -ENOMEM;
	}
	warn_set(e->warnings, "hugepages",
		"running on 4K pages (%u MB of hugepages needed, %" PRIu64 " MB free): slower, and "
		"no virtio-user or memif with other processes; `scripts/hugepages.sh reserve "
		"--memory %u`, then restart",
		*megabytes, have, *megabytes);
	*megabytes = needed_mb(e, false);
	return 0;
}

int memory_pool(struct engine *e)
{
	unsigned cache = e->mbufs >= 8192 ? 256 : 64;

	e->pool = ovnet_pool_new("packets", e->mbufs, cache, e->data_room, SOCKET_ID_ANY);
	if (e->pool != NULL)
		return 0;
	LOG(ERR, "no memory for %u packet buffers: %s. Raise dpdk.memory or lower dpdk.mbufs",
		e->mbufs, rte_strerror(rte_errno));
	return -ENOMEM;
}
