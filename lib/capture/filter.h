/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets somebody wants to see: programs of classic BPF, as libpcap compiles them from what
 * tcpdump takes. They come from outside: none runs before it was found to end, to read nothing but
 * the packet, and no scratch memory it has not written.
 *
 * Threads: made by the control thread, then read by workers.
 */
#ifndef OVNET_CAPTURE_FILTER_H
#define OVNET_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_PROGRAM_MAX 512 /* instructions */

struct ovnet_fib_view;
struct rte_mbuf;

struct capture_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

/* n 0: none. */
struct capture_program {
	uint16_t n;
	struct capture_insn insn[CAPTURE_PROGRAM_MAX];
};

struct capture_filter {
	bool outer;     /* `ether` and `raw` ask: each for packets that begin so; none: no match */
	bool has_inner; /* `inner` asks: about the packet in the tunnel, from its IP header on */
	struct capture_program ether, raw, inner;
};

/* False: it must not run. */
bool capture_program_is_safe(const struct capture_program *p);

/* `view`: what the overlay's tunnel is, NULL: there is none. */
bool capture_filter_match(const struct capture_filter *f, const struct ovnet_fib_view *view,
	const struct rte_mbuf *m, bool raw);

/*
 * Where in a packet's first `n` bytes the overlay's packet begins, with its IP header: that in the
 * tunnel, if it is one of the overlay's; otherwise the packet itself. Negative: nowhere.
 */
int capture_inner_at(const uint8_t *bytes, size_t n, bool raw, uint16_t tunnel_port, bool vxlan);

#endif
