/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch's end of vhost-user for suites: a port of the real driver, polled by the test's
 * thread as by worker 0, and asked by it what changed as by the control thread. Stands on
 * bed/lab.h; what goes wrong fails the case.
 */
#ifndef OVNET_BED_VHOST_PORT_H
#define OVNET_BED_VHOST_PORT_H

#include "bed/lab.h"
#include "bed/vhost_guest.h"

#define VP_WORKER 0

struct vp {
	struct ovnet_port *port;
	int notify;
	char path[64];
};

/* The workers' domain that all ports here share; the test is in no worker's turn but in vp_*. */
extern struct ovnet_rcu vp_rcu;

/* Of a group: a directory for sockets and the domain. */
int vp_set_up(void **state);
int vp_tear_down(void **state);

/* The driver's SIGBUS handler in the place of the one cmocka sets for each case. */
void vp_take_sigbus(void);

/* Path of a socket of that name. */
const char *vp_path(const char *name);
/* Opens a port, up to `queues` queue pairs; `server`: the port makes the socket. */
void vp_open(struct vp *p, const char *name, bool server, uint16_t queues);
/* The same, with segments of 64 KB offered. */
void vp_open_offloads(struct vp *p, const char *name, bool server, uint16_t queues);
/* As vp_open, with what is different in `conf`. */
void vp_open_as(struct vp *p, const char *name, const struct ovnet_port_conf *conf);
void vp_close(struct vp *p);

/* What the guest changed is taken over, as the control thread does. */
void vp_look(struct vp *p);
/* Waits until the port says that its link is up, or down. */
bool vp_becomes(struct vp *p, bool up);
/* A guest that starts, at a port that is open. */
void vp_meet(struct vp *p, struct vg *g);

/* Polls a queue until `n` packets came, or nothing for `ms`. */
uint16_t vp_rx(struct vp *p, unsigned queue, struct rte_mbuf **pkts, uint16_t n, int ms);
/* Sends; how many were taken. The others are the caller's. */
uint16_t vp_tx(struct vp *p, unsigned queue, struct rte_mbuf **pkts, uint16_t n);
/* Of all queues, by reason. */
uint64_t vp_drops(const struct vp *p, enum ovnet_drop reason);

/* File descriptors this process has open; whether they become as many: librte_vhost closes late. */
unsigned vp_fds(void);
bool vp_fds_become(unsigned n);

#endif
