/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "kernel/nl.h"

void nl_batch_add(struct nl_batch *b, const struct nl_request *req)
{
	size_t len = NLMSG_ALIGN(req->hdr->nlmsg_len);

	assert(b->n < NL_BATCH && len <= sizeof(b->buf) / NL_BATCH);
	memcpy(b->buf + b->len, req->buf, req->hdr->nlmsg_len);
	memset(b->buf + b->len + req->hdr->nlmsg_len, 0, len - req->hdr->nlmsg_len);
	b->at[b->n++] = (uint32_t)b->len;
	b->len += len;
}

static struct nlmsghdr *request(struct nl_batch *b, unsigned i)
{
	return (struct nlmsghdr *)(b->buf + b->at[i]);
}

/* The kernel takes them in order, so the last one's acknowledgement is the end of all. */
static void number(struct nl *nl, struct nl_batch *b)
{
	b->first_seq = nl->seq + 1;
	for (unsigned i = 0; i < b->n; i++) {
		request(b, i)->nlmsg_seq = ++nl->seq;
		b->verdict[i] = 0;
	}
	request(b, b->n - 1)->nlmsg_flags |= NLM_F_ACK;
}

int nl_batch_run(struct nl *nl, struct nl_batch *b, nl_answer *answer, void *arg)
{
	int fd = mnl_socket_get_fd(nl->sock);
	ssize_t n;

	if (b->n == 0)
		return 0;
	number(nl, b);
	do
		n = mnl_socket_sendto(nl->sock, b->buf, b->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (;;) {
		n = nl_receive(fd, nl->reply, sizeof(nl->reply));
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		int left = (int)n;
		const struct nlmsghdr *msg = (const void *)nl->reply;
		for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
			uint32_t i = msg->nlmsg_seq - b->first_seq;
			if (i >= b->n || msg->nlmsg_pid != nl->portid)
				continue;
			if (msg->nlmsg_type != NLMSG_ERROR) {
				if (answer != NULL && msg->nlmsg_type >= NLMSG_MIN_TYPE)
					answer(arg, msg);
				continue;
			}
			b->verdict[i] = nl_verdict(nl, msg);
			if (i == b->n - 1)
				return 0;
		}
	}
}
