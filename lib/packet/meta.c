/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/meta.h"

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>

/*
 * Behind each buffer: librte_vhost (22.11) stores a checksum that it finishes for a guest at the
 * buffer's last byte too, with the other half behind it, where the next one's header may be.
 */
#define SPARE RTE_CACHE_LINE_SIZE

struct rte_mempool *ovnet_pool_new(
	const char *name, unsigned mbufs, unsigned cache, uint16_t data_room, int socket)
{
	struct rte_pktmbuf_pool_private sizes = {
		.mbuf_data_room_size = (uint16_t)(RTE_PKTMBUF_HEADROOM + data_room),
		.mbuf_priv_size = sizeof(struct ovnet_meta),
	};
	const unsigned size = (unsigned)(sizeof(struct rte_mbuf) + sizes.mbuf_priv_size +
					 sizes.mbuf_data_room_size + SPARE);
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, mbufs, size, cache, sizeof(sizes), socket, 0);

	if (pool == NULL)
		return NULL;
	int err = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (err == 0) {
		rte_pktmbuf_pool_init(pool, &sizes);
		err = rte_mempool_populate_default(pool);
	}
	if (err < 0) {
		rte_mempool_free(pool);
		rte_errno = -err;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}
