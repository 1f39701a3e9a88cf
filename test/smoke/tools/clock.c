/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a daemon: its wall clock is off by as many seconds as the file $OVNET_CLOCK says,
 * a 64-bit number in the machine's own order, at any moment. Time that only counts up is left
 * alone, as it is when somebody sets a machine's clock.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off_by;

static void __attribute__((constructor)) open_file(void)
{
	const char *path = getenv("OVNET_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd >= 0 ? mmap(NULL, sizeof(*off_by), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (p == MAP_FAILED) {
		perror("OVNET_CLOCK");
		_exit(1);
	}
	close(fd);
	off_by = p;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, out);

	/* Others may ask before we are ready. */
	if (rc == 0 && clock == CLOCK_REALTIME && off_by != NULL)
		out->tv_sec += *off_by;
	return rc;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	*out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
