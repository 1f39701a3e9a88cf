/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters in tcpdump's words, as programs for the daemon. */
#ifndef OVNETCTL_EXPRESSION_H
#define OVNETCTL_EXPRESSION_H

#include <jansson.h>

/*
 * For packets as they are at a port, with and without an Ethernet header: {"ether": PROGRAM, "raw":
 * PROGRAM}. What asks for Ethernet headers has none for packets without. NULL: it is wrong, said
 * so.
 */
json_t *expression_outer(const char *text);
/* For the overlay's packet, from its IP header on: PROGRAM. NULL as above. */
json_t *expression_inner(const char *text);

#endif
