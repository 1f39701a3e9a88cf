/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's side of the host driver: a persistent multi-queue TUN with vnet headers.
 * Control thread only.
 */
#ifndef OVNET_PORT_TUN_H
#define OVNET_PORT_TUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/patience.h"

/*
 * -EEXIST: the name belongs to a device of another kind, -EBUSY: another process holds queues of
 * it, for longer than `patience`; both logged with the cure. 0: free, or ours to take over.
 */
int ovnet_tun_check(const char *name, struct ovnet_patience *patience);
/* One queue's fd, non-blocking; makes the device if there is none. Negative errno, logged. */
int ovnet_tun_queue_open(const char *name, bool csum_offload);
/* From now on the device outlives its fds. */
int ovnet_tun_persist(int fd, const char *name);

#endif
