/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/af_packet_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>

#define L3       ETH_HLEN
#define FRAGMENT 0x3fff /* more fragments, or an offset */
#define TAKE     0xffffffff

struct program {
	struct sock_filter *code;
	unsigned n;
};

static void op(struct program *p, uint16_t code, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Returns TAKE or 0 unless the comparison holds. */
static void go_on_if(struct program *p, uint16_t jump, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | jump | BPF_K, k, 1, 0);
	op(p, BPF_RET | BPF_K, 0);
}

static void take_if_equal(struct program *p, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	op(p, BPF_RET | BPF_K, TAKE);
}

/* Jumps over what is emitted until land(). */
static unsigned skip(struct program *p)
{
	op(p, BPF_JMP | BPF_JA, 0);
	return p->n - 1;
}

/* Jumps over what is emitted until land() if the accumulator differs from k. */
static unsigned skip_unless(struct program *p, uint32_t k)
{
	/* Equal: over the jump, which land() makes as long as it has to be. */
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0);
	return skip(p);
}

static void land(struct program *p, unsigned from)
{
	p->code[from].k = p->n - from - 1;
}

/* Jumps over what is emitted until land_if() if the accumulator and k have a bit in common. */
static unsigned skip_if_set(struct program *p, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, 0, 0);
	return p->n - 1;
}

/* At most 255 instructions behind it. */
static void land_if(struct program *p, unsigned from)
{
	p->code[from].jt = (uint8_t)(p->n - from - 1);
}

static unsigned count(const struct ovnet_port_filter *f, uint8_t family)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n_addrs; i++)
		n += f->addrs[i].family == family;
	return n;
}

static void udp4(struct program *p, const struct ovnet_port_filter *f)
{
	if (f->udp_port == 0) {
		op(p, BPF_RET | BPF_K, 0);
		return;
	}
	op(p, BPF_LD | BPF_B | BPF_ABS, L3 + 9);
	go_on_if(p, BPF_JEQ, IPPROTO_UDP);
	op(p, BPF_LD | BPF_H | BPF_ABS, L3 + 6);
	unsigned fragment = skip_if_set(p, FRAGMENT); /* whose port may be in another one */
	op(p, BPF_LDX | BPF_B | BPF_MSH, L3);         /* X = header length */
	op(p, BPF_LD | BPF_H | BPF_IND, L3 + 2);
	go_on_if(p, BPF_JEQ, f->udp_port);
	land_if(p, fragment);
	if (f->n_addrs > OVNET_PACKET_FILTER_ADDRS) {
		op(p, BPF_RET | BPF_K, TAKE);
		return;
	}
	op(p, BPF_LD | BPF_W | BPF_ABS, L3 + 16);
	for (unsigned i = 0; i < f->n_addrs; i++)
		if (f->addrs[i].family == AF_INET)
			take_if_equal(p, ntohl(f->addrs[i].v4_be));
	op(p, BPF_RET | BPF_K, 0);
}

static void subnets4(struct program *p, const struct ovnet_port_filter *f)
{
	for (unsigned i = 0; i < f->n_subnets; i++) {
		if (f->subnets[i].family != AF_INET)
			continue;
		op(p, BPF_LD | BPF_W | BPF_ABS, L3 + 16);
		op(p, BPF_ALU | BPF_AND | BPF_K, ovnet_mask4(f->subnets[i].v4.len));
		take_if_equal(p, f->subnets[i].v4.addr_host);
	}
}

static void address6(struct program *p, const struct ovnet_addr *a)
{
	unsigned miss[4];

	for (unsigned w = 0; w < 4; w++) {
		uint32_t word;
		memcpy(&word, a->v6 + 4 * w, sizeof(word));
		op(p, BPF_LD | BPF_W | BPF_ABS, L3 + 24 + 4 * w);
		miss[w] = skip_unless(p, ntohl(word));
	}
	op(p, BPF_RET | BPF_K, TAKE);
	for (unsigned w = 0; w < 4; w++)
		land(p, miss[w]);
}

/* The first `len` bits of the destination. */
static void subnet6(struct program *p, const struct ovnet_prefix6 *s)
{
	unsigned miss[4], n = 0;

	for (unsigned w = 0; w * 32 < s->len; w++) {
		uint8_t bits = s->len - w * 32 < 32 ? (uint8_t)(s->len - w * 32) : 32;
		uint32_t word;
		memcpy(&word, s->addr + 4 * w, sizeof(word));
		op(p, BPF_LD | BPF_W | BPF_ABS, L3 + 24 + 4 * w);
		op(p, BPF_ALU | BPF_AND | BPF_K, ovnet_mask4(bits));
		miss[n++] = skip_unless(p, ntohl(word));
	}
	op(p, BPF_RET | BPF_K, TAKE);
	for (unsigned w = 0; w < n; w++)
		land(p, miss[w]);
}

static void subnets6(struct program *p, const struct ovnet_port_filter *f)
{
	for (unsigned i = 0; i < f->n_subnets; i++)
		if (f->subnets[i].family == AF_INET6)
			subnet6(p, &f->subnets[i].v6);
}

static void udp6(struct program *p, const struct ovnet_port_filter *f)
{
	if (f->udp_port == 0) {
		op(p, BPF_RET | BPF_K, 0);
		return;
	}
	op(p, BPF_LD | BPF_B | BPF_ABS, L3 + 6);
	unsigned whole = skip_unless(p, IPPROTO_FRAGMENT);
	op(p, BPF_LD | BPF_B | BPF_ABS, L3 + 40);
	go_on_if(p, BPF_JEQ, IPPROTO_UDP);
	unsigned fragment = skip(p);
	land(p, whole);
	go_on_if(p, BPF_JEQ, IPPROTO_UDP);
	op(p, BPF_LD | BPF_H | BPF_ABS, L3 + 42);
	go_on_if(p, BPF_JEQ, f->udp_port);
	land(p, fragment);
	/* Thirteen instructions an address: eight of them fit. */
	if (f->n_addrs > OVNET_PACKET_FILTER_ADDRS || count(f, AF_INET6) > 8) {
		op(p, BPF_RET | BPF_K, TAKE);
		return;
	}
	for (unsigned i = 0; i < f->n_addrs; i++)
		if (f->addrs[i].family == AF_INET6)
			address6(p, &f->addrs[i]);
	op(p, BPF_RET | BPF_K, 0);
}

int ovnet_packet_filter(const struct ovnet_port_filter *f, struct sock_filter *code)
{
	struct program p = {.code = code};
	unsigned other;

	if (f->n_subnets > OVNET_PACKET_FILTER_SUBNETS)
		return -E2BIG;
	if (f->udp_port == 0 && f->n_subnets == 0) {
		op(&p, BPF_RET | BPF_K, 0);
		return (int)p.n;
	}
	/* Frames for others (promiscuous mode) and of a VLAN whose tag the kernel keeps aside. */
	op(&p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	go_on_if(&p, BPF_JEQ, PACKET_HOST);
	op(&p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	go_on_if(&p, BPF_JEQ, 0);
	op(&p, BPF_LD | BPF_H | BPF_ABS, 12);
	other = skip_unless(&p, ETH_P_IP);
	subnets4(&p, f);
	udp4(&p, f);
	land(&p, other);
	go_on_if(&p, BPF_JEQ, ETH_P_IPV6);
	subnets6(&p, f);
	udp6(&p, f);
	return (int)p.n;
}
