/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finishing in software what a door left undone. The packet's owner only.
 */
#ifndef OVNET_PACKET_CSUM_H
#define OVNET_PACKET_CSUM_H

#include "meta.h"

/*
 * Completes the partial checksum meta's csum_start and csum_offset describe (the pseudo header's
 * sum already stands in the field) and clears OVNET_OFF_CSUM. -EINVAL, nothing changed, when
 * they point outside the packet. Chained packets too.
 */
int ovnet_csum_finish(struct rte_mbuf *m);

#endif
