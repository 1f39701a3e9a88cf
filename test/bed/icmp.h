/* SPDX-License-Identifier: BSD-3-Clause */
/* An offender, `in`, and the ICMP error about it, `got`, as bytes. */
#ifndef OVNET_BED_ICMP_H
#define OVNET_BED_ICMP_H

#include "bed/guarded.h"
#include "packet/icmp_error.h"

#define ROUTER   (OWN_NET + 1)
#define ROOM     4096u
#define HEADERS4 28u
#define HEADERS6 48u

extern const uint8_t router6[16];
extern const uint8_t pod6[16];
extern const uint8_t far6[16];

struct packet {
	uint8_t b[ROOM];
	uint16_t len;
};

extern struct packet in, got;

void sum4(void);
void put4(uint16_t len);
void put6(uint16_t len);

/* True when there is an error, which is then in `got`. The offender stays as it was. */
bool answered(enum ovnet_icmp what, uint16_t mtu, uint16_t first, uint16_t seg);

void check4(uint8_t type, uint8_t code, uint32_t rest, uint16_t quote);
void check6(uint8_t type, uint8_t code, uint32_t rest, uint16_t quote);
void silent(void);
void speaks(void);

/* Hop-by-hop, routing, destination options, AH, then what `at` says. */
uint16_t put_extensions(uint8_t last);

#endif
