/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways in, which the programs keep account of (bpf/ways.h): which slot an uplink has, and what
 * is to be forgotten when another peer or uplink takes the place of one.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "lane/lane_int.h"
#include "lane_bpf.skel.h"

OVNET_LOG_TYPE(lane)

/* Those that are made meanwhile may stay. */
static void forget(struct ovnet_lane *lane, bool all, uint32_t slot)
{
	int fd = bpf_map__fd(lane->skel->maps.ways);
	struct ovnet_lane_way_key key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	for (unsigned i = 0; more && i < OVNET_LANE_WAYS; i++) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (all || key.slot == slot)
			(void)bpf_map_delete_elem(fd, &key);
	}
}

void lane_ways_forget(struct ovnet_lane *lane)
{
	forget(lane, true, 0);
}

int lane_ways_uplink(struct ovnet_lane *lane, uint32_t ifindex, uint32_t slot)
{
	forget(lane, false, slot);
	int err =
		bpf_map_update_elem(bpf_map__fd(lane->skel->maps.slots), &ifindex, &slot, BPF_ANY);
	if (err < 0)
		LOG(ERR, "kernel lane: interface %u cannot be entered: %s", ifindex,
			strerror(-err));
	return err;
}

void lane_ways_no_uplink(struct ovnet_lane *lane, uint32_t ifindex)
{
	(void)bpf_map_delete_elem(bpf_map__fd(lane->skel->maps.slots), &ifindex);
}

void lane_ways_forget_peer(struct ovnet_lane *lane, uint32_t id)
{
	for (uint32_t i = 0; i < LANE_UPLINKS; i++) {
		const struct ovnet_lane_way_key key = {.id = id, .slot = i};
		if (lane->uplinks[i].ifindex != 0)
			(void)bpf_map_delete_elem(bpf_map__fd(lane->skel->maps.ways), &key);
	}
}
