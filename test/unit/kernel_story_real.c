/* SPDX-License-Identifier: BSD-3-Clause */
/* The story of lib/kernel as the real kernel has it, in a namespace of its own. */
#include "bed/kernel.h"
#include "unit/kernel_story.h"

static struct lab *lab;

static void addr(const char *dev, const char *addr, bool there)
{
	sh("ip addr %s %s dev %s", there ? "add" : "del", addr, dev);
}

static void route(const char *dev, const char *dst, const char *gateway, uint16_t mtu)
{
	const char *v6 = strchr(dst, ':') != NULL ? "-6" : "-4";
	char via[80] = "", metric[32] = "";

	if (gateway != NULL)
		snprintf(via, sizeof(via), "via %s", gateway);
	if (mtu != 0)
		snprintf(metric, sizeof(metric), "mtu %u", mtu);
	if (dev == NULL)
		sh("ip %s route add blackhole %s", v6, dst);
	else
		sh("ip %s route add %s %s dev %s %s", v6, dst, via, dev, metric);
}

static void no_route(const char *dst)
{
	sh("ip route del %s", dst);
}

static void blackhole_of_ours_gone(const char *dst)
{
	sh("ip route del blackhole %s proto 111", dst);
}

static void neigh(const char *dev, const char *addr, const char *mac)
{
	if (mac != NULL)
		sh("ip neigh replace %s lladdr %s dev %s nud permanent", addr, mac, dev);
	else
		sh("ip neigh del %s dev %s", addr, dev);
}

static void up(const char *dev, bool up)
{
	sh("ip link set %s %s", dev, up ? "up" : "down");
}

static void mtu(const char *dev, uint16_t mtu)
{
	sh("ip link set %s mtu %u", dev, mtu);
}

static void gone(const char *dev)
{
	sh("ip link del %s", dev);
}

/* Longer than changes are folded; what happened is in the sockets before. */
static void turn(void)
{
	run_for(lab, 150);
}

int main(void)
{
	const struct story_world w = {
		NULL, addr, route, no_route, blackhole_of_ours_gone, neigh, up, mtu, gone, turn};
	int skip = netns_enter();

	if (skip != 0)
		return skip;
	FILE *story = fdopen(dup(STDOUT_FILENO), "w");
	void *state;
	if (story == NULL || lab_setup(&state) != 0)
		return 1;
	lab = state;
	sh("ip link set u0 addrgenmode none address 02:00:00:00:77:01");
	sh("ip -6 addr flush dev u0 scope link");
	sh("ip tuntap add dev ovnet0 mode tun");
	struct story_world here = w;
	here.base = lab->base;
	story_tell(&here, story);
	lab_teardown(&state);
	return fclose(story) == 0 ? 0 : 1;
}
