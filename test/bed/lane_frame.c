/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lane_frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

const uint8_t lane_echo_reply[LANE_INNER] = {0x45, 2, 0, LANE_INNER, 0, 1, 0, 0, 64, 1, 0, 0, 10, 5,
	2, 5, 10, 5, 1, 5, 0, 0, 0xff, 0xff};
const uint8_t lane_tcp_ack[LANE_INNER] = {0x45, 2, 0, LANE_INNER, 0, 1, 0, 0, 64, 6, 0, 0, 10, 5, 2,
	5, 10, 5, 1, 5, 0x20, 0, 0x20, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10};
static const uint8_t head[64] = {2, 0, 0, 0, 0x77, 1, 2, 0, 0, 0, 0x77, 2, 8, 0, /* Ethernet */
	0x45, 0, 0, 50 + LANE_INNER, 0, 1, 0, 0, 64, 17, 0, 0, 192, 168, 77, 2, 192, 168, 77, 1,
	0x9c, 0x40, LANE_OVERLAY >> 8, LANE_OVERLAY & 255, 0, 30 + LANE_INNER, 0, 0, /* UDP */
	8, 0, 0, 0, 0, 0, LANE_VNI, 0,                                               /* VXLAN */
	2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 2, 2, 8, 0};

void lane_put_sum(uint8_t *ip)
{
	uint32_t sum = 0;

	ip[10] = ip[11] = 0;
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* Waits until the sums are those. */
void lane_wait(const struct lane_bed *b, const struct ovnet_lane_stats *want, const char *what)
{
	struct ovnet_lane_stats s = lane_stats(b);

	for (unsigned i = 0; i < 1000 && memcmp(&s, want, sizeof(s)) != 0; i++) {
		usleep(5000);
		s = lane_stats(b);
	}
	if (memcmp(&s, want, sizeof(s)) != 0)
		fail_msg("%s: tx %lu (%lu) rx %lu (%lu) up %lu (%lu) bad %lu (%lu)", what,
			s.tx_packets, want->tx_packets, s.rx_packets, want->rx_packets, s.sent_up,
			want->sent_up, s.bad, want->bad);
}

/* By hand into an interface: frames, or packets where it has no Ethernet. */
void lane_inject(const char *iface, bool frames, const uint8_t *data, size_t len)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	int fd = socket(AF_PACKET, frames ? SOCK_RAW : SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	at.sll_ifindex = (int)if_nametoindex(iface);
	assert_int_equal(
		sendto(fd, data, len, 0, (struct sockaddr *)&at, sizeof(at)), (ssize_t)len);
	close(fd);
}

void lane_inject_far(struct lane_bed *b, const uint8_t *frame, size_t len)
{
	lane_go(b, true);
	lane_inject("p0", true, frame, len);
	lane_go(b, false);
}

void lane_frame(uint8_t f[LANE_FRAME], const uint8_t *inner)
{
	memcpy(f, head, sizeof(head));
	memcpy(f + 64, inner, LANE_INNER);
	lane_frame_sums(f);
}

void lane_frame_sums(uint8_t f[LANE_FRAME])
{
	lane_put_sum(f + 14);
	lane_put_sum(f + 64);
}
