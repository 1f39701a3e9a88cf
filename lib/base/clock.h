/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clocks that nobody sets. For how long something took or is to take; what a file or a person is
 * told is time(). Any thread.
 */
#ifndef OVNET_BASE_CLOCK_H
#define OVNET_BASE_CLOCK_H

#include <stdint.h>

#define BOOT_ID_SIZE 40

/* From some moment on, as long as the machine is awake: as timers and poll() count. */
int64_t monotonic_ns(void);
int64_t monotonic_ms(void);

/* Since the machine started, suspended or not: etcd counts a lease down while we sleep. */
int64_t boot_clock_ms(void);
/* Which start of the machine it counts from; "" if the kernel does not say. */
void boot_clock_id(char id[BOOT_ID_SIZE]);

#endif
