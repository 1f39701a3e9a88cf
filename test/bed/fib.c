/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fib.h"

struct fib_bed bed;

int open_bed(void **state)
{
	(void)state;
	memset(&bed, 0, sizeof(bed));
	if (ovnet_rcu_init(&bed.rcu, 4) != 0)
		return -1;
	bed.w = ovnet_fib_writer_new(&bed.fib, &bed.rcu, MAX_PEERS);
	return bed.w == NULL ? -1 : 0;
}

int close_bed(void **state)
{
	(void)state;
	ovnet_fib_writer_free(bed.w);
	ovnet_rcu_fini(&bed.rcu);
	return 0;
}
