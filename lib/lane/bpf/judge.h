/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the lane's programs look up, what is ordinary, and what is counted: the same for all of
 * them, each of which is compiled with it.
 */
#ifndef OVNET_LANE_JUDGE_H
#define OVNET_LANE_JUDGE_H

#include <linux/bpf.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lane/bpf/ovnet_lane.h"

#define NOT_WHOLE 0xbfff /* fragment, or the reserved bit; not DF */
#define SYN       2      /* in TCP's flags */

/* .bss, mapped by the daemon; ovnet_lane.h says how it is written. */
__u8 state;
struct ovnet_lane_config configs[OVNET_LANE_SLOTS];

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVNET_LANE_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ovnet_lane_prefix);
	__type(value, struct ovnet_lane_where);
} where SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVNET_LANE_NEXT_HOPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ovnet_lane_hop);
	__type(value, struct ovnet_lane_eth);
} next_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_LANE_ADDRESSES);
	__type(key, __be32);
	__type(value, __u8);
} addresses SEC(".maps");

/* Not one for each CPU: with many of them and many peers that would be gigabytes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVNET_LANE_PEERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ovnet_lane_count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ovnet_lane_totals);
} totals SEC(".maps");

#define COUNT(what, n)                                                               \
	do {                                                                         \
		const __u32 zero_ = 0;                                               \
		struct ovnet_lane_totals *t_ = bpf_map_lookup_elem(&totals, &zero_); \
		if (t_)                                                              \
			t_->what += (n);                                             \
	} while (0)

static __always_inline __u32 state_now(void)
{
	return *(volatile __u8 *)&state;
}

static __always_inline const struct ovnet_lane_config *config_of(__u32 now)
{
	return &configs[now >> OVNET_LANE_SLOT & (OVNET_LANE_SLOTS - 1)];
}

static __always_inline const struct ovnet_lane_where *where_is(__be32 addr)
{
	const struct ovnet_lane_prefix key = {.len = 32, .addr_be = addr};

	return bpf_map_lookup_elem(&where, &key);
}

static __always_inline int is_host(__be32 addr)
{
	const struct ovnet_lane_where *w = where_is(addr);

	return w && w->kind == OVNET_LANE_HOST;
}

static __always_inline const struct ovnet_lane_where *peer_of(__be32 addr)
{
	const struct ovnet_lane_where *w = where_is(addr);

	return w && w->kind == OVNET_LANE_PEER ? w : NULL;
}

/* No options, no fragment, and as long as it says. */
static __always_inline int is_plain(const struct iphdr *ip, __u32 len)
{
	return ip->version == 4 && ip->ihl == 5 && !(ip->frag_off & bpf_htons(NOT_WHOLE)) &&
	       bpf_ntohs(ip->tot_len) == len;
}

/* What an inner packet is on the wire: one of up to 64 KB is many there. */
struct wire {
	__u32 packets, bytes, largest;
};

static __always_inline int is_echo(struct __sk_buff *skb, __u32 at, __u32 len, struct wire *w)
{
	__u8 type_code[2];

	*w = (struct wire){.packets = 1, .bytes = len, .largest = len};
	if (skb->gso_size || len < 28 || bpf_skb_load_bytes(skb, at + 20, type_code, 2))
		return 0;
	return (type_code[0] == 8 || type_code[0] == 0) && type_code[1] == 0;
}

/* `head` bytes of headers; what has a GSO size will be cut to it. */
static __always_inline struct wire on_wire(struct __sk_buff *skb, __u32 len, __u32 head)
{
	struct wire w = {.packets = 1, .bytes = len, .largest = len};
	const __u32 size = skb->gso_size;

	if (size && len - head > size) {
		w.packets = (len - head + size - 1) / size;
		w.bytes = len + (w.packets - 1) * head;
		w.largest = head + size;
	}
	return w;
}

static __always_inline int is_udp(struct __sk_buff *skb, __u32 at, __u32 len, struct wire *w)
{
	__be16 says;

	if (len < 28 || bpf_skb_load_bytes(skb, at + 24, &says, sizeof(says)) ||
		bpf_ntohs(says) != len - 20)
		return 0;
	*w = on_wire(skb, len, 28);
	return 1;
}

/*
 * Its own header says where the payload begins; one that lies would be cut elsewhere by the kernel
 * than counted and compared with the MTU here.
 */
static __always_inline int is_tcp(struct __sk_buff *skb, __u32 at, __u32 len,
	const struct ovnet_lane_config *c, struct wire *w)
{
	__u8 off_flags[2];

	if (len < 40 || bpf_skb_load_bytes(skb, at + 32, off_flags, 2))
		return 0;
	const __u32 head = 20 + (__u32)(off_flags[0] >> 4) * 4;
	if (head < 40 || head > len || (c->leave_syn && off_flags[1] & SYN))
		return 0;
	*w = on_wire(skb, len, head);
	return 1;
}

/* `at`: where the IP header is. */
static __always_inline int is_ordinary(struct __sk_buff *skb, __u32 at, const struct iphdr *ip,
	const struct ovnet_lane_config *c, struct wire *w)
{
	const __u32 len = skb->len - at;

	if (!is_plain(ip, len))
		return 0;
	if (ip->protocol == IPPROTO_ICMP)
		return is_echo(skb, at, len, w);
	if (ip->protocol == IPPROTO_UDP)
		return is_udp(skb, at, len, w);
	return ip->protocol == IPPROTO_TCP && is_tcp(skb, at, len, c, w);
}

static __always_inline void count_tx(__u32 id, const struct wire *w)
{
	struct ovnet_lane_count *n = bpf_map_lookup_elem(&counts, &id);

	COUNT(tx_packets, w->packets);
	if (!n)
		return;
	__sync_fetch_and_add(&n->tx_packets, w->packets);
	__sync_fetch_and_add(&n->tx_bytes, w->bytes);
}

static __always_inline void count_rx(__u32 id, const struct wire *w)
{
	struct ovnet_lane_count *n = bpf_map_lookup_elem(&counts, &id);

	COUNT(rx_packets, w->packets);
	if (!n)
		return;
	__sync_fetch_and_add(&n->rx_packets, w->packets);
	__sync_fetch_and_add(&n->rx_bytes, w->bytes);
}

/*
 * What the kernel made of several datagrams for a socket that asked for it: the outer header is
 * theirs together, what is inside begins with the first one's.
 */
static __always_inline int is_merged(const struct __sk_buff *skb, __u32 at, const struct iphdr *ip)
{
	const __u32 len = bpf_ntohs(ip->tot_len);

	return skb->gso_size && skb->len - at > len && is_plain(ip, len) &&
	       (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP);
}

static __always_inline int is_for_vtep(const __u16 *eth, const struct ovnet_lane_config *c)
{
	return eth[0] == c->vtep[0] && eth[1] == c->vtep[1] && eth[2] == c->vtep[2] &&
	       eth[6] == bpf_htons(ETH_P_IP);
}

/* NULL: not from a peer of ours, or not to us. `from`: the outer source. */
static __always_inline const struct ovnet_lane_where *sender_of(const struct iphdr *ip, __be32 from)
{
	const struct ovnet_lane_where *peer = peer_of(ip->saddr);

	return peer && peer->public_be == from && is_host(ip->daddr) ? peer : NULL;
}

#endif
