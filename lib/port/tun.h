/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's side of the host and TAP drivers: a multi-queue TUN or TAP with vnet headers.
 * Control thread only.
 */
#ifndef OVNET_PORT_TUN_H
#define OVNET_PORT_TUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/patience.h"

enum ovnet_tun_kind {
	OVNET_TUN_HOST, /* the host device: IP packets */
	OVNET_TUN_TAP,  /* Ethernet frames */
};

/*
 * -EEXIST: the name belongs to a device of another kind, -EBUSY: another process holds queues of
 * it, for longer than `patience`; both logged with the cure. 0: free, or ours to take over.
 */
int ovnet_tun_check(const char *name, enum ovnet_tun_kind kind, struct ovnet_patience *patience);
/*
 * One queue's fd, non-blocking; makes the device if there is none. Negative errno, logged.
 * `offloads`: packets may come unfinished and unsegmented (TUN_F_*); `*taken` is what of that this
 * kernel knows.
 */
int ovnet_tun_queue_open(
	const char *name, enum ovnet_tun_kind kind, bool offloads, unsigned *taken);
/* From now on the device outlives its fds. */
int ovnet_tun_persist(int fd, const char *name);
/* What the kernel shows as its link, for which all of its queues are one. Logged. */
void ovnet_tun_set_carrier(int fd, const char *name, bool up);

#endif
