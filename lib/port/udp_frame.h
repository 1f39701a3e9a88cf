/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers of a datagram as it came by a UDP socket: Ethernet without addresses, IP, UDP
 * without a checksum (the kernel has verified it). Private to lib/port.
 */
#ifndef OVNET_PORT_UDP_FRAME_H
#define OVNET_PORT_UDP_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define OVNET_UDP_FRAME_MAX (14 + 40 + 8)

/* What the messages beside a datagram say of it. */
struct ovnet_udp_arrival {
	uint8_t family; /* of IP; 0: not told, or not for one of our own addresses */
	uint8_t tos;
	uint16_t segment; /* UDP_GRO: bytes of each datagram but the last; 0: it is one */
	in_port_t sport;  /* network order */
	struct in_addr src4, dst4;
	struct in6_addr src6, dst6;
};

struct ovnet_udp_frame {
	uint8_t bytes[OVNET_UDP_FRAME_MAX];
	uint16_t len;
};

/*
 * `msg` was received with the sender's address and the messages IP_PKTINFO and IP_RECVTOS,
 * IPV6_RECVPKTINFO and IPV6_RECVTCLASS; by a socket of both families with all of them. False: not
 * for one of our own addresses (broadcast, multicast). *lost is set where SO_RXQ_OVFL tells it.
 */
bool ovnet_udp_arrival(struct ovnet_udp_arrival *out, const struct msghdr *msg, uint32_t *lost);

/* Headers of `payload` bytes (at most 65,000) to `port`, host order. */
void ovnet_udp_frame(struct ovnet_udp_frame *out, const struct ovnet_udp_arrival *from,
	uint32_t payload, uint16_t port);

#endif
