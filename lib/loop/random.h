/* SPDX-License-Identifier: BSD-3-Clause */
/* Chance, so that nodes do not do the same at the same time. Any thread. */
#ifndef OVNET_LOOP_RANDOM_H
#define OVNET_LOOP_RANDOM_H

#include <stdint.h>

/* Below `bound`; 0 for a bound of 0. `arg` is not used (ovnet_random_fn). */
uint32_t random_below(void *arg, uint32_t bound);

#endif
