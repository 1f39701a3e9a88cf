// SPDX-License-Identifier: BSD-3-Clause
/*
 * The kernel lane's programs. What they do not find wholly ordinary they leave alone, so that the
 * workers judge, count and answer it; they decide nothing else.
 *
 *   out  egress of the host device: inner packets get their outer headers and leave by the uplink
 *   in   ingress of an uplink: what is for us and from a peer goes to the lane's vxlan device, by
 *        having its UDP port changed; a pass, which nobody else knows, takes the VNI's place
 *   up   ingress of that device: judged once more, as anybody may send to its port, and handed to
 *        the host device as if that had received it
 *
 * Nothing can go round: what is from a peer is handed to the kernel's IP stack, never sent on from
 * here, and `out` takes only what the host says from its own addresses.
 *
 * No loops, and helpers of Linux 5.13 at most (BPF_F_ADJ_ROOM_ENCAP_L2_ETH is its).
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include "lane/bpf/judge.h"
#include "lane/bpf/ways.h"

/* Not TC_ACT_OK: the filters behind ours, if there are any, have their say. */
#define LEAVE TC_ACT_UNSPEC

#define ECN 3 /* in the TOS */

/* A larger one that is not to be cut may fail halfway, as the kernel makes no room in it. */
#define ONE_PIECE 15000

/* Into more than so many packets smaller than that it is an attack, which the workers refuse. */
#define MANY  128
#define SMALL 88

_Static_assert(offsetof(struct ovnet_lane_outer, pad2) == OVNET_LANE_HEAD + 2, "as on the wire");

/* The peer's 64 bytes, and what differs per packet. */
static __always_inline void fill(struct ovnet_lane_outer *o, const struct ovnet_lane_where *to,
	const struct ovnet_lane_eth *eth, const struct iphdr *ip, __u32 hash,
	const struct ovnet_lane_config *c)
{
	const __u32 len = bpf_ntohs(ip->tot_len) + OVNET_LANE_OVER;
	const __u32 id = bpf_get_prandom_u32() & 0xffff;
	__u32 sum = to->sum + len + id + (ip->tos & ECN);

	*o = to->outer;
	__builtin_memcpy(o->eth, eth->w, sizeof(o->eth));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	o->ip.tos |= ip->tos & ECN;
	o->ip.tot_len = bpf_htons(len);
	o->ip.id = bpf_htons(id);
	o->ip.check = bpf_htons(~sum & 0xffff);
	o->udp.source = bpf_htons(c->src_port_min + (__u32)((__u64)hash * c->src_ports >> 32));
	o->udp.len = bpf_htons(len - sizeof(o->ip));
}

#define ENCAP                                                               \
	(BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |       \
		BPF_F_ADJ_ROOM_ENCAP_L2(14) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | \
		BPF_F_ADJ_ROOM_FIXED_GSO)

/* As by the workers, who make another packet of it: what the host's rules made of it ends here. */
static __always_inline int redirect(struct __sk_buff *skb, __u32 ifindex, __u64 flags)
{
	skb->mark = 0;
	skb->priority = 0;
	return bpf_redirect(ifindex, flags);
}

/* Where making room fails nothing has been changed yet; later it is lost. */
static __always_inline int encapsulate(
	struct __sk_buff *skb, const struct ovnet_lane_outer *o, const struct ovnet_lane_where *to)
{
	if (bpf_skb_adjust_room(skb, OVNET_LANE_OVER, BPF_ADJ_ROOM_MAC, ENCAP))
		return LEAVE;
	if (bpf_skb_change_head(skb, ETH_HLEN, 0) ||
		bpf_skb_store_bytes(skb, 0, o->eth, OVNET_LANE_HEAD, 0)) {
		COUNT(failed, 1);
		return TC_ACT_SHOT;
	}
	return redirect(skb, to->ifindex, 0);
}

