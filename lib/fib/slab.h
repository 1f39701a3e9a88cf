/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects of one size, many of which are read one after the other: side by side in large pages
 * where the kernel has them, so that addresses need few translations. 65,536 peers are in 8 pages
 * instead of 4,096. Control thread.
 */
#ifndef OVNET_FIB_SLAB_H
#define OVNET_FIB_SLAB_H

#include <stddef.h>

struct slab;

/* `size`: a multiple of 64, to which objects are aligned. NULL: no memory. */
struct slab *slab_new(size_t size);
/* No more come; it is freed with the last object. NULL is fine. */
void slab_close(struct slab *s);
/* Not cleared. NULL: no memory. */
void *slab_take(struct slab *s);
void slab_give(struct slab *s, void *object);

#endif
