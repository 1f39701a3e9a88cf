/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node and its peer for the suites on the kernel: the process moves into a network namespace
 * of its own, a child holds the peer's; u0 here and p0 there are the two ends of a veth. Of one
 * case, made by lab_setup(); lab_teardown() frees it and removes devices and routes.
 */
#ifndef OVNET_BED_KERNEL_H
#define OVNET_BED_KERNEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "bed/cmocka.h"
#include "kernel/internal.h"

struct lab {
	pid_t peer;
	struct event_base *base;
	struct ovnet_kernel *k;
	uint32_t u0;
	/* what the callbacks saw */
	unsigned neighbour_calls, route_calls, addrs_calls, link_calls, resync_calls;
	bool neighbour_known;
	struct ovnet_mac mac;
	struct ovnet_addr addr;
	struct ovnet_link link; /* the last one of u0 */
};

__attribute__((format(printf, 1, 2))) int try_sh(const char *fmt, ...);

#define sh(...)      assert_int_equal(try_sh(__VA_ARGS__), 0)
#define peer(l, ...) peer_sh(l, __VA_ARGS__)
#define peer_sh(l, fmt, ...) \
	assert_int_equal(try_sh("nsenter -t %d -n " fmt, (int)(l)->peer, ##__VA_ARGS__), 0)

void run_for(struct lab *l, unsigned ms);

/* Runs the loop until `cond` holds; fails the test after `seconds`. */
#define run_until(l, cond, seconds)                                              \
	do {                                                                     \
		time_t deadline_ = time(NULL) + (seconds) + 1;                   \
		while (event_base_loop((l)->base, EVLOOP_NONBLOCK), !(cond)) {   \
			if (time(NULL) > deadline_)                              \
				fail_msg("not within %d s: %s", seconds, #cond); \
			usleep(5000);                                            \
		}                                                                \
	} while (0)

/* The answer comes at once when the peer's reply is quick, otherwise by the callback. */
void want_resolved(struct lab *l, const struct ovnet_addr *addr, struct ovnet_mac *mac);

struct ovnet_addr ip(const char *text);
struct ovnet_prefix net(const char *text);
int lab_setup(void **state);
int lab_teardown(void **state);

/* 0, or 77 when the suite cannot run here. */
int netns_enter(void);

#endif
