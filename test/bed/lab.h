/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network namespace, an EAL and a packet pool for tests of the ports. Everything in the
 * namespace goes with the process; sockets and packets are the caller's to close and free.
 */
#ifndef OVNET_BED_LAB_H
#define OVNET_BED_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed/cmocka.h"
#include "packet/meta.h"
#include "port/port.h"

#define LAB_SKIP 77 /* meson: skipped */

extern struct rte_mempool *lab_pool;

/* Runs a program to its end; its exit status. */
int lab_run(const char *const *argv);

#define lab(...) assert_int_equal(lab_run((const char *const[]){__VA_ARGS__, NULL}), 0)

void lab_enter(void);

/* veth NAME, ours, with 10.9.0.1/24 and fd09::1/64, and NAMEp, the peer's end. */
void lab_veth(const char *name, const char *peer);

/*
 * A process with a network namespace of its own, which has the interface from now on; `pid` is its
 * number as text, for nsenter. What is in there goes with it.
 */
pid_t lab_container(const char *iface, char *pid, size_t size);
void lab_container_end(pid_t container);

/* A raw socket that sees what arrives at an interface, and sends by it. */
int lab_raw(const char *iface);

void lab_mac(const char *iface, uint8_t *mac);
int lab_udp4(const char *addr, uint16_t port);
int lab_udp6(const char *addr, uint16_t port);
bool lab_readable(int fd, int timeout_ms);

/* Whether a datagram with this text comes; others are thrown away. */
bool lab_receives(int fd, const char *text, int timeout_ms);

uint16_t lab_sum(const void *data, size_t len);

struct lab_packet {
	uint8_t src_mac[6], dst_mac[6];
	const char *src, *dst;
	uint16_t port;
	uint16_t frag;   /* as in the IPv4 header, host order */
	uint8_t options; /* IPv4: words of no-operation */
	uint16_t vlan;   /* 0: untagged */
	uint8_t proto;   /* 0: UDP */
	const char *text;
};

/* A frame as `p` says; its length. `at` holds 512 bytes. */
size_t lab_frame(uint8_t *at, const struct lab_packet *p);

/* Polls a queue until `n` packets came or `timeout_ms` went by with nothing. */
uint16_t lab_rx(struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n, int timeout_ms);

/* The kernel declares a link running a moment after it is. */
bool lab_comes_up(struct ovnet_port *port);

/* A packet in a mbuf, in `segs` segments. */
struct rte_mbuf *lab_mbuf(const uint8_t *data, size_t len, unsigned segs);

/* A port must give every buffer back. */
void lab_no_leak(void);

#endif
