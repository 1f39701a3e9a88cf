/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables with their writer, as the suites of lib/fib start from. */
#ifndef OVNET_TEST_FIB_BED_H
#define OVNET_TEST_FIB_BED_H

#include <string.h>
#include <time.h>

#include "fib/fib_writer.h"

#define MAX_PEERS 65536

struct bed {
	struct ovnet_fib fib;
	struct ovnet_rcu rcu;
	struct ovnet_fib_writer *w;
};

static struct bed bed;

static int open_bed(void **state)
{
	(void)state;
	memset(&bed, 0, sizeof(bed));
	if (ovnet_rcu_init(&bed.rcu, 4) != 0)
		return -1;
	bed.w = ovnet_fib_writer_new(&bed.fib, &bed.rcu, MAX_PEERS);
	return bed.w == NULL ? -1 : 0;
}

static int close_bed(void **state)
{
	(void)state;
	ovnet_fib_writer_free(bed.w);
	ovnet_rcu_fini(&bed.rcu);
	return 0;
}

static inline uint32_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*s >> 33);
}

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_bed, close_bed)

#endif
