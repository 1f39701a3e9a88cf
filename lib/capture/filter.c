/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/filter.h"

#include <string.h>
#include <sys/types.h> /* of libpcap's header */

#include <pcap/bpf.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "fib/fib.h"
#include "packet/meta.h"

#define HEADERS       256 /* what filters look at is in there */
#define SCRATCH_WORDS 16  /* BPF_MEMWORDS */

static_assert(sizeof(struct capture_insn) == sizeof(struct bpf_insn) &&
		      offsetof(struct capture_insn, jt) == offsetof(struct bpf_insn, jt) &&
		      offsetof(struct capture_insn, k) == offsetof(struct bpf_insn, k),
	"libpcap's, but for its header");

/* What bpf_filter() knows: anything else ends the program it runs in, and bpf_validate() lets it
 * by. */
static bool is_known(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_MSH | BPF_B:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_JMP | BPF_JA:
	case BPF_ALU | BPF_NEG:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		return true;
	}
	const unsigned op = BPF_OP(code), rest = code & ~(0xf0u | BPF_X);
	if (rest == BPF_JMP)
		return op == BPF_JEQ || op == BPF_JGT || op == BPF_JGE || op == BPF_JSET;
	return rest == BPF_ALU && op <= BPF_XOR && op != BPF_NEG;
}

/* bpf_validate() allows jumps back, for "protochain": a worker would never come out of them. */
static bool goes_forward(const struct capture_program *p, unsigned i)
{
	const struct capture_insn *in = &p->insn[i];
	const unsigned behind = p->n - i - 1;

	if (BPF_CLASS(in->code) != BPF_JMP)
		return true;
	if (BPF_OP(in->code) == BPF_JA)
		return in->k < behind;
	return in->jt < behind && in->jf < behind;
}

static bool shifts_too_far(const struct capture_insn *in)
{
	return BPF_CLASS(in->code) == BPF_ALU && BPF_SRC(in->code) == BPF_K && in->k >= 32 &&
	       (BPF_OP(in->code) == BPF_LSH || BPF_OP(in->code) == BPF_RSH);
}

/* The words written on every way to an instruction. */
static bool is_tame(const struct capture_program *p)
{
	uint16_t known[CAPTURE_PROGRAM_MAX + 1], here = 0;

	memset(known, 0xff, sizeof(known));
	for (unsigned i = 0; i < p->n; i++) {
		const struct capture_insn *in = &p->insn[i];

		if (!is_known(in->code) || !goes_forward(p, i) || shifts_too_far(in))
			return false;
		here &= known[i];
		switch (BPF_CLASS(in->code)) {
		case BPF_ST:
		case BPF_STX:
			if (in->k >= SCRATCH_WORDS)
				return false;
			here |= (uint16_t)(1u << in->k);
			break;
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(in->code) == BPF_MEM &&
				(in->k >= SCRATCH_WORDS || (here & 1u << in->k) == 0))
				return false;
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_JA) {
				known[i + 1 + in->k] &= here;
			} else {
				known[i + 1 + in->jt] &= here;
				known[i + 1 + in->jf] &= here;
			}
			here = 0xffff;
			break;
		case BPF_RET:
			here = 0xffff;
			break;
		}
	}
	return true;
}

bool capture_program_is_safe(const struct capture_program *p)
{
	struct bpf_insn insns[CAPTURE_PROGRAM_MAX];

	if (p->n == 0 || p->n > CAPTURE_PROGRAM_MAX)
		return false;
	memcpy(insns, p->insn, p->n * sizeof(insns[0]));
	return bpf_validate(insns, p->n) != 0 && is_tame(p);
}

static bool run(const struct capture_program *p, const uint8_t *bytes, uint32_t len, uint32_t n)
{
	return p->n != 0 && bpf_filter((const struct bpf_insn *)p->insn, bytes, len, n) != 0;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static int ethernet_payload(const uint8_t *b, size_t n)
{
	if (n < RTE_ETHER_HDR_LEN)
		return -1;
	size_t at = RTE_ETHER_HDR_LEN;
	unsigned type = get16(b + 12);
	if ((type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ) && n >= at + 4) {
		type = get16(b + at + 2);
		at += 4;
	}
	return type == RTE_ETHER_TYPE_IPV4 || type == RTE_ETHER_TYPE_IPV6 ? (int)at : -1;
}

/* Behind UDP's header to that port, or negative. */
static int udp_payload(const uint8_t *b, size_t n, size_t ip, uint16_t port)
{
	size_t at;

	if (n < ip + 20)
		return -1;
	if (b[ip] >> 4 == 4) {
		at = ip + 4u * (b[ip] & 15);
		if (b[ip + 9] != IPPROTO_UDP || (get16(b + ip + 6) & 0x1fff) != 0)
			return -1;
	} else {
		at = ip + 40;
		if (n < at || b[ip + 6] != IPPROTO_UDP)
			return -1;
	}
	return n >= at + 8 && get16(b + at + 2) == port ? (int)at + 8 : -1;
}

int capture_inner_at(const uint8_t *bytes, size_t n, bool raw, uint16_t tunnel_port, bool vxlan)
{
	int ip = raw ? 0 : ethernet_payload(bytes, n);

	if (ip < 0 || tunnel_port == 0)
		return ip;
	const int payload = udp_payload(bytes, n, (size_t)ip, tunnel_port);
	if (payload < 0)
		return ip;
	if (!vxlan)
		return payload;
	if (n < (size_t)payload + 8)
		return -1;
	const int inner = ethernet_payload(bytes + payload + 8, n - (size_t)payload - 8);
	return inner < 0 ? -1 : payload + 8 + inner;
}

static bool match_inner(const struct capture_filter *f, const struct ovnet_fib_view *view,
	const uint8_t *bytes, uint32_t n, uint32_t len, bool raw)
{
	const struct ovnet_overlay *o = view != NULL ? &view->overlay : NULL;
	const uint16_t port = o != NULL && o->tunnel != OVNET_TUNNEL_NONE ? o->udp_port : 0;
	const int at =
		capture_inner_at(bytes, n, raw, port, o != NULL && o->tunnel == OVNET_TUNNEL_VXLAN);

	return at >= 0 && (uint32_t)at <= n &&
	       run(&f->inner, bytes + at, len - (uint32_t)at, n - (uint32_t)at);
}

bool capture_filter_match(const struct capture_filter *f, const struct ovnet_fib_view *view,
	const struct rte_mbuf *m, bool raw)
{
	uint8_t room[HEADERS];
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t n = m->data_len;

	if (!f->outer && !f->has_inner)
		return true;
	if (m->nb_segs > 1 && n < HEADERS) {
		n = RTE_MIN(m->pkt_len, (uint32_t)HEADERS);
		bytes = rte_pktmbuf_read(m, 0, n, room);
		if (bytes == NULL)
			return false;
	}
	if (f->outer && !run(raw ? &f->raw : &f->ether, bytes, m->pkt_len, n))
		return false;
	return !f->has_inner || match_inner(f, view, bytes, n, m->pkt_len, raw);
}
