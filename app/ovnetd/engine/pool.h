/* SPDX-License-Identifier: BSD-3-Clause */
/* How much packet memory, from which pages. Main thread, at start. */
#ifndef OVNET_APP_ENGINE_POOL_H
#define OVNET_APP_ENGINE_POOL_H

#include "engine/engine.h"

/* pool_size.c: sets `mbufs`. -ENOMEM with the sum in a message when fewer are configured. */
int memory_count(struct engine *e);
/*
 * Sets `data_room` and `hugepages`; the megabytes to ask the EAL for. -ENOMEM with a message
 * when hugepages are demanded and short.
 */
int memory_choose(struct engine *e, uint16_t max_mtu, uint32_t *megabytes);
/* Makes `pool`. */
int memory_pool(struct engine *e);

#endif
