/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What follows when something happens in one part that concerns others. `arg` of all of them is
 * the daemon. Control thread only.
 */
#ifndef OVNET_APP_REACTIONS_H
#define OVNET_APP_REACTIONS_H

#include "attach/attach.h"
#include "host/host.h"
#include "kernel/kernel.h"
#include "lane/kernel_lane.h"
#include "lease/lease_client.h"
#include "peers/set.h"
#include "underlay/underlay.h"

extern const struct ovnet_kernel_events reactions_kernel;
extern const struct ovnet_lease_callbacks reactions_lease;
extern const struct underlay_events reactions_underlay;
extern const struct host_events reactions_host;
extern const struct peers_events reactions_peers;
extern const struct attach_events reactions_attach;
extern const struct kernel_lane_events reactions_lane;

/* Somebody looks at packets, or does not any more. */
void reactions_capture(void *arg);

struct daemon;
/* The timer of modules.c: everything that may have gone wrong unseen. Seconds until the next. */
uint32_t reactions_check(struct daemon *d);

#endif
