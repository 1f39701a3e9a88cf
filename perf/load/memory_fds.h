/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps the descriptors of DPDK's memory open while two memif ports share them. */
#ifndef PERF_LOAD_MEMORY_FDS_H
#define PERF_LOAD_MEMORY_FDS_H

#include <stdbool.h>

/* After DPDK's start, before a port's. False: there are too many. */
bool memory_fds_hold(void);
/* Before DPDK's end. */
void memory_fds_release(void);

#endif
