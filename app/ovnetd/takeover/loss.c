/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has lost what while the port changed hands: a packet socket counts what comes to it by each
 * uplink, and from that goes what flannel's device and the kernel lane received. The kernel tells
 * nobody what it drops in between. Outer fragments are counted whichever port they are for.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "port/af_packet_filter.h"
#include "takeover/takeover.h"
#include "underlay/underlay.h"

OVNET_LOG_TYPE(takeover)

static uint64_t taken(const struct takeover *t)
{
	struct ovnet_lane_stats lane;

	kernel_lane_stats(t->lane, &lane);
	return ovnet_flannel_devices_received(t->kernel, &t->found.layout) + lane.rx_packets;
}

static int open_one(uint32_t ifindex, uint16_t port)
{
	struct sock_filter code[OVNET_PACKET_FILTER_MAX];
	const struct ovnet_port_filter filter = {
		.udp_port = port, .n_addrs = OVNET_PACKET_FILTER_ADDRS + 1}; /* whichever it is */
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex};
	int n = ovnet_packet_filter(&filter, code);
	const struct sock_fprog prog = {.len = (unsigned short)n, .filter = code};
	int fd = n < 0 ? -1 : socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ||
			       bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

void takeover_count_begin(struct takeover_count *c, const struct takeover *t)
{
	c->n = 0;
	for (unsigned i = 0; i < t->underlay->n; i++) {
		uint32_t ifindex = t->underlay->uplinks[i].link.ifindex;
		int fd = ifindex != 0 ? open_one(ifindex, t->node->netconf.port) : -1;
		if (fd >= 0)
			c->fd[c->n++] = fd;
		else if (ifindex != 0)
			LOG(INFO, "what is lost by one uplink cannot be counted");
	}
	c->taken = taken(t);
}

uint64_t takeover_count_end(struct takeover_count *c, const struct takeover *t)
{
	uint64_t came = 0, had = taken(t) - c->taken;

	for (unsigned i = 0; i < c->n; i++) {
		struct tpacket_stats s = {0};
		socklen_t len = sizeof(s);
		if (getsockopt(c->fd[i], SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
			came += s.tp_packets; /* those it had no room for, too */
		close(c->fd[i]);
	}
	return came > had ? came - had : 0;
}
