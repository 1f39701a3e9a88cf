/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every reason a packet is refused for, in one table: enum, name (as printed by
 * `ovnetctl drops` and in traces), help. To add one, add a line here; the counter,
 * the CLI row and the man page follow.
 *
 * A reason names what was wrong with the packet or the way, never the code path.
 */
#ifndef OVNET_BASE_DROP_H
#define OVNET_BASE_DROP_H

#define OVNET_DROP_REASONS(X)                                                                    \
	/* either direction */                                                                   \
	X(TRUNCATED, "truncated", "shorter than its own headers say")                            \
	X(NOT_IP, "not-ip", "neither IPv4 nor IPv6 where only IP is carried")                    \
	X(BAD_IP, "bad-ip", "IP version, header length or total length is wrong")                \
	X(NO_HEADROOM, "no-headroom", "no room in the buffer for the outer header")              \
	X(NO_MBUF, "no-mbuf", "the packet pool was empty: raise dpdk.mbufs")                     \
	X(CSUM_STATE, "csum-state", "an unfinished checksum points outside the packet")          \
	X(GSO_STATE, "gso-state",                                                                \
		"an unsegmented packet is not what it is said to be, or may not come that way")  \
	X(TTL_EXCEEDED, "ttl-exceeded", "TTL or hop limit used up where ovnet routes")           \
	X(MARTIAN, "martian", "inner source is loopback, multicast, unspecified or reserved")    \
	/* overlay to underlay */                                                                \
	X(FOREIGN_SOURCE, "foreign-source",                                                      \
		"source address belongs neither to the port nor to this node")                   \
	X(SOURCE_MAC, "source-mac",                                                              \
		"source MAC address is not that of what lives at the source address")            \
	X(BROADCAST, "broadcast", "broadcast or multicast by an attach port")                    \
	X(BAD_NEIGHBOUR, "bad-neighbour", "ARP or neighbour discovery that is malformed")        \
	X(BAD_DHCP, "bad-dhcp", "DHCP or DHCPv6 for ovnet that is malformed")                    \
	X(DHCP_SERVER, "dhcp-server", "DHCP or DHCPv6 server behind an attach port")             \
	X(ROUTER_ADVERT, "router-advertisement",                                                 \
		"router advertisement or redirect by an attach port")                            \
	X(NO_PEER, "no-peer", "no lease covers the destination address")                         \
	X(FAMILY_OFF, "family-off", "this IP version is not part of the overlay")                \
	X(NEIGHBOUR_PENDING, "neighbour-pending", "the next hop's MAC address is not known yet") \
	X(NO_UPLINK, "no-uplink", "the peer has no route through an uplink of ours")             \
	X(OVERSIZE, "oversize", "larger than the MTU of the port it has to leave by")            \
	/* underlay to overlay */                                                                \
	X(NOT_OVERLAY, "not-overlay", "not for the overlay, and no kernel twin to punt it to")   \
	X(OTHER_VLAN, "other-vlan", "no tag, or not that of the uplink's VLAN")                  \
	X(FRAGMENT, "fragment", "outer IP fragments that overlap or make no valid datagram")     \
	X(FRAGMENT_FULL, "fragment-full", "too many outer IP fragments wait for others")         \
	X(FRAGMENT_TIMEOUT, "fragment-timeout",                                                  \
		"the other fragments of an outer datagram did not come within a second")         \
	X(BAD_IP_CSUM, "bad-ip-checksum", "outer (or routed) IPv4 header's checksum is wrong")   \
	X(BAD_UDP, "bad-udp", "outer UDP length does not fit the packet")                        \
	X(BAD_CSUM, "bad-checksum", "outer UDP checksum over IPv6 is wrong")                     \
	X(VXLAN_FLAGS, "vxlan-flags", "VXLAN I flag missing (RFC 7348 section 5)")               \
	X(WRONG_VNI, "wrong-vni", "VXLAN network identifier is not ours")                        \
	X(INNER_MAC, "inner-mac", "inner destination MAC is not our VTEP's")                     \
	X(UNKNOWN_PEER, "unknown-peer", "outer source address holds no lease")                   \
	X(INNER_SOURCE, "inner-source",                                                          \
		"inner source address is not in the sending peer's subnet")                      \
	X(INNER_DEST, "inner-dest", "inner destination is an overlay address that is not ours")  \
	X(MARTIAN_DEST, "martian-dest",                                                          \
		"inner destination is loopback, multicast, unspecified or reserved")             \
	X(ROUTED_MAC, "routed-mac",                                                              \
		"routed packet not from its peer's MAC address, or of a peer behind a router")   \
	X(ECN_ILLEGAL, "ecn-illegal", "outer CE on a packet that is not ECN capable (RFC 6040)") \
	/* leaving */                                                                            \
	X(NO_PORT, "no-port",                                                                    \
		"the port was removed meanwhile, or the node has no host device to send by")     \
	X(TX_FULL, "tx-full", "the port's transmit queue was full")                              \
	X(TX_DOWN, "tx-down", "the port is down")                                                \
	X(TX_REFUSED, "tx-refused", "the port's driver refused the packet")                      \
	X(HANDOFF_FULL, "handoff-full", "the ring to the worker that owns the queue was full")   \
	/* the daemon */                                                                         \
	X(STOPPING, "stopping", "still queued when the worker stopped")

enum ovnet_drop {
#define OVNET_DROP_ENUM(id, name, help) OVNET_DROP_##id,
	OVNET_DROP_REASONS(OVNET_DROP_ENUM)
#undef OVNET_DROP_ENUM
		OVNET_DROP_COUNT
};

/* Static strings; NULL beyond the table. */
const char *ovnet_drop_name(enum ovnet_drop reason);
const char *ovnet_drop_help(enum ovnet_drop reason);

#endif
