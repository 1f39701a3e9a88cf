/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a daemon that leaves the node to the kernel, as flanneld would have it: flannel.<VNI>
 * with our VtepMAC and every peer's route, neighbour and fdb entry, or host-gw's routes. Pods go on
 * talking without any daemon; flanneld starts on a node it knows, and so does ovnetd.
 *
 * What takes time is made while ovnet forwards, in slices; then the daemon ends, and between the
 * end of its ports and of its netlink socket the kernel takes over. Control thread only.
 */
#ifndef OVNET_APP_HANDOVER_HANDOVER_H
#define OVNET_APP_HANDOVER_HANDOVER_H

#include "host/host.h"
#include "kernel/flannel_layout.h"
#include "peers/set.h"

enum handover_phase {
	HANDOVER_NONE,
	HANDOVER_PREPARING, /* devices are there, down; peers are being entered */
	HANDOVER_PREPARED,  /* `prepared` was called */
	HANDOVER_OVER,      /* the kernel forwards */
};

struct handover {
	struct ovnet_kernel *kernel;
	const struct node *node;
	const struct underlay *underlay;
	const struct peers *peers;
	const struct host *host;
	void (*prepared)(void *arg);
	void *arg;

	enum handover_phase phase;
	struct event *worker;
	unsigned at; /* the next peer to enter */
	struct ovnet_flannel_layout layout;
	int64_t lease_ends;  /* unix seconds; 0: never */
	int64_t silent_from; /* monotonic_ns() when the workers stopped; 0: not yet */
};

/*
 * `prepared`: all is done that can be while ovnet forwards; the daemon is to end. 0 or -ENOMEM.
 * Of `h` the neighbours, `prepared` and `arg` are set, the rest is zero.
 */
int handover_init(struct handover *h, struct event_base *base);
/* What was made and not handed over is taken away again. Safe before init. */
void handover_fini(struct handover *h);

/*
 * Starts. Negative errno with a sentence in `err` where the kernel cannot do what this node does,
 * or it is not known what that would be; nothing was changed then. -EALREADY: it is under way.
 */
int handover_begin(
	struct handover *h, const struct ovnet_lease_client *lease, char *err, size_t size);
/* Nothing comes of what was begun. */
void handover_cancel(struct handover *h);
/* From now on nobody forwards. */
void handover_silent(struct handover *h);
/*
 * Behind the end of the ports: the kernel forwards. 0, also where nothing was prepared, or negative
 * errno (logged): then the host device and its routes have to stay.
 */
int handover_carry_out(struct handover *h);

/*
 * layout.c: what flanneld would have here. `l` is empty. 0; -ENOMEM; or another negative errno with
 * a sentence in `err`.
 */
int handover_layout(
	const struct handover *h, struct ovnet_flannel_layout *l, char *err, size_t size);

#endif
