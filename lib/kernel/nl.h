/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One rtnetlink request socket: send, read the answer, return negative errno. The kernel
 * answers within the sender's system call, so nothing here waits. Not reentrant: a callback
 * must not send on the same socket.
 */
#ifndef OVNET_KERNEL_NL_H
#define OVNET_KERNEL_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/net.h"

/* The kernel packs dumps up to what the reader offers, 32 KB at most. */
#define NL_REPLY_SIZE 32768
/* The longest request here is a link change with its alias, some 150 bytes. */
#define NL_REQUEST_SIZE 512
/* IFLA_ALT_IFNAME with its NUL. */
#define NL_NAME_SIZE 128

struct nl {
	struct mnl_socket *sock;
	uint32_t portid, seq;
	char extack[160]; /* the kernel's own words about the last refusal */
	char why[320];
	uint8_t reply[NL_REPLY_SIZE] __attribute__((aligned(8)));
};

struct nl_request {
	uint8_t buf[NL_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *hdr;
};

/* Called per answer; in dumps also with NULL: forget what you have, the dump starts (over). */
typedef void nl_answer(void *arg, const struct nlmsghdr *msg);

/* 0 or negative errno (logged). `nl` needs no initialisation. */
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);

/* Returns the zeroed family header of `size` bytes behind the netlink header. */
void *nl_begin(struct nl_request *req, uint16_t type, uint16_t flags, size_t size);
/*
 * Several small requests in one system call. Zeroed is empty. Answers' sequence numbers count
 * from first_seq; the kernel's verdict on each is in `verdict`, its words are not kept.
 */
#define NL_BATCH         64
#define NL_BATCH_REQUEST 80 /* bytes: an IPv6 route with destination, gateway and link */
struct nl_batch {
	unsigned n;
	size_t len;
	uint32_t first_seq, at[NL_BATCH];
	int verdict[NL_BATCH];
	uint8_t buf[NL_BATCH * NL_BATCH_REQUEST] __attribute__((aligned(8)));
};
/* At most NL_BATCH, each of at most NL_BATCH_REQUEST bytes. */
void nl_batch_add(struct nl_batch *b, const struct nl_request *req);
/* Negative errno: unknown which of them were carried out. */
int nl_batch_run(struct nl *nl, struct nl_batch *b, nl_answer *answer, void *arg);

/* Sends and waits for the acknowledgement. `answer` may be NULL. */
int nl_send(struct nl *nl, struct nl_request *req, nl_answer *answer, void *arg);
int nl_dump(struct nl *nl, struct nl_request *req, nl_answer *answer, void *arg);
/* The result an NLMSG_ERROR or NLMSG_DONE carries. */
int nl_verdict(struct nl *nl, const struct nlmsghdr *msg);
/* "Operation not permitted (kernel's words): what to do", valid until the next call. */
const char *nl_why(struct nl *nl, int err);

/* One datagram from the kernel: its length, 0 for a foreign sender's, or negative errno. */
ssize_t nl_receive(int fd, void *buf, size_t size);

/* Attributes by type, at most `max`; returns the family header, NULL when the message is short. */
const void *nl_parse(
	const struct nlmsghdr *msg, size_t size, const struct nlattr **tb, uint16_t max);
void nl_parse_nested(const struct nlattr *nest, const struct nlattr **tb, uint16_t max);
/* `fallback` when the attribute is missing or short. */
uint32_t nl_u32(const struct nlattr *attr, uint32_t fallback);
/* Copies a string, cut to `size`; "" when missing. */
void nl_string(const struct nlattr *attr, char *out, size_t size);
/* False, and family 0, when the attribute is missing or of another length. */
bool nl_addr(const struct nlattr *attr, uint8_t family, struct ovnet_addr *out);
void nl_put_addr(struct nlmsghdr *msg, uint16_t type, const struct ovnet_addr *addr);

/* What a dump collects. Zeroed is empty; free(items). */
struct nl_list {
	void *items;
	unsigned n, room;
	int err;
};
/* A zeroed new item, or NULL with list->err set. */
void *nl_list_add(struct nl_list *list, size_t item_size);

#endif
