/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers of a datagram as it came by a UDP socket: Ethernet without addresses, IP, UDP
 * without a checksum (the kernel has verified it). Private to lib/port.
 */
#ifndef OVNET_PORT_UDP_FRAME_H
#define OVNET_PORT_UDP_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define OVNET_UDP_FRAME_MAX (14 + 40 + 8)

struct ovnet_udp_frame {
	uint8_t bytes[OVNET_UDP_FRAME_MAX];
	uint16_t len;
};

/*
 * `msg` was received with the sender's address and the messages SO_RXQ_OVFL and IP_PKTINFO and
 * IP_RECVTOS, or IPV6_RECVPKTINFO and IPV6_RECVTCLASS; `payload` bytes (at most 65,000) to
 * `port`, host order. False: not for one of our own addresses (broadcast, multicast). *lost is
 * set where SO_RXQ_OVFL tells it.
 */
bool ovnet_udp_frame(struct ovnet_udp_frame *out, const struct msghdr *msg, uint32_t payload,
	uint16_t port, uint32_t *lost);

#endif
