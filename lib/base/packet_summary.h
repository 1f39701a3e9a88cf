/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's headers in a line for people, printable. What packets say is anybody's: nothing is
 * believed. Any thread.
 */
#ifndef OVNET_BASE_PACKET_SUMMARY_H
#define OVNET_BASE_PACKET_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_SUMMARY_SIZE 256

/*
 * "10.5.1.2 > 10.5.2.3 icmp echo request"; of a tunnel both packets. `raw`: the bytes, the packet's
 * first `n`, begin with the IP header, otherwise with the Ethernet header. `text` has
 * PACKET_SUMMARY_SIZE bytes. Returns it.
 */
const char *packet_summary(const uint8_t *bytes, size_t n, bool raw, char *text);

#endif
