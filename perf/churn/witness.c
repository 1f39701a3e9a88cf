/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Was a CPU away from the thread that has it for its own? Prints each time it was, for longer than
 * AWAY_US, a line of JSON: {"at_s": by CLOCK_MONOTONIC, when it was back, "us": for how long,
 * "why": ...}.
 *
 * Runs on that CPU before all others (SCHED_FIFO, set here) and looks every PERIOD_US for some
 * microseconds: a longer absence than that cannot be missed.
 * - "machine": woken too late. The virtual machine's CPU was somebody else's, or the kernel's.
 * - "others": the thread was ready to run and another one of this machine had its CPU. A thread
 * that sleeps or waits for a lock is not ready: that is its own doing, and no excuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_US 500
#define AWAY_US   100

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int failed(const char *what)
{
	fprintf(stderr, "witness: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

/* How long the thread was ready and did not run, so far. UINT64_MAX: it is no more. */
static uint64_t waited_ns(int schedstat)
{
	char text[128];
	uint64_t ran, waited;
	ssize_t n = pread(schedstat, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return UINT64_MAX;
	text[n] = '\0';
	return sscanf(text, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2 ? waited : UINT64_MAX;
}

static void say(uint64_t at, uint64_t ns, const char *why)
{
	if (ns > AWAY_US * 1000)
		printf("{\"at_s\": %.6f, \"us\": %.1f, \"why\": \"%s\"}\n", (double)at / 1e9,
			(double)ns / 1e3, why);
}

static int watch(int schedstat)
{
	uint64_t due = now_ns(), waited = waited_ns(schedstat), worked = 0;

	while (waited != UINT64_MAX) {
		due += PERIOD_US * 1000;
		struct timespec t = {(time_t)(due / 1000000000), (long)(due % 1000000000)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		uint64_t now = now_ns(), so_far = waited_ns(schedstat);
		if (so_far == UINT64_MAX)
			break;
		say(now, now > due ? now - due : 0, "machine");
		/* It waits for this process as well. */
		uint64_t others = so_far - waited;
		say(now, others > worked ? others - worked : 0, "others");
		waited = so_far;
		due = now > due + PERIOD_US * 1000 ? now : due;
		worked = now_ns() - now;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const struct sched_param first = {.sched_priority = 50};
	char path[64];
	cpu_set_t cpu;

	if (argc != 3) {
		fprintf(stderr, "usage: witness CPU THREAD\n");
		return 2;
	}
	CPU_ZERO(&cpu);
	CPU_SET((unsigned)strtoul(argv[1], NULL, 10), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) < 0)
		return failed("the CPU");
	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
		return failed("SCHED_FIFO");
	snprintf(path, sizeof(path), "/proc/%s/schedstat", argv[2]);
	int schedstat = open(path, O_RDONLY | O_CLOEXEC);
	if (schedstat < 0)
		return failed(path);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return watch(schedstat);
}
