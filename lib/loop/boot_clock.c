/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/boot_clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t boot_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
