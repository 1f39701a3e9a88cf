/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lib/kernel says and does in a short story, as text: told once of the real kernel
 * (kernel_story_real.c) and once of the fake (test_fake_kernel.c), which have to agree.
 */
#ifndef OVNET_TEST_KERNEL_STORY_H
#define OVNET_TEST_KERNEL_STORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct event_base;

/*
 * What others do to the machine. There are u0 (veth, MTU 1500, 02:00:00:00:77:01, 192.168.77.1/24,
 * fd77::1/64 and no other address), ovnet0 (tun, down) and the loopback.
 */
struct story_world {
	struct event_base *base;
	void (*addr)(const char *dev, const char *addr, bool there);
	/* `dev` NULL: a blackhole; `gateway` NULL: on link; `mtu` 0: the link's. */
	void (*route)(const char *dev, const char *dst, const char *gateway, uint16_t mtu);
	void (*no_route)(const char *dst);
	void (*blackhole_of_ours_gone)(const char *dst);
	/* `mac` NULL: the entry is gone. */
	void (*neigh)(const char *dev, const char *addr, const char *mac);
	void (*up)(const char *dev, bool up);
	void (*mtu)(const char *dev, uint16_t mtu);
	void (*gone)(const char *dev);
	void (*turn)(void); /* what is due is raised */
};

void story_tell(const struct story_world *w, FILE *out);

#endif