SEC("tc")
int ovnet_lane_out(struct __sk_buff *skb)
{
	const __u32 now = state_now();
	const struct ovnet_lane_config *c = config_of(now);
	struct ovnet_lane_outer o;
	struct iphdr ip;
	struct wire w;

	/* With the outer headers it has to fit 16 bits of length. */
	if (!(now & OVNET_LANE_OUT) || skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present ||
		skb->len > (skb->gso_size ? 0xffff - OVNET_LANE_OVER : ONE_PIECE) ||
		bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || !is_ordinary(skb, 0, &ip, c, &w))
		return LEAVE;
	const struct ovnet_lane_where *to = peer_of(ip.daddr);
	if (!to || w.largest > to->mtu || (w.packets > MANY && skb->gso_size < SMALL) ||
		!is_host(ip.saddr))
		return LEAVE;
	const struct ovnet_lane_hop hop = {
		.len = OVNET_LANE_HOP_LEN, .ifindex = to->ifindex, .addr_be = to->next_hop_be};
	const struct ovnet_lane_eth *eth = bpf_map_lookup_elem(&next_hops, &hop);
	if (!eth)
		return LEAVE;
	fill(&o, to, eth, &ip, bpf_get_hash_recalc(skb), c);
	const int verdict = encapsulate(skb, &o, to);
	if (verdict == TC_ACT_REDIRECT)
		count_tx(to->id, &w);
	return verdict;
}

/* Only a glance, as all that the interface receives passes it. Not in one piece: it is copied. */
static __always_inline int may_be_ours(struct __sk_buff *skb, const struct ovnet_lane_config *c)
{
	const void *end = (const void *)(long)skb->data_end;
	const struct iphdr *ip = (const void *)(long)skb->data + ETH_HLEN;
	const struct udphdr *udp = (const void *)(ip + 1);

	if ((const void *)(udp + 1) > end)
		return 1;
	return ip->protocol == IPPROTO_UDP && udp->dest == c->udp_port_be;
}

static __always_inline int is_our_vxlan(
	const struct ovnet_lane_outer *o, const struct ovnet_lane_config *c)
{
	return o->udp.dest == c->udp_port_be &&
	       o->udp.len == bpf_htons(bpf_ntohs(o->ip.tot_len) - sizeof(o->ip)) &&
	       o->vxlan[0] == bpf_htonl(0x08000000) && o->vxlan[1] == c->vni_be;
}

/*
 * Another UDP port, and instead of the VNI the pass. The checksum, where there is one, is changed
 * by as much: their sum stays. From a device that leaves the inner one undone it stays as it is:
 * nobody looks at it then.
 */
static __always_inline int send_up(struct __sk_buff *skb, struct ovnet_lane_outer *o,
	const struct ovnet_lane_config *c, __u32 slot)
{
	const __be32 pass_be = bpf_htonl((c->pass | slot) << 8);
	const __u32 udp = ETH_HLEN + sizeof(struct iphdr),
		    sum = udp + offsetof(struct udphdr, check);
	const int sums = o->udp.check != 0;

	o->udp.dest = c->lane_port_be;
	o->vxlan[1] = pass_be;
	if (bpf_skb_store_bytes(skb, udp + offsetof(struct udphdr, dest), &o->udp.dest,
		    sizeof(o->udp) - offsetof(struct udphdr, dest) + sizeof(o->vxlan),
		    sums ? 0 : BPF_F_RECOMPUTE_CSUM))
		return -1;
	return sums ? bpf_l4_csum_replace(skb, sum, c->udp_port_be, c->lane_port_be,
			      BPF_F_MARK_MANGLED_0 | sizeof(__be16)) ||
			       bpf_l4_csum_replace(skb, sum, c->vni_be, pass_be,
				       BPF_F_MARK_MANGLED_0 | sizeof(__be32))
		    : 0;
}

