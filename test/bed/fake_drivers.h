/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drivers without devices in the place of lib/port's (all but the UDP socket), for suites of
 * app/ovnetd's parts. A port of a kernel interface is as the fake kernel's link of that name is;
 * the host device and TAPs are made there if they are missing. A dpdk port has MTU 1500 and the MAC
 * 02:00:00:00:dd:<its id>, a vhost port the same with ee. Packets never come, and none are taken.
 */
#ifndef OVNET_BED_FAKE_DRIVERS_H
#define OVNET_BED_FAKE_DRIVERS_H

#include "port/port.h"

#define FAKE_FILTER_ADDRS 8

/* What a shared uplink was told last, and how often. */
struct fake_filter {
	unsigned set, n_addrs, n_subnets;
	uint16_t udp_port;
	uint32_t vni;
	struct ovnet_addr addr[FAKE_FILTER_ADDRS]; /* the first of them */
	struct ovnet_prefix subnet[2];
};

struct fake_drivers {
	bool no_af_xdp, no_af_packet, no_socket, no_dpdk; /* opening is refused: -EOPNOTSUPP */
	unsigned opened, refused, closed, lost;
	uint16_t mtu[OVNET_MAX_PORTS], queues[OVNET_MAX_PORTS],
		descriptors[OVNET_MAX_PORTS];       /* asked for, by the port's id */
	struct fake_filter filter[OVNET_MAX_PORTS]; /* by the port's id */
	bool stays[OVNET_MAX_PORTS], multicast[OVNET_MAX_PORTS],
		mtu_near[OVNET_MAX_PORTS];     /* the same */
	bool no_carrier[OVNET_MAX_PORTS];      /* a tap was told, by the port's id */
	struct ovnet_mac mac[OVNET_MAX_PORTS]; /* a dpdk port was told, by its id */
	bool refuses_changes;                  /* dpdk: of MTU and MAC */
	bool no_link[OVNET_MAX_PORTS];         /* by the port's id */
	bool one_by_one[OVNET_MAX_PORTS];      /* a socket uplink was told, by the port's id */
};
extern struct fake_drivers fake_drivers;

#endif
