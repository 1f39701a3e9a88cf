// SPDX-License-Identifier: BSD-3-Clause
/*
 * What an AF_XDP uplink takes away from the kernel: unfragmented UDP over IPv4 or IPv6 to
 * our port at one of our addresses, and what goes to our own subnets where the overlay is routed
 * (host-gw, DirectRouting). Everything else passes, and so does what comes by a queue without a
 * socket. Behind an attach port everything is ours, and nothing passes.
 *
 * It does not look behind the UDP port: a packet that is cut short, has no I flag or another
 * VNI is an error the operator wants to see counted, and nobody else in the kernel could
 * use it, since ovnet holds the port there (udp_guard.h).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "port/xdp/ovnet_xdp.h"

#define FRAGMENT 0x3fff /* more fragments, or an offset */

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, OVNET_XDP_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ovnet_xdp_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_XDP_ENTRIES);
	__type(key, __u32);
	__type(value, __u8);
} addrs4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_XDP_ENTRIES);
	__type(key, struct in6_addr);
	__type(value, __u8);
} addrs6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVNET_XDP_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ovnet_xdp_subnet);
	__type(value, __u8);
} subnets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVNET_XDP_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ovnet_xdp_subnet6);
	__type(value, __u8);
} subnets6 SEC(".maps");

/* The destination port is all that is read: a packet cut behind it is a counted drop. */
static __always_inline int is_ours(
	const void *udp, const void *end, const struct ovnet_xdp_config *c)
{
	const __be16 *ports = udp;

	return c->udp_port_be != 0 && (const void *)(ports + 2) <= end &&
	       ports[1] == c->udp_port_be;
}

static __always_inline int takes4(const void *l3, const void *end, const struct ovnet_xdp_config *c)
{
	const struct iphdr *ip = l3;

	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return 0;
	if (c->flags & OVNET_XDP_SUBNETS4) {
		struct ovnet_xdp_subnet key = {.len = 32, .addr_be = ip->daddr};
		if (bpf_map_lookup_elem(&subnets, &key))
			return 1;
	}
	if (ip->protocol != IPPROTO_UDP || (ip->frag_off & bpf_htons(FRAGMENT)))
		return 0;
	if (!is_ours(l3 + ip->ihl * 4, end, c))
		return 0;
	return bpf_map_lookup_elem(&addrs4, &ip->daddr) != 0;
}

static __always_inline int takes6(const void *l3, const void *end, const struct ovnet_xdp_config *c)
{
	const struct ipv6hdr *ip = l3;

	if ((const void *)(ip + 1) > end || ip->version != 6)
		return 0;
	if (c->flags & OVNET_XDP_SUBNETS6) {
		struct ovnet_xdp_subnet6 key = {.len = 128};
		__builtin_memcpy(key.addr, &ip->daddr, sizeof(key.addr));
		if (bpf_map_lookup_elem(&subnets6, &key))
			return 1;
	}
	/* A fragment has another next header, and so does all we do not know. */
	if (ip->nexthdr != IPPROTO_UDP)
		return 0;
	if (!is_ours(ip + 1, end, c))
		return 0;
	return bpf_map_lookup_elem(&addrs6, &ip->daddr) != 0;
}

SEC("xdp")
int ovnet_xdp(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	__u32 zero = 0;
	int takes = 0;

	const struct ovnet_xdp_config *c = bpf_map_lookup_elem(&config, &zero);
	if (c && (c->flags & OVNET_XDP_ALL))
		return bpf_redirect_map(&xsks, ctx->rx_queue_index, XDP_DROP);
	if (!c || (c->udp_port_be == 0 && c->flags == 0) || (const void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		takes = takes4(eth + 1, end, c);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		takes = takes6(eth + 1, end, c);
	return takes ? bpf_redirect_map(&xsks, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char LICENSE[] SEC("license") = "BSD-3-Clause";
