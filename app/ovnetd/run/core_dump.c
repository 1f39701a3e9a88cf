/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/core_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(main)

/*
 * core(5): private and shared memory of no file, ELF headers. Not huge pages (0x20, 0x40): that is
 * the packets, gigabytes of them where NICs are fast, and whose they are is nobody's business.
 */
#define FILTER "0x13"

void core_dump_prepare(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, FILTER, strlen(FILTER)) < 0)
		LOG(DEBUG, "core dumps would hold all memory: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	/* Capabilities of the file, or another user's, have taken that away. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		LOG(DEBUG, "no core dumps: %s", strerror(errno));
}
