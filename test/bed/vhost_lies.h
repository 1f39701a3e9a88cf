/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest, or the front end it runs in, can do wrong, each as a function of a guest that was
 * started by vg_start(): one queue pair, whatever its rings are. What is sent lies in ring LIE_TX,
 * buffers for what is received in ring LIE_RX. After a lie the guest may be of no use any more:
 * hang up and start anew.
 */
#ifndef OVNET_BED_VHOST_LIES_H
#define OVNET_BED_VHOST_LIES_H

#include "bed/vhost_guest.h"

#define LIE_RX 0
#define LIE_TX 1

enum lie_kind {
	LIE_RING,    /* descriptors, indices: a guest's doing */
	LIE_HEADER,  /* what it says of a packet */
	LIE_MESSAGE, /* the front end's doing: it is disconnected */
	LIE_PACKED,  /* the same of a packed ring; of a split one it is borne */
	LIE_BORNE,   /* the front end's as well: it need not be */
};

struct lie {
	const char *name;
	enum lie_kind kind;
	/* False: it could not be told to its end: the other side hung up, or the ring is full. */
	bool (*tell)(struct vg *g);
};

/*
 * All of them; each ends with a name of NULL. Of vhost_lies.c (rings and headers), vhost_lies_msg.c
 * and vhost_lies_setup.c.
 */
extern const struct lie vhost_ring_lies[], vhost_message_lies[], vhost_setup_lies[];

#endif
