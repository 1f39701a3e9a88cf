/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets by hand for a lane's bed: frames of the peer's, and what is inside of them. */
#ifndef OVNET_BED_LANE_FRAME_H
#define OVNET_BED_LANE_FRAME_H

#include "bed/lane.h"

#define LANE_INNER 60 /* bytes of an ordinary one */
#define LANE_FRAME (64 + LANE_INNER)

/* From the inner IP header on, of the peer's host for ours; the sum is missing. */
extern const uint8_t lane_echo_reply[LANE_INNER];
/* An ACK; the payload begins at 40. */
extern const uint8_t lane_tcp_ack[LANE_INNER];

/* A frame of the peer's with that inside. */
void lane_frame(uint8_t f[LANE_FRAME], const uint8_t *inner);
/* Its IP headers' sums anew, after a change. */
void lane_frame_sums(uint8_t f[LANE_FRAME]);
/* Of one IPv4 header. */
void lane_put_sum(uint8_t *ip);

/* Into an interface of this namespace: frames, or packets where it has no Ethernet. */
void lane_inject(const char *iface, bool frames, const uint8_t *data, size_t len);
/* A frame from the peer's end of the veth. */
void lane_inject_far(struct lane_bed *b, const uint8_t *frame, size_t len);

/* Waits until the sums are those; fails the case `what` when they do not become so. */
void lane_wait(const struct lane_bed *b, const struct ovnet_lane_stats *want, const char *what);

#endif
