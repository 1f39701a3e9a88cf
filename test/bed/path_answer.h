/* SPDX-License-Identifier: BSD-3-Clause */
/* What the suites of answers and sizes share. */
#ifndef OVNET_BED_PATH_ANSWER_H
#define OVNET_BED_PATH_ANSWER_H

#include "bed/path6.h"

struct bed *open_answering(void);
void feed(struct bed *b, unsigned port, const uint8_t *in, uint16_t len);
uint32_t get(const uint8_t *at, unsigned bytes);
void clear_df(uint8_t *ip);

/* An ICMP error at `e` about the packet `in`. */
void is_error4(const uint8_t *e, uint16_t len, uint8_t type, uint8_t code, uint32_t src,
	uint16_t mtu, const uint8_t *in);

void is_error6(const uint8_t *e, uint16_t len, uint8_t type, uint8_t code,
	const struct ovnet_addr *src, uint32_t mtu, const uint8_t *in);

/* Joins fragments in the port's order, `front` bytes before each; returns the packet's length. */
uint16_t join(struct bed *b, unsigned port, uint16_t front, uint16_t mtu, uint8_t *out);

#endif
