/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Of these clocks, it cannot fail. */
static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t monotonic_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t boot_clock_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000;
}

void boot_clock_id(char id[BOOT_ID_SIZE])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	id[0] = '\0';
	if (f == NULL)
		return;
	if (fgets(id, BOOT_ID_SIZE, f) == NULL)
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	fclose(f);
}
