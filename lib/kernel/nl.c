/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/nl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/log.h"

OVNET_LOG_TYPE(kernel)

/* A kernel that does not answer must not hang the control loop for ever. */
#define ANSWER_SECONDS 5
/* Dumps that overlap with changes are taken again; on a busy box the last one has to do. */
#define DUMP_ATTEMPTS 5

int nl_open(struct nl *nl)
{
	int on = 1;
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};

	nl->extack[0] = '\0';
	nl->seq = 0;
	nl->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (nl->sock == NULL) {
		int err = -errno;
		LOG(ERR, "netlink socket: %s", nl_why(nl, err));
		return err;
	}
	/* The strict check lets the kernel filter dumps; without it they are filtered here. */
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) < 0) {
		int err = -errno;
		LOG(ERR, "netlink socket: cannot be set up: %s", nl_why(nl, err));
		nl_close(nl);
		return err;
	}
	nl->portid = mnl_socket_get_portid(nl->sock);
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->sock != NULL)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

void *nl_begin(struct nl_request *req, uint16_t type, uint16_t flags, size_t size)
{
	req->hdr = mnl_nlmsg_put_header(req->buf);
	req->hdr->nlmsg_type = type;
	req->hdr->nlmsg_flags = flags | NLM_F_REQUEST;
	return mnl_nlmsg_put_extra_header(req->hdr, size);
}

ssize_t nl_receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(fd, &msg, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return from.nl_pid == 0 ? n : 0;
}

static void keep_extack(struct nl *nl, const struct nlmsghdr *msg, const struct nlmsgerr *e)
{
	const struct nlattr *attr;
	size_t skip = sizeof(*e);

	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(msg->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > sizeof(e->msg))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (skip > mnl_nlmsg_get_payload_len(msg))
		return;
	mnl_attr_for_each(attr, msg, skip)
	{
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			nl_string(attr, nl->extack, sizeof(nl->extack));
	}
}

int nl_verdict(struct nl *nl, const struct nlmsghdr *msg)
{
	if (msg->nlmsg_type == NLMSG_DONE) {
		int err = 0;
		if (mnl_nlmsg_get_payload_len(msg) >= sizeof(err))
			memcpy(&err, mnl_nlmsg_get_payload(msg), sizeof(err));
		return err;
	}
	if (mnl_nlmsg_get_payload_len(msg) < sizeof(struct nlmsgerr))
		return -EBADMSG;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(msg);
	keep_extack(nl, msg, e);
	return e->error;
}

static int receive_all(struct nl *nl, nl_answer *answer, void *arg, bool *interrupted)
{
	for (;;) {
		ssize_t n = nl_receive(mnl_socket_get_fd(nl->sock), nl->reply, sizeof(nl->reply));
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		int left = (int)n;
		const struct nlmsghdr *msg = (const void *)nl->reply;
		for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
			/* What a timed out predecessor left behind. */
			if (msg->nlmsg_seq != nl->seq || msg->nlmsg_pid != nl->portid)
				continue;
			if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
				*interrupted = true;
			if (msg->nlmsg_type == NLMSG_ERROR || msg->nlmsg_type == NLMSG_DONE)
				return nl_verdict(nl, msg);
			if (answer != NULL && msg->nlmsg_type >= NLMSG_MIN_TYPE)
				answer(arg, msg);
		}
	}
}

static int transact(
	struct nl *nl, struct nl_request *req, nl_answer *answer, void *arg, bool *interrupted)
{
	ssize_t n;

	nl->extack[0] = '\0';
	req->hdr->nlmsg_seq = ++nl->seq;
	do
		n = mnl_socket_sendto(nl->sock, req->hdr, req->hdr->nlmsg_len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : receive_all(nl, answer, arg, interrupted);
}

int nl_send(struct nl *nl, struct nl_request *req, nl_answer *answer, void *arg)
{
	bool interrupted = false;

	req->hdr->nlmsg_flags |= NLM_F_ACK;
	return transact(nl, req, answer, arg, &interrupted);
}

int nl_dump(struct nl *nl, struct nl_request *req, nl_answer *answer, void *arg)
{
	int err = 0;

	req->hdr->nlmsg_flags |= NLM_F_DUMP;
	for (unsigned i = 0; i < DUMP_ATTEMPTS; i++) {
		bool interrupted = false;
		answer(arg, NULL);
		err = transact(nl, req, answer, arg, &interrupted);
		if (err < 0 || !interrupted)
			return err;
	}
	return err;
}

static const char *cure(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return ": run as root or with CAP_NET_ADMIN in this network namespace";
	case ENODEV:
	case ENXIO:
		return ": the interface is gone; see `ip link`";
	case ENETDOWN:
		return ": the interface is down; `ip link set DEV up`";
	case EMFILE:
	case ENFILE:
		return ": raise the limit of open files (LimitNOFILE=)";
	case ENOBUFS:
	case ENOMEM:
		return ": the kernel is short of memory";
	case ETIMEDOUT:
		return ": the kernel does not answer; see dmesg for hung tasks";
	default:
		return "";
	}
}

const char *nl_why(struct nl *nl, int err)
{
	bool words = nl->extack[0] != '\0';

	snprintf(nl->why, sizeof(nl->why), "%s%s%s%s%s", strerror(-err), words ? " (" : "",
		nl->extack, words ? ")" : "", cure(err));
	return nl->why;
}

void *nl_list_add(struct nl_list *list, size_t item_size)
{
	if (list->n == list->room) {
		unsigned room = list->room == 0 ? 16 : list->room * 2;
		void *items = reallocarray(list->items, room, item_size);
		if (items == NULL) {
			list->err = -ENOMEM;
			return NULL;
		}
		list->items = items;
		list->room = room;
	}
	void *item = (char *)list->items + list->n++ * item_size;
	memset(item, 0, item_size);
	return item;
}
