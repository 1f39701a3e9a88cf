/* SPDX-License-Identifier: BSD-3-Clause */
/* Inner packets: what the path may have done to them on their way. */
#ifndef OVNET_FUZZ_PATH_CHECK_H
#define OVNET_FUZZ_PATH_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct fuzz_way {
	/*
	 * The inner IP packet as it came; NULL where that is not known, or was finished or put
	 * together on the way.
	 */
	const uint8_t *in;
	unsigned hops; /* TTL counts down by so many */
	unsigned mtu;  /* where it leaves */
	bool ecn;      /* an outer header's ECN may be in it now */
	bool clamp;    /* the MSS may be lower */
};

/* path_check.c: a packet on its way, or a fragment of it. Returns how much of its payload it is. */
unsigned fuzz_check_forward(const uint8_t *ip, unsigned len, const struct fuzz_way *way);

/* path_icmp.c */
struct fuzz_answer {
	const struct fuzz_way *way; /* of the packet it is about */
	const uint8_t *src;         /* who answers: 4 or 16 bytes; NULL: the far end */
	unsigned ttl;
};
/* An ICMP error. */
void fuzz_check_answer(const uint8_t *ip, unsigned len, const struct fuzz_answer *a);

/* For both: are they the same, but for what may have been done to the latter? */
void fuzz_check_payload(
	const uint8_t *out, const uint8_t *in, unsigned len, const struct fuzz_way *way);
void fuzz_check_header(const uint8_t *out, const uint8_t *in, const struct fuzz_way *way);
/* An IP packet of just `len` bytes. */
void fuzz_check_ip(const uint8_t *ip, unsigned len);
bool fuzz_sum_right(const uint8_t *ip);
/* Of what the IP header carries, all of it, and the pseudo header that is part of it. */
bool fuzz_upper_sum_right(const uint8_t *ip, unsigned proto);

#endif
