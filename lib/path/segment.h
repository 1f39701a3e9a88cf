/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst on its way to segments: a packet may become 128 of them, which leave in bursts as any
 * others do. Private to lib/path.
 */
#ifndef OVNET_PATH_SEGMENT_H
#define OVNET_PATH_SEGMENT_H

#include "packet/gso.h"
#include "path/path.h"

struct segments {
	struct rte_mbuf **pkts;
	uint16_t n, next;
	/* To peers: the underlay has finished packets. Otherwise it is as the port out takes them.
	 */
	bool all;
	struct ovnet_gso_cut cut; /* its `left` is 0 between two packets */
};

static inline void segments_begin(struct segments *s, struct rte_mbuf **pkts, uint16_t n, bool all)
{
	s->pkts = pkts;
	s->n = n;
	s->next = 0;
	s->all = all;
	s->cut.left = 0;
}

#endif
