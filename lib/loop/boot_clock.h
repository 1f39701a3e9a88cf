/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time since the machine started, suspended or not: etcd counts a lease down while we sleep,
 * and nobody sets this clock. Any thread.
 */
#ifndef OVNET_LOOP_BOOT_CLOCK_H
#define OVNET_LOOP_BOOT_CLOCK_H

#include <stdint.h>

#define BOOT_ID_SIZE 40

int64_t boot_clock_ms(void);
/* Which start of the machine it counts from; "" if the kernel does not say. */
void boot_clock_id(char id[BOOT_ID_SIZE]);

#endif
