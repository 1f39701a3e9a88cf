/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the daemon ends, by order: what stays in the kernel then (node.on-stop, `ovnetctl handover`).
 * An end nobody ordered leaves everything as it is. `d` is the daemon. Control thread only.
 */
#ifndef OVNET_APP_STOPPING_H
#define OVNET_APP_STOPPING_H

#include <stddef.h>

struct daemon;

/* A signal; the second one while a handover is prepared gives it up. */
void stopping_ordered(struct daemon *d, const char *why);
/* The daemon ends when the kernel may take over. Negative errno with a sentence in `err`. */
int stopping_hand_over(struct daemon *d, char *err, size_t size);

/* The part that stands in front of the ports: it is stopped behind them. */
int stopping_init(struct daemon *d);
void stopping_fini(struct daemon *d);

#endif
