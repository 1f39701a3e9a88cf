/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/source_check.h"

#include <sys/socket.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "packet/dpdk_compat.h"

static struct ovnet_addr source_of(const struct rte_mbuf *m)
{
	const void *ip = rte_pktmbuf_mtod(m, const void *);

	if (*(const uint8_t *)ip >> 4 == 6)
		return ovnet_addr_v6(ovnet_ip6_src(ip));
	return (struct ovnet_addr){
		.family = AF_INET, .v4_be = ((const struct rte_ipv4_hdr *)ip)->src_addr};
}

static struct ovnet_addr dest_of(const void *ip)
{
	if (*(const uint8_t *)ip >> 4 == 6)
		return ovnet_addr_v6(ovnet_ip6_dst(ip));
	return (struct ovnet_addr){
		.family = AF_INET, .v4_be = ((const struct rte_ipv4_hdr *)ip)->dst_addr};
}

static struct ovnet_addr outer_source(const struct ovnet_meta *meta)
{
	if (meta->src_version == 6)
		return ovnet_addr_v6(meta->src6);
	return (struct ovnet_addr){.family = AF_INET, .v4_be = meta->src_be};
}

/*
 * RFC 1122 section 3.2.1.3, RFC 4291 section 2: no source of a packet between hosts, and as
 * destinations not the overlay's: it carries no multicast. IPv4-mapped
 * and -compatible ones are none on any wire (RFC 4038 section 4.2), the unspecified and the
 * loopback address among them.
 */
static bool is_martian(const struct ovnet_addr *a)
{
	static const uint8_t zero[10];

	if (a->family == AF_INET) {
		uint32_t first = rte_be_to_cpu_32(a->v4_be) >> 24;

		return first == 0 || first == 127 || first >= 224;
	}
	if (a->v6[0] == 0xff)
		return true;
	return memcmp(a->v6, zero, sizeof(zero)) == 0 &&
	       ((a->v6[10] == 0 && a->v6[11] == 0) || (a->v6[10] == 0xff && a->v6[11] == 0xff));
}

/* What strict validation says of it, made what the mode makes of that. */
static int by_mode(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, int why)
{
	if (why == PASS || ctx->view->overlay.validation == OVNET_VALIDATE_STRICT)
		return why;
	if (ctx->view->overlay.validation == OVNET_VALIDATE_PERMISSIVE)
		ovnet_permit(ctx, m, (enum ovnet_drop)why);
	return PASS;
}

/* Is the source in a prefix some rule of a sender of that kind lists? */
static bool listed_by(const struct ovnet_fib *fib, const struct ovnet_addr *inner,
	bool (*sender)(const struct ovnet_fib *fib, const struct ovnet_addr *addr))
{
	const struct ovnet_ingress *in = atomic_load_explicit(&fib->ingress, memory_order_acquire);

	for (uint32_t i = 0; in != NULL && i < in->n_rules; i++)
		if (ovnet_prefix_contains(&in->rule[i].inner, inner) &&
			sender(fib, &in->rule[i].outer))
			return true;
	return false;
}

static int tunnelled(
	const struct ovnet_fib *fib, const struct ovnet_meta *meta, const struct ovnet_addr *inner)
{
	const struct ovnet_addr outer = outer_source(meta);

	if (ovnet_fib_listed(fib, &outer, inner))
		return PASS;
	if (!ovnet_fib_is_source(fib, &outer))
		return OVNET_DROP_UNKNOWN_PEER;
	/* A peer's host may speak for itself, though its address is not in its subnet. */
	return ovnet_addr_equal(inner, &outer) ? PASS : OVNET_DROP_INNER_SOURCE;
}

/*
 * Without an outer header nothing but the link says who sent it. A source inside a lease's subnet
 * comes from that peer's next hop (decap has looked at the MAC address), and only of a peer we
 * route to as well; the peers' own addresses and listed ones are taken from anybody on the link, as
 * the kernel would.
 */
static int routed(struct ovnet_path_ctx *ctx, const struct ovnet_meta *meta,
	const struct ovnet_peer *peer, const struct ovnet_addr *inner)
{
	const struct ovnet_fib *fib = &ctx->shared->fib;

	if (peer == NULL)
		return ovnet_fib_is_source(fib, inner) || listed_by(fib, inner, ovnet_fib_is_source)
			       ? PASS
			       : OVNET_DROP_UNKNOWN_PEER;
	if (peer->nh == NULL)
		return OVNET_DROP_NO_UPLINK;
	const struct ovnet_nexthop *nh = ovnet_nh_get(peer->nh);
	/* It may have us on its link though we go by a router: its MAC address is not known. */
	if (peer->encap != OVNET_ENCAP_DIRECT || nh->port != meta->in_port)
		return ctx->view->overlay.asymmetric ? PASS : OVNET_DROP_ROUTED_MAC;
	/* Not the sender's fault: what it has to look like is not known yet. */
	return nh->resolved ? OVNET_DROP_ROUTED_MAC : OVNET_DROP_NEIGHBOUR_PENDING;
}

int ovnet_source_check_peer(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct ovnet_peer *peer)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_addr inner = source_of(m);

	if (is_martian(&inner))
		return OVNET_DROP_MARTIAN;
	if (ctx->view->overlay.validation == OVNET_VALIDATE_OFF)
		return PASS;
	return by_mode(ctx, m,
		meta->encap == OVNET_ENCAP_DIRECT ? routed(ctx, meta, peer, &inner)
						  : tunnelled(&ctx->shared->fib, meta, &inner));
}

int ovnet_source_check_host(struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_fib *fib = &ctx->shared->fib;
	const struct ovnet_addr inner = source_of(m);

	if (is_martian(&inner))
		return OVNET_DROP_MARTIAN;
	if (ovnet_fib_is_local(fib, &inner) || listed_by(fib, &inner, ovnet_fib_is_local))
		return PASS;
	return by_mode(ctx, m, OVNET_DROP_FOREIGN_SOURCE);
}

int ovnet_source_check_across(const struct rte_mbuf *m)
{
	const struct ovnet_addr inner = source_of(m);

	return is_martian(&inner) ? OVNET_DROP_MARTIAN : PASS;
}

int ovnet_source_check_attached(const struct rte_mbuf *m)
{
	const struct ovnet_addr inner = source_of(m);

	return is_martian(&inner) ? OVNET_DROP_MARTIAN : OVNET_DROP_FOREIGN_SOURCE;
}

bool ovnet_dest_is_group(const void *ip)
{
	const struct ovnet_addr dest = dest_of(ip);

	if (dest.family == AF_INET6)
		return dest.v6[0] == 0xff;
	uint32_t first = rte_be_to_cpu_32(dest.v4_be) >> 24;
	return (first >= 224 && first < 240) || dest.v4_be == UINT32_MAX;
}

int ovnet_dest_check(const void *ip)
{
	const struct ovnet_addr dest = dest_of(ip);

	return is_martian(&dest) ? OVNET_DROP_MARTIAN_DEST : PASS;
}
