/* SPDX-License-Identifier: BSD-3-Clause */
/* Which program hangs where: attached, put back when others have removed it, taken away. */
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/log.h"
#include "lane/lane_int.h"
#include "lane_bpf.skel.h"

OVNET_LOG_TYPE(lane)

int lane_hooks_host(struct ovnet_lane *lane, uint32_t ifindex)
{
	struct lane_hook h = {.ifindex = ifindex, .egress = true};
	int err = lane_tc_attach(&lane->nl, &h, bpf_program__fd(lane->skel->progs.ovnet_lane_out));

	if (err < 0)
		return err;
	lane_tc_detach(&lane->nl, &lane->host);
	lane->host = h;
	return 0;
}

void lane_hooks_detach(struct ovnet_lane *lane)
{
	for (unsigned i = 0; i < LANE_UPLINKS; i++)
		lane_tc_detach(&lane->nl, &lane->uplinks[i]);
	lane_tc_detach(&lane->nl, &lane->host);
}

static struct lane_hook *uplink_of(struct ovnet_lane *lane, uint32_t ifindex)
{
	for (unsigned i = 0; i < LANE_UPLINKS; i++)
		if (lane->uplinks[i].ifindex == ifindex)
			return &lane->uplinks[i];
	return NULL;
}

int ovnet_lane_uplink_add(struct ovnet_lane *lane, uint32_t ifindex)
{
	struct lane_hook *at = uplink_of(lane, ifindex), h = {.ifindex = ifindex};

	if (at == NULL && (at = uplink_of(lane, 0)) == NULL) {
		LOG(ERR, "kernel lane: more than %u uplinks", LANE_UPLINKS);
		return -ENOSPC;
	}
	int err = lane_ways_uplink(lane, ifindex, (uint32_t)(at - lane->uplinks));
	if (err < 0)
		return err;
	err = lane_tc_attach(&lane->nl, &h, bpf_program__fd(lane->skel->progs.ovnet_lane_in));
	if (err < 0) {
		if (at->ifindex == 0)
			lane_ways_no_uplink(lane, ifindex);
		return err;
	}
	h.made |= at->made;
	*at = h;
	return 0;
}

void ovnet_lane_uplink_del(struct ovnet_lane *lane, uint32_t ifindex)
{
	struct lane_hook *at = ifindex != 0 ? uplink_of(lane, ifindex) : NULL;

	if (at == NULL)
		return;
	lane_tc_detach(&lane->nl, at);
	lane_ways_no_uplink(lane, ifindex);
}

/* Counts into `n`; keeps the first error. */
static void mend(struct ovnet_lane *lane, struct lane_hook *h, const struct bpf_program *prog,
	int *n, int *first)
{
	int rc = h->ifindex != 0 ? lane_tc_mend(&lane->nl, h, bpf_program__fd(prog)) : 0;

	if (rc > 0)
		*n += rc;
	else if (*first == 0)
		*first = rc;
}

int ovnet_lane_mend(struct ovnet_lane *lane)
{
	int rc = lane_up_mend(lane), n = rc > 0 ? rc : 0, err = rc < 0 ? rc : 0;

	mend(lane, &lane->host, lane->skel->progs.ovnet_lane_out, &n, &err);
	mend(lane, &lane->up, lane->skel->progs.ovnet_lane_up, &n, &err);
	for (unsigned i = 0; i < LANE_UPLINKS; i++)
		mend(lane, &lane->uplinks[i], lane->skel->progs.ovnet_lane_in, &n, &err);
	return err < 0 ? err : n;
}

unsigned ovnet_lane_hooks(const struct ovnet_lane *lane, struct ovnet_lane_hook *out, unsigned n)
{
	unsigned all = 0;

	for (unsigned i = 0; i < LANE_UPLINKS + 2; i++) {
		const struct lane_hook *h = i == 0   ? &lane->host
					    : i == 1 ? &lane->up
						     : &lane->uplinks[i - 2];
		if (h->ifindex == 0)
			continue;
		if (all < n)
			out[all] = (struct ovnet_lane_hook){.ifindex = h->ifindex,
				.egress = h->egress,
				.attached = h->attached,
				.others = h->others};
		all++;
	}
	return all;
}
