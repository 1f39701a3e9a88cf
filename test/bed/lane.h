/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lane with real ends: a TUN as the host device and a host's address behind it in our namespace,
 * a kernel vxlan device with a host's address in the peer's, the veth of kernel.h between them.
 * Nobody reads the TUN or answers at the overlay's socket: what arrives has come by the lane, what
 * has not is in there. Of one case; on top of kernel.h.
 */
#ifndef OVNET_BED_LANE_H
#define OVNET_BED_LANE_H

#include "bed/kernel.h"
#include "lane/lane.h"

#define LANE_OWN       "10.5.1.5" /* a host of our subnet, 10.5.1.0/24 */
#define LANE_FAR       "10.5.2.5" /* of the peer's, 10.5.2.0/24 */
#define LANE_OWN_NODE  "192.168.77.1"
#define LANE_FAR_NODE  "192.168.77.2"
#define LANE_OWN_MAC   "02:00:00:00:01:01" /* VTEPs */
#define LANE_FAR_MAC   "02:00:00:00:02:02"
#define LANE_OVERLAY   8472
#define LANE_VNI       1
#define LANE_ID        7 /* the peer's counters */
#define LANE_MTU       1450
#define LANE_PORTS_MIN 32768
#define LANE_PORTS_MAX 60999

struct lane_bed {
	struct lab *lab;
	int home, away;  /* namespaces */
	int tun, socket; /* the workers' ends */
	int wire;        /* raw, the far end of the veth */
	uint32_t host;   /* ifindex of the TUN */
	struct ovnet_lane_conf conf;
	struct ovnet_lane_peer peer;
	struct ovnet_lane *lane;
};

/* For cmocka: a lane that is open, filled and enabled; or all but that. */
int lane_bed_up(void **state);
int lane_bed_up_closed(void **state);
int lane_bed_down(void **state);

/* As lane_bed_up() leaves it; 0 or negative errno. */
int lane_bed_open(struct lane_bed *b);

/* The peer's vxlan device anew: "udpcsum", as flannel's is and it is at first, or "noudpcsum". */
void lane_far_device(struct lane_bed *b, const char *csum);
/* Enters the peer's namespace, or comes back. */
void lane_go(const struct lane_bed *b, bool far);
struct ovnet_prefix4 lane_prefix(const char *text);
uint32_t lane_addr_be(const char *text);
struct ovnet_lane_stats lane_stats(const struct lane_bed *b);
struct ovnet_lane_counters lane_counts(const struct lane_bed *b);

/* A packet that waits at the workers' ends or on the wire, or 0 when none comes in time. */
size_t lane_read(int fd, uint8_t *at, size_t size, int timeout_ms);
/* Nothing waits there. */
void lane_drain(int fd);

/* A TCP connection's two ends; the caller closes them. */
void lane_connect(struct lane_bed *b, bool from_far, int *from, int *to);
/* Closes both without another word: what was not acknowledged is not sent to the next case. */
void lane_abort(int from, int to);
/* From a host's address to the other's, `total` bytes of payload there, compared. */
void lane_tcp(struct lane_bed *b, bool from_far, size_t total);
/* The same of `n` datagrams with `size` bytes each, sent as one that the kernel is to cut. */
void lane_udp(struct lane_bed *b, bool from_far, unsigned n, uint16_t size);
/* Sends them, and leaves what receives them to the caller. */
int lane_udp_send(struct lane_bed *b, bool from_far, unsigned n, uint16_t size);

#endif
