/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "path_bytes.h"
#include "path_plane.h"
#include "path_run.h"

void fuzz_outcome_add(struct fuzz_outcome *all, const struct fuzz_outcome *o)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		all->sum.drops[i] += o->sum.drops[i];
	all->sum.made += o->sum.made;
	for (unsigned d = 0; d < FUZZ_PORTS; d++)
		for (unsigned k = 0; k < o->sum.n[d]; k++) {
			uint16_t at = all->sum.n[d]++;
			CHECK(at < FUZZ_SENT, "too many packets of those that came");
			all->sum.len[d][at] = o->sum.len[d][k];
			memcpy(all->bytes[d][at], o->bytes[d][k], o->sum.len[d][k]);
		}
}

static void swap(struct fuzz_outcome *o, unsigned port, unsigned a, unsigned b)
{
	uint8_t bytes[sizeof(o->bytes[0][0])];
	uint16_t len = o->sum.len[port][a];

	memcpy(bytes, o->bytes[port][a], sizeof(bytes));
	memcpy(o->bytes[port][a], o->bytes[port][b], sizeof(bytes));
	memcpy(o->bytes[port][b], bytes, sizeof(bytes));
	o->sum.len[port][a] = o->sum.len[port][b];
	o->sum.len[port][b] = len;
}

static bool is_behind(const struct fuzz_outcome *o, unsigned port, unsigned a, unsigned b)
{
	unsigned len_a = o->sum.len[port][a], len_b = o->sum.len[port][b];

	if (len_a != len_b)
		return len_a > len_b;
	return memcmp(o->bytes[port][a], o->bytes[port][b], len_a) > 0;
}

/* Identification and checksum of an outer IPv4 header. */
static void forget_id(uint8_t *eth, unsigned len)
{
	if (len < ETH + 20 || get16(eth + 12) != 0x0800 || get32(eth + ETH + 16) != PEER_IP)
		return;
	memset(eth + ETH + 4, 0, 2);
	memset(eth + ETH + 10, 0, 2);
}

void fuzz_outcome_sort(struct fuzz_outcome *o)
{
	if (o->sum.made == 0)
		return;
	for (unsigned k = 0; k < o->sum.n[UPLINK]; k++)
		forget_id(o->bytes[UPLINK][k], o->sum.len[UPLINK][k]);
	for (unsigned d = 0; d < FUZZ_PORTS; d++)
		for (unsigned i = 1; i < o->sum.n[d]; i++)
			for (unsigned k = i; k > 0 && is_behind(o, d, k - 1, k); k--)
				swap(o, d, k - 1, k);
}

void fuzz_outcome_compare(
	const struct fuzz_outcome *a, const struct fuzz_outcome *b, const char *level)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		CHECK(a->sum.drops[i] == b->sum.drops[i],
			"%s: %lu packets in one buffer, %lu here: %s", level,
			(unsigned long)a->sum.drops[i], (unsigned long)b->sum.drops[i],
			ovnet_drop_name((enum ovnet_drop)i));
	CHECK(memcmp(&a->sum, &b->sum, sizeof(a->sum)) == 0,
		"%s: %u, %u, %u, %u packets sent, %u, %u, %u, %u", level, a->sum.n[0], a->sum.n[1],
		a->sum.n[2], a->sum.n[3], b->sum.n[0], b->sum.n[1], b->sum.n[2], b->sum.n[3]);
	for (unsigned d = 0; d < FUZZ_PORTS; d++)
		for (unsigned k = 0; k < a->sum.n[d]; k++)
			CHECK(memcmp(a->bytes[d][k], b->bytes[d][k], a->sum.len[d][k]) == 0,
				"%s: other bytes sent than from one buffer", level);
}
