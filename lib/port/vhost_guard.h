/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whoever has the other end of a vhost-user socket is not trusted. librte_vhost (22.11) checks what
 * a guest writes into its rings, but takes messages that let it run out of the front end's memory
 * or wait for it: a ring that changes its size or its kind after it was mapped, a base beyond a
 * packed ring, a ring that has no size, memory that cannot be mapped after the former is gone, an
 * answer nobody reads, a file descriptor that blocks. So each message passes here before. One that
 * does not fit is refused: the front end gets an error where it asked for an answer and is
 * disconnected otherwise. After one that librte_vhost refuses itself, when what it did of it nobody
 * knows, there is no other. What a guest may do with its rings is not touched. Not kept from: that
 * a file in a message is of a FUSE, whose program may take its time when it is closed.
 *
 * Threads: open: control; add, remove: librte_vhost's, in new_connection and destroy_connection;
 * torn and `refused`: any.
 */
#ifndef OVNET_PORT_VHOST_GUARD_H
#define OVNET_PORT_VHOST_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "port/vhost_memory.h"

/* What of the protocol the guard knows: VHOST_USER_PROTOCOL_F_{MQ,RARP,REPLY_ACK,NET_MTU,STATUS} */
#define VHOST_PROTOCOL_FEATURES                                                      \
	(UINT64_C(1) << 0 | UINT64_C(1) << 2 | UINT64_C(1) << 3 | UINT64_C(1) << 4 | \
		UINT64_C(1) << 16)

#define VHOST_REGIONS 8  /* of guest memory; librte_vhost's limit */
#define VHOST_RINGS   64 /* of a port: twice its queue pairs */

/* What a front end said of a ring since it was stopped last. */
struct vhost_ring {
	uint32_t size;
	uint16_t base;
	bool based; /* base is where librte_vhost would go on */
	bool placed, started;
	uint64_t desc, avail, used; /* the front end's addresses */
};

/* A port's; one connection at a time. */
struct vhost_guard {
	const char *port; /* its name */
	const char *path; /* of its socket */
	int notify_fd;  /* an eventfd, written to when the guest's memory was cut short; -1: none */
	uint16_t rings; /* how many the front end may name */
	/* vhost: rw */
	int vid;      /* -1: nobody is connected */
	int fd;       /* the connection, which librte_vhost closes before it says that it is gone */
	bool pending; /* librte_vhost has a message, and did not say yet that it took it */
	uint64_t features;
	struct vhost_ring ring[VHOST_RINGS];
	uint32_t n_memory;
	struct vhost_region memory[VHOST_REGIONS]; /* as the front end said */
	_Atomic int region[VHOST_REGIONS];         /* numbers of vhost_memory.h; -1: none */
	_Atomic bool torn;                         /* it was cut short before it was watched */
	uint64_t said_at;                          /* TSC: a refusal was logged */
	_Atomic uint64_t refused;                  /* messages, and connections */
};

/*
 * Before the socket is registered. `port` and `path` stay the caller's. 0 or negative errno, not
 * logged.
 */
int vhost_guard_open(
	struct vhost_guard *g, const char *port, const char *path, uint16_t pairs, int notify_fd);

/* A connection to a port without one: 0, or -1: it cannot be guarded, which is logged. */
int vhost_guard_add(struct vhost_guard *g, int vid);
void vhost_guard_remove(struct vhost_guard *g);

/* Whether the memory of who is connected was cut short; who that is, the caller's lock keeps. */
bool vhost_guard_torn(const struct vhost_guard *g);

#endif