SEC("tc")
int ovnet_lane_in(struct __sk_buff *skb)
{
	const __u32 now = state_now();
	const struct ovnet_lane_config *c = config_of(now);
	struct ovnet_lane_outer o;
	struct iphdr ip;
	struct wire w;

	if (!(now & OVNET_LANE_IN) || skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present ||
		skb->pkt_type != PACKET_HOST || !may_be_ours(skb, c) ||
		bpf_skb_load_bytes(skb, 0, o.eth, OVNET_LANE_HEAD) ||
		!is_plain(&o.ip, skb->len - ETH_HLEN) || o.ip.protocol != IPPROTO_UDP ||
		!bpf_map_lookup_elem(&addresses, &o.ip.daddr))
		return LEAVE;
	if (!is_our_vxlan(&o, c) || !is_for_vtep(o.inner_eth, c) ||
		bpf_skb_load_bytes(skb, OVNET_LANE_HEAD, &ip, sizeof(ip)) ||
		/* The kernel would drop it (RFC 6040), uncounted. */
		((o.ip.tos & ECN) == ECN && !(ip.tos & ECN)))
		return LEAVE;
	const struct ovnet_lane_where *peer = sender_of(&ip, o.ip.saddr);
	const __u32 ifindex = skb->ifindex, *slot = bpf_map_lookup_elem(&slots, &ifindex);
	if (!peer || !slot)
		return LEAVE;
	if (is_merged(skb, OVNET_LANE_HEAD, &ip)) {
		/* One by one they would get through. */
		if (has_credit(peer->id, *slot) && bpf_ntohs(ip.tot_len) <= c->host_mtu)
			COUNT(merged, 1);
		return LEAVE;
	}
	if (!is_ordinary(skb, OVNET_LANE_HEAD, &ip, c, &w) || w.largest > c->host_mtu ||
		!takes_credit(peer, *slot, ifindex))
		return LEAVE;
	if (send_up(skb, &o, c, *slot)) {
		COUNT(failed, 1);
		return TC_ACT_SHOT;
	}
	COUNT(sent_up, w.packets);
	return LEAVE;
}

/* NULL: it did not come as `in` lets things pass. */
static __always_inline const struct ovnet_lane_where *sender_again(
	struct __sk_buff *skb, const struct ovnet_lane_config *c, struct wire *w, __u32 *slot)
{
	/* Of the length all kernels know; it has to be IPv4. */
	struct bpf_tunnel_key key = {};
	struct {
		__u16 pad;
		__u16 eth[7];
		struct iphdr ip;
	} f;

	if (skb->vlan_present ||
		bpf_skb_get_tunnel_key(
			skb, &key, offsetof(struct bpf_tunnel_key, tunnel_label), 0) ||
		(key.tunnel_id & ~(OVNET_LANE_UPLINKS - 1)) != c->pass ||
		bpf_skb_load_bytes(skb, 0, f.eth, sizeof(f) - 2) || !is_for_vtep(f.eth, c) ||
		!is_ordinary(skb, ETH_HLEN, &f.ip, c, w))
		return NULL;
	*slot = key.tunnel_id & (OVNET_LANE_UPLINKS - 1);
	return sender_of(&f.ip, bpf_htonl(key.remote_ipv4));
}

SEC("tc")
int ovnet_lane_up(struct __sk_buff *skb)
{
	/* Also when the way in is switched off: what `in` has let pass is on its way. */
	const struct ovnet_lane_config *c = config_of(state_now());
	struct wire w;
	__u32 slot;
	const struct ovnet_lane_where *peer = sender_again(skb, c, &w, &slot);

	if (!peer) {
		COUNT(bad, 1);
		return TC_ACT_SHOT;
	}
	COUNT(came_up, w.packets);
	count_rx(peer->id, &w);
	gives_credit(peer->id, slot);
	return redirect(skb, c->host_ifindex, BPF_F_INGRESS);
}

/* Not attached: run once, to see whether this kernel can do what `out` needs. */
SEC("tc")
int ovnet_lane_can(struct __sk_buff *skb)
{
	return bpf_skb_adjust_room(skb, OVNET_LANE_OVER, BPF_ADJ_ROOM_MAC, ENCAP) == 0;
}

char LICENSE[] SEC("license") = "BSD-3-Clause";
