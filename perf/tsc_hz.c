/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the TSC's rate, by the kernel's clock: the unit of every "cycles" the benchmarks print. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <rte_cycles.h>

#define MEASURE_NS ((int64_t)NS_PER_S / 10)

static int64_t now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC_RAW, &t) != 0)
		return -1;
	return t.tv_sec * (int64_t)NS_PER_S + t.tv_nsec;
}

/* 0: the clock cannot be read. */
static uint64_t hz_once(void)
{
	const struct timespec wait = {.tv_nsec = MEASURE_NS};
	int64_t from = now_ns();
	uint64_t tsc = rte_rdtsc_precise();

	nanosleep(&wait, NULL); /* woken early it is as good */
	int64_t to = now_ns();
	tsc = rte_rdtsc_precise() - tsc;
	if (from < 0 || to <= from)
		return 0;
	return (uint64_t)((double)tsc * NS_PER_S / (double)(to - from));
}

static uint64_t middle(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

int main(void)
{
	uint64_t hz = middle(hz_once(), hz_once(), hz_once());

	if (hz == 0) {
		fprintf(stderr, "tsc_hz: the kernel's clock does not move\n");
		return 1;
	}
	printf("%" PRIu64 "\n", hz);
	return 0;
}
