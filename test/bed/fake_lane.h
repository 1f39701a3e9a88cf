/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/lane as lists, for suites of app/ovnetd's parts: link `fake_lane` and leave `lane` out. What
 * it was told is in here, and what it is to answer. One thread; one lane at a time.
 */
#ifndef OVNET_BED_FAKE_LANE_H
#define OVNET_BED_FAKE_LANE_H

#include "lane/lane.h"

#define FAKE_LANE_ROWS 64
#define FAKE_LANE_FEW  8

enum fake_lane_kind { FAKE_LANE_HOST, FAKE_LANE_ELSEWHERE, FAKE_LANE_PEER };

struct fake_lane_row {
	struct ovnet_prefix4 prefix;
	enum fake_lane_kind kind;
	struct ovnet_lane_peer peer;
};

struct fake_lane {
	bool open, out, in;
	unsigned leftovers; /* of a former lane, until they are removed or another one is open */
	struct ovnet_lane_conf conf;
	struct fake_lane_row row[FAKE_LANE_ROWS];
	struct {
		uint32_t ifindex, addr_be;
		uint8_t eth[14];
	} hop[FAKE_LANE_ROWS];
	uint32_t uplink[FAKE_LANE_FEW], addr_be[FAKE_LANE_FEW];
	unsigned n, n_hops, n_uplinks, n_addrs;
	struct ovnet_lane_hook hook[FAKE_LANE_FEW];
	unsigned n_hooks, mends;
	int mend_rc;
	struct ovnet_lane_stats stats;
	struct ovnet_lane_counters counters;        /* of every id */
	bool port_taken;                            /* the one that is asked for */
	bool hop_gone_in_use;                       /* of a peer that was told of before */
	int open_rc, peer_rc, elsewhere_rc, hop_rc; /* 0 or negative errno */
};
extern struct fake_lane fake_lane;

/* NULL: it was not told of just this prefix. */
const struct fake_lane_row *fake_lane_row(const struct ovnet_prefix4 *p);

#endif
