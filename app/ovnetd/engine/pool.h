/* SPDX-License-Identifier: BSD-3-Clause */
/* How much packet memory, from which pages. Main thread, at start. */
#ifndef OVNET_APP_ENGINE_POOL_H
#define OVNET_APP_ENGINE_POOL_H

#include <stdint.h>

struct daemon;

/*
 * Sets d->data_room and d->hugepages; the megabytes to ask the EAL for. -ENOMEM with a message
 * when hugepages are demanded and short.
 */
int memory_choose(struct daemon *d, uint32_t *megabytes);
/* Makes d->pool. */
int memory_pool(struct daemon *d);

#endif
