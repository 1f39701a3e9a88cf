/* SPDX-License-Identifier: BSD-3-Clause */
/* What the suites of the IPv6 tables share. */
#ifndef OVNET_BED_FIB6_H
#define OVNET_BED_FIB6_H

#include "bed/addr6.h"
#include "bed/fib.h"

#define NET48 0xfd05000000000000 /* the upper half of a /48 network */

u128 mask_of(uint8_t len);
struct ovnet_overlay overlay(u128 network, uint8_t len, u128 own, uint8_t own_len);
int set_overlay(u128 network, uint8_t len, u128 own, uint8_t own_len, uint8_t subnet6_len);
int set_peer(u128 addr, uint8_t len, u128 public);
int del_peer(u128 addr, uint8_t len);
/* With a MAC the port carries Ethernet. */
int set_endpoint(u128 addr, uint8_t len, uint16_t port, const struct ovnet_mac *mac);
int del_endpoint(u128 addr, uint8_t len);
const struct ovnet_peer *lookup(u128 addr);

/* The public address of the peer found there; 0: none. */
u128 found(u128 addr);

bool known(u128 addr);

#endif
