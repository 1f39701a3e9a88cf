/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables with their writer, as the suites of lib/fib start from: CASE() opens and closes them. */
#ifndef OVNET_BED_FIB_H
#define OVNET_BED_FIB_H

#include <string.h>
#include <sys/socket.h>

#include "bed/clock.h"
#include "bed/cmocka.h"
#include "bed/random.h"
#include "fib/fib_writer.h"

#define MAX_PEERS 65536

struct fib_bed {
	struct ovnet_fib fib;
	struct ovnet_rcu rcu;
	struct ovnet_fib_writer *w;
};

extern struct fib_bed bed;

int open_bed(void **state);
int close_bed(void **state);

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_bed, close_bed)

#endif
