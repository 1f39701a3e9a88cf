/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does what `in` sends up arrive? The host's own rules may drop it on its way to the vxlan device:
 * by port, interface or source, so it is asked for each peer and uplink. What arrives gives credit
 * for what follows; what nothing has come of for seconds has none left. Without it a few single
 * packets are risked, seconds apart, so that a connection loses one at a time; then the workers
 * have all of them for minutes. Who reads an entry while the kernel uses it again takes another
 * way's credit, which does no harm.
 */
#ifndef OVNET_LANE_WAYS_H
#define OVNET_LANE_WAYS_H

#include "lane/bpf/judge.h"

#define SECOND (1000ull * 1000 * 1000) /* ns */

/* .bss: interface index and public address of the last one that was held. */
__u64 last_held;

/* Of an uplink's ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_LANE_UPLINKS);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_LANE_WAYS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ovnet_lane_way_key);
	__type(value, struct ovnet_lane_way);
} ways SEC(".maps");

static __always_inline struct ovnet_lane_way *way_of(const struct ovnet_lane_way_key *key)
{
	const struct ovnet_lane_way fresh = {
		.credit = OVNET_LANE_TRIES, .wait_s = OVNET_LANE_WAIT_MIN_S};
	struct ovnet_lane_way *way = bpf_map_lookup_elem(&ways, key);

	if (way)
		return way;
	bpf_map_update_elem(&ways, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&ways, key);
}

/* May one more be risked now? Several processors may find so at once. */
static __always_inline int may_try(struct ovnet_lane_way *way, __s32 credit, __u64 since)
{
	if (!way->tried_ns)
		return 1;
	if (credit > 0)
		return since >= OVNET_LANE_PACE_S * SECOND;
	if (since < way->wait_s * SECOND)
		return 0;
	way->credit = OVNET_LANE_TRIES;
	way->wait_s =
		way->wait_s < OVNET_LANE_WAIT_MAX_S / 2 ? way->wait_s * 2 : OVNET_LANE_WAIT_MAX_S;
	return 1;
}

/* Was it asked seconds ago, and has said nothing since? It falls back to the tries then. */
static __always_inline int falls_silent(struct ovnet_lane_way *way, __u64 now)
{
	const __u64 asked = *(volatile __u64 *)&way->asked_ns;

	if (!asked) {
		*(volatile __u64 *)&way->asked_ns = now;
		return 0;
	}
	if (now < asked + OVNET_LANE_SILENCE_S * SECOND)
		return 0;
	way->tried_ns = asked;
	way->credit = OVNET_LANE_TRIES;
	return 1;
}

/*
 * Takes one credit. Where there is none: `held` counts what is left later than what was sent up
 * could still be on its way.
 */
static __always_inline int takes_credit(
	const struct ovnet_lane_where *peer, __u32 slot, __u32 ifindex)
{
	const struct ovnet_lane_way_key key = {.id = peer->id, .slot = slot};
	struct ovnet_lane_way *way = way_of(&key);

	if (!way)
		return 0;
	const __u64 now = bpf_ktime_get_ns();
	__s32 credit = *(volatile __s32 *)&way->credit;
	if (credit > OVNET_LANE_TRIES && falls_silent(way, now))
		credit = OVNET_LANE_TRIES;
	if (credit <= OVNET_LANE_TRIES) {
		const __u64 tried = *(volatile __u64 *)&way->tried_ns;
		const __u64 since = now > tried ? now - tried : 0;
		if (!may_try(way, credit, since)) {
			if (since < SECOND)
				return 0;
			COUNT(held, 1);
			*(volatile __u64 *)&last_held = (__u64)ifindex << 32 | peer->public_be;
			return 0;
		}
		way->tried_ns = now;
	}
	__sync_fetch_and_add(&way->credit, -1);
	return 1;
}

/* Has something arrived, and nothing been missed since? */
static __always_inline int has_credit(__u32 id, __u32 slot)
{
	const struct ovnet_lane_way_key key = {.id = id, .slot = slot};
	const struct ovnet_lane_way *way = bpf_map_lookup_elem(&ways, &key);

	return way && *(volatile __s32 *)&way->credit > OVNET_LANE_TRIES;
}

/* One arrived. The credit is written now and then only, as other processors take of it. */
static __always_inline void gives_credit(__u32 id, __u32 slot)
{
	const struct ovnet_lane_way_key key = {.id = id, .slot = slot};
	struct ovnet_lane_way *way = bpf_map_lookup_elem(&ways, &key);

	if (!way)
		return;
	if (*(volatile __u64 *)&way->asked_ns)
		*(volatile __u64 *)&way->asked_ns = 0;
	if (*(volatile __s32 *)&way->credit > OVNET_LANE_CREDIT / 2)
		return;
	way->credit = OVNET_LANE_CREDIT;
	way->wait_s = OVNET_LANE_WAIT_MIN_S;
}

#endif
