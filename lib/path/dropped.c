/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/dropped.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ether.h>

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

bool ovnet_is_raw(const uint8_t *bytes, uint32_t avail, uint32_t len, bool l3)
{
	const unsigned version = avail > 0 ? bytes[0] >> 4 : 0;

	/* Of a MAC address that begins so, one in 65,536 says the packet's length as well. */
	if (version == 4 && avail >= 20 && get16(bytes + 2) == len)
		return true;
	if (version == 6 && avail >= 40 && get16(bytes + 4) + 40u == len)
		return true;
	if (avail >= RTE_ETHER_HDR_LEN)
		switch (get16(bytes + 12)) {
		case RTE_ETHER_TYPE_IPV4:
		case RTE_ETHER_TYPE_IPV6:
		case RTE_ETHER_TYPE_ARP:
		case RTE_ETHER_TYPE_VLAN:
		case RTE_ETHER_TYPE_QINQ:
			return false;
		}
	return l3 || version == 4 || version == 6;
}

struct ovnet_dropped *ovnet_dropped_new(uint64_t tsc_hz)
{
	struct ovnet_dropped *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->gap = tsc_hz / 1000;
	return d;
}

void ovnet_dropped_free(struct ovnet_dropped *d)
{
	free(d);
}

static void keep(struct ovnet_dropped_slot *slot, const struct ovnet_queue_map *map,
	const struct rte_mbuf *m, uint64_t now)
{
	const uint32_t seq = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	const uint16_t id = ovnet_meta((struct rte_mbuf *)(uintptr_t)m)->in_port;
	const struct ovnet_port *port = map != NULL && id < map->n_ports ? map->port[id] : NULL;
	struct ovnet_dropped_packet *p = &slot->packet;

	atomic_store_explicit(&slot->seq, seq | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	p->tsc = now;
	p->len = m->pkt_len;
	p->captured = (uint16_t)RTE_MIN(m->pkt_len, (uint32_t)OVNET_DROPPED_BYTES);
	const void *bytes = rte_pktmbuf_read(m, 0, p->captured, p->bytes);
	if (bytes == NULL)
		p->captured = 0;
	else if (bytes != p->bytes)
		memcpy(p->bytes, bytes, p->captured);
	p->raw = ovnet_is_raw(
		p->bytes, p->captured, p->len, port != NULL && (port->caps & OVNET_CAP_L3) != 0);
	if (port != NULL)
		memcpy(p->port, port->name, sizeof(p->port));
	else
		p->port[0] = '\0';
	atomic_store_explicit(&slot->seq, (seq | 1) + 1, memory_order_release);
}

void ovnet_dropped_note(struct ovnet_dropped *d, const struct ovnet_queue_map *map,
	struct rte_mbuf *const *pkts, uint16_t n, unsigned reason)
{
	struct ovnet_dropped_reason *r = &d->of[reason];
	const uint64_t now = rte_rdtsc();

	if (now - r->since >= d->gap) {
		r->since = now;
		r->left = OVNET_DROPPED_KEPT;
	}
	const uint16_t keeps = RTE_MIN(n, (uint16_t)r->left);
	r->left -= (uint8_t)keeps;
	for (uint16_t i = n - keeps; i < n; i++) {
		keep(&r->slot[r->next], map, pkts[i], now);
		r->next = (uint8_t)((r->next + 1) % OVNET_DROPPED_KEPT);
	}
}

unsigned ovnet_dropped_read(
	const struct ovnet_dropped *d, unsigned reason, struct ovnet_dropped_packet *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < OVNET_DROPPED_KEPT; i++) {
		const struct ovnet_dropped_slot *slot = &d->of[reason].slot[i];
		const uint32_t seq = atomic_load_explicit(&slot->seq, memory_order_acquire);

		if (seq == 0 || (seq & 1) != 0)
			continue;
		out[n] = slot->packet;
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&slot->seq, memory_order_relaxed) == seq)
			n++;
	}
	return n;
}
