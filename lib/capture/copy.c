/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/copy.h"

#include <string.h>

struct packet_record *capture_copy(struct capture_worker *w, uint16_t worker,
	const struct rte_mbuf *m, const struct ovnet_port *port, bool raw, uint32_t snap,
	uint64_t tsc)
{
	const uint32_t captured = RTE_MIN(m->pkt_len, snap);
	struct packet_record *r = capture_ring_reserve(&w->ring, captured);

	if (r == NULL)
		return NULL;
	*r = (struct packet_record){
		.len = r->len,
		.kind = PACKET_RECORD_PACKET,
		.raw = raw,
		.worker = (uint8_t)worker,
		.when = tsc,
		.bytes = m->pkt_len,
		.captured = captured,
	};
	if (port != NULL)
		memcpy(r->port, port->name, sizeof(r->port));
	if (captured == 0)
		return r;
	const void *bytes = rte_pktmbuf_read(m, 0, captured, r + 1);
	if (bytes == NULL)
		r->captured = 0; /* shorter than it says: nothing is made up */
	else if (bytes != r + 1)
		memcpy(r + 1, bytes, captured);
	return r;
}
