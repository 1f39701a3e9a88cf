/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an operator may have inherited from the inner header, and the outer UDP checksum over IPv4:
 * done after the push, off the fast path, compiled once. Private to lib/path.
 */
#ifndef OVNET_PATH_OUTER_MODE_H
#define OVNET_PATH_OUTER_MODE_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "encap/rewrite.h"

/* Of the inner header, before the outer one was pushed. */
struct ovnet_inner {
	uint8_t tos, ttl;
	bool df; /* IPv6: always */
};

/* `m` starts at the link header that goes before outer IPv4 and UDP, finished as by default. */
void ovnet_outer_mode4(
	struct rte_mbuf *m, const struct ovnet_outer_mode *mode, const struct ovnet_inner *inner);
/* The same for outer IPv6; its UDP checksum covers nothing that is changed here. */
void ovnet_outer_mode6(
	struct rte_mbuf *m, const struct ovnet_outer_mode *mode, const struct ovnet_inner *inner);

#endif
