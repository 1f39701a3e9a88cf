/* SPDX-License-Identifier: BSD-3-Clause */
/* The path's bed with a table for fragments. frag_close() frees it. */
#ifndef OVNET_BED_FRAGMENTS_H
#define OVNET_BED_FRAGMENTS_H

#include "bed/path.h"
#include "path/fragments.h"

#define HEADERS  34 /* Ethernet, IPv4 */
#define INNER    1400
#define MAX_HELD 100
#define MORE     0x2000
#define PAYLOAD  (INNER + 30) /* of the outer IPv4 header */
#define OTHER_IP 0x0aa80063u  /* no lease */

extern uint8_t whole[2048]; /* the datagram of every case */

struct bed *frag_bed(bool exclusive);

/* Nothing waits any more, nothing is lost on the way: what came in is sent, dropped or absorbed. */
void frag_close(struct bed *b);

/* Bytes `from` to `to` of the outer payload, both of them multiples of 8 unless it is the last. */
uint16_t cut(uint8_t *out, uint16_t from, uint16_t to, bool more);

void arrive(struct bed *b, const uint8_t *bytes, uint16_t len, uint16_t seg);
void piece(struct bed *b, uint16_t from, uint16_t to);
void is_delivered(struct bed *b);
void later(struct bed *b);

#endif
