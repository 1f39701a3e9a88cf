/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/meta.h"

struct rte_mempool *ovnet_pool_new(
	const char *name, unsigned mbufs, unsigned cache, uint16_t data_room, int socket)
{
	return rte_pktmbuf_pool_create(name, mbufs, cache, sizeof(struct ovnet_meta),
		(uint16_t)(RTE_PKTMBUF_HEADROOM + data_room), socket);
}
