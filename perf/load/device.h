/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK and the two ports: one queue each way, on the one core that does everything. */
#ifndef PERF_LOAD_DEVICE_H
#define PERF_LOAD_DEVICE_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#define DEVICE_QUEUE 1024 /* descriptors, where a device lets itself be told */

struct device_options {
	const char *tx, *rx;   /* devargs; the same: one port for both */
	const char *cpu;       /* of the core */
	const char *prefix;    /* --file-prefix */
	const char *megabytes; /* of memory */
	bool no_huge;
	bool wire;
};

struct devices {
	uint16_t tx, rx;
	struct rte_mempool *pool;
	bool wire; /* a full ring is the wire's pace; else it is the switch's, and what does not fit
		      is lost */
};

/* Starts DPDK and the ports, and waits `seconds` for both links. False: says why. */
bool devices_start(struct devices *d, const struct device_options *o, uint32_t seconds);
void devices_stop(struct devices *d);

#endif
