/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path_attach.h"

struct ovnet_addr addr_of_who(enum who w, bool v6)
{
	static const uint8_t world6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 8};
	static const uint32_t four[N_WHO] = {ATTACH_POD, OTHER_POD, OWN_POD, PEER_POD, OWN_NET + 1,
		OWN_NET + 255, 0x0a05ee01, 0x08080808};
	static const uint16_t net[N_WHO] = {
		OWN_NET6, OWN_NET6, OWN_NET6, PEER_NET6, OWN_NET6, OWN_NET6, 0xee, 0};
	static const uint16_t number[N_WHO] = {9, 10, 2, 2, 1, 255, 1, 0};

	if (!v6)
		return ovnet_addr_v4(four[w]);
	return w == WORLD ? ovnet_addr_v6(world6) : addr6(net[w], number[w]);
}

void bed_attach_prefix(struct bed *b, const struct ovnet_addr *addr, uint8_t len, uint16_t port,
	const struct ovnet_mac *mac)
{
	struct ovnet_prefix p = {.family = addr->family};

	if (addr->family == AF_INET6) {
		p.v6.len = len;
		memcpy(p.v6.addr, addr->v6, sizeof(addr->v6));
	} else {
		p.v4 = (struct ovnet_prefix4){rte_be_to_cpu_32(addr->v4_be), len};
	}
	bool l3 = b->port[port].port.caps & OVNET_CAP_L3;
	assert_int_equal(ovnet_fib_set_endpoint(b->w, &p, port, l3, mac), 0);
}

struct bed *open_attached(bool host)
{
	struct bed *b = host ? bed_open(1) : bed_open_hostless();

	bed_set_up6(b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct ovnet_addr pod = addr_of_who(POD, v6), other = addr_of_who(OTHER, v6);

		bed_attach_prefix(b, &pod, v6 ? 128 : 32, ATTACH, &pod_mac);
		bed_attach_prefix(b, &other, v6 ? 128 : 32, ATTACH2, &other_mac);
	}
	bed_map(b, (host ? 1 << HOST : 0) | 1 << UPLINK | 1 << ATTACH | 1 << ATTACH2);
	return b;
}

void answer_all(struct bed *b)
{
	memset(&b->ctx.answers, 0, sizeof(b->ctx.answers)); /* no limit */
}

uint16_t put_ip(
	uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint16_t len)
{
	if (src->family == AF_INET6)
		return put_inner6(b, src, dst, 1000, len);
	return put_inner(b, ntohl(src->v4_be), ntohl(dst->v4_be), 1000, len);
}

uint16_t put_framed(
	uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint16_t len)
{
	put_ether(b, &attach_mac, &pod_mac);
	if (src->family == AF_INET6)
		be_put16(b + 12, 0x86dd);
	return (uint16_t)(14 + put_ip(b + 14, src, dst, len));
}

uint8_t *ttl_at(uint8_t *ip)
{
	return ip + (*ip >> 4 == 6 ? 7 : 8);
}

void set_ttl(uint8_t *ip, uint8_t ttl)
{
	*ttl_at(ip) = ttl;
	if (*ip >> 4 == 4)
		put_sum4(ip);
}

uint16_t crosses(struct bed *b, unsigned port, const uint8_t *in, uint16_t len, unsigned out_port,
	uint8_t *out, uint16_t size)
{
	uint64_t drops = bed_drops(b);
	unsigned sent = 0;

	feed(b, port, in, len);
	for (unsigned i = 0; i < OVNET_DROP_COUNT && bed_drops(b) != drops; i++)
		if (b->counters.drops[i] != 0)
			fail_msg("dropped: %s", ovnet_drop_name((enum ovnet_drop)i));
	for (unsigned i = 0; i < N_PORTS; i++)
		sent += b->port[i].n_out;
	assert_int_equal(sent, 1);
	uint16_t n = bed_sent(b, out_port, out, size);
	bed_drain(b);
	return n;
}
