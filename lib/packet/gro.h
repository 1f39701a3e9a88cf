/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other way round: packets of one TCP or UDP flow made one that is to be cut into just these,
 * for a port that takes such ones whole. By the rules of Linux's tcp_gro_receive() and
 * udp_gro_receive(). The packets' owner only.
 */
#ifndef OVNET_PACKET_GRO_H
#define OVNET_PACKET_GRO_H

#include "packet/gso.h"

/* Beside OVNET_OFF_GSO in what a port takes: TCP with CWR in its first segment. */
#define OVNET_GRO_ECN 0x10

/*
 * Packets as they leave, their l3_len set, the rest of them in front of IP; takes[i]: what the port
 * takes that pkts[i] leaves by (OVNET_OFF_GSO, OVNET_GRO_ECN), 0: nothing. Merges in place: a
 * packet stands where its first one stood, so that flows stay in order. Returns how many are left.
 *
 * Those that belong together follow each other in their flow with nothing else of it between: the
 * same headers but for lengths, identification, sequence and checksums; as much payload as the
 * first, the last one maybe less; nothing undone. IPv4 identifications count up, or are all the
 * same where DF is set. Of flags TCP has ACK and ECE, CWR in the first, PSH and FIN in the last
 * one.
 *
 * Their checksums, IPv4's and the upper one, are verified before: one that is wrong leaves as it
 * came, for the receiver to see, never as a part of what is "to be summed up".
 */
uint16_t ovnet_gro_merge(
	struct rte_mbuf **pkts, uint16_t n, const uint8_t *takes, ovnet_sum_fn *sum);

#endif
