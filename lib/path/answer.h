/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What senders of refused packets are told, and what goes on in pieces instead. Not a stage: what
 * it makes enters one. Private to lib/path.
 */
#ifndef OVNET_PATH_ANSWER_H
#define OVNET_PATH_ANSWER_H

#include "packet/icmp_error.h"
#include "path/path.h"

/* What a refused packet is answered with. */
struct answer {
	bool gone; /* the packet is in pieces; otherwise it is still to be dropped */
	/* It is to be cut into its segments first, and each of them to be asked about. */
	bool segments;
	enum ovnet_stage next; /* that `pkts` enter */
	uint16_t n;            /* 0: nothing is due */
	struct rte_mbuf *pkts[OVNET_BURST];
};

/* The error about it, enum ovnet_icmp; -1: there is none. */
static inline int icmp_of(int reason)
{
	switch (reason) {
	case OVNET_DROP_OVERSIZE:
		return OVNET_ICMP_TOO_BIG;
	case OVNET_DROP_TTL_EXCEEDED:
		return OVNET_ICMP_TIME_EXCEEDED;
	case OVNET_DROP_NO_PEER:
		return OVNET_ICMP_NET_UNREACHABLE;
	case OVNET_DROP_NO_UPLINK:
	case OVNET_DROP_NEIGHBOUR_PENDING:
		return OVNET_ICMP_HOST_UNREACHABLE;
	default:
		return -1;
	}
}

#endif
