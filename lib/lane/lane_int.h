/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/lane share. Control thread only. */
#ifndef OVNET_LANE_LANE_INT_H
#define OVNET_LANE_LANE_INT_H

#include "kernel/nl.h"
#include "lane/bpf/ovnet_lane.h"
#include "lane/lane.h"

#define LANE_UPLINKS OVNET_LANE_UPLINKS

/* A place for one of our programs. */
struct lane_hook {
	uint32_t ifindex; /* 0: none */
	bool egress;
	bool made; /* the clsact qdisc is of our making */
	/* At the last look: */
	bool attached;
	unsigned others; /* filters of others */
	int err;         /* why it could not be put back, as logged */
};

struct lane_bpf;

struct ovnet_lane {
	struct ovnet_lane_conf conf;
	struct lane_bpf *skel;
	uint16_t port;
	uint32_t device; /* ifindex of the vxlan device, 0: none */
	unsigned rest;   /* calls of mend until making it is tried again */
	uint32_t pass;   /* ovnet_lane.h */
	unsigned slot;   /* of the configuration */
	bool out, in;
	struct lane_hook host, up, uplinks[LANE_UPLINKS];
	struct ovnet_lane_totals *totals; /* room for those of all CPUs */
	int n_cpus;
	struct nl nl;
};

/* lane_device.c. Logged, but for -EOPNOTSUPP of making one. */
/* A device of another kind stays, and is not found. */
int lane_device_remove(struct nl *nl, bool dry_run, bool *found);
/* Down. `port` in host order. */
int lane_device_make(struct nl *nl, uint16_t port, uint32_t *ifindex);
/* -EADDRINUSE (not logged): another one has its port. */
int lane_device_up(struct nl *nl, uint32_t ifindex);
/* Is it still there, and up? 1: it had to be set up; -ENODEV: it is gone. */
int lane_device_keep(struct nl *nl, uint32_t ifindex);
int lane_device_delete(struct nl *nl, uint32_t ifindex);
/* 65535 for what is larger. */
int lane_device_mtu(struct nl *nl, uint32_t ifindex, uint16_t *out);
/* A UDP port that nobody has now, 0: none to be had (logged). */
uint16_t lane_device_free_port(void);

/* lane_up.c: the vxlan device with its program, at `port`, or a free one where that is 0. */
int lane_up_open(struct ovnet_lane *lane, uint16_t port, uint16_t udp_port);
/* 1: it was gone or down, and is back. */
int lane_up_mend(struct ovnet_lane *lane);

/* lane_hooks.c */
/* To this device instead of the one it has. */
int lane_hooks_host(struct ovnet_lane *lane, uint32_t ifindex);
/* From the host device and uplinks. */
void lane_hooks_detach(struct ovnet_lane *lane);

/* lane_maps.c: tells the programs which ways are open, and what the configuration is. */
void lane_set_state(struct ovnet_lane *lane);

/* lane_ways.c: the ways in of an uplink's slot begin anew, and those of a peer. */
int lane_ways_uplink(struct ovnet_lane *lane, uint32_t ifindex, uint32_t slot);
void lane_ways_no_uplink(struct ovnet_lane *lane, uint32_t ifindex);
void lane_ways_forget_peer(struct ovnet_lane *lane, uint32_t id);
/* Of all peers by all uplinks. */
void lane_ways_forget(struct ovnet_lane *lane);

/* lane_tc.c. Logged, but for -EOPNOTSUPP of attaching. */
/* `h` says where; on error it is empty. A former program of ours is replaced, nobody else's is. */
int lane_tc_attach(struct nl *nl, struct lane_hook *h, int prog_fd);
/* Empties `h`. A device that is gone is no error. */
void lane_tc_detach(struct nl *nl, struct lane_hook *h);
/* 1: it was gone and is back; 0: it was there, or the device is gone. Looks who else is there. */
int lane_tc_mend(struct nl *nl, struct lane_hook *h, int prog_fd);
/* Our programs on any device of this namespace. How many, or negative errno. */
int lane_tc_remove_all(
	struct nl *nl, bool dry_run, void (*report)(void *arg, const char *what), void *arg);

#endif
