/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1u << 20)

int records_open(struct records *r, int fd)
{
	*r = (struct records){.fd = fd, .bytes = malloc(BUFFER)};
	if (r->bytes != NULL)
		return 0;
	close(fd);
	return -ENOMEM;
}

void records_close(struct records *r)
{
	close(r->fd);
	free(r->bytes);
}

void records_finish(const struct records *r)
{
	(void)shutdown(r->fd, SHUT_WR);
}

/* What it says of itself fits what it may be. */
static int check(const struct packet_record *p)
{
	const size_t behind = p->len - sizeof(*p);

	if (p->len < sizeof(*p) || p->len % 8 != 0 ||
		p->len > sizeof(*p) + PACKET_RECORD_SNAP_MAX + 8)
		return -EPROTO;
	if (p->kind == PACKET_RECORD_PACKET && p->captured > behind)
		return -EPROTO;
	if (p->kind == PACKET_RECORD_COUNTS && behind != sizeof(struct packet_record_counts))
		return -EPROTO;
	return memchr(p->port, '\0', sizeof(p->port)) != NULL ? 0 : -EPROTO;
}

/* More bytes: 1, 0 at the end. */
static int fill(struct records *r)
{
	memmove(r->bytes, r->bytes + r->at, r->n - r->at);
	r->n -= r->at;
	r->at = 0;
	ssize_t n = recv(r->fd, r->bytes + r->n, BUFFER - r->n, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN) {
		if (r->idle != NULL)
			r->idle(r->arg);
		do
			n = recv(r->fd, r->bytes + r->n, BUFFER - r->n, 0);
		while (n < 0 && errno == EINTR);
	}
	if (n <= 0)
		return n < 0 ? -errno : 0;
	r->n += (size_t)n;
	return 1;
}

int records_next(struct records *r, const struct packet_record **out)
{
	for (;;) {
		const struct packet_record *p = (const void *)(r->bytes + r->at);
		const size_t left = r->n - r->at;

		if (left >= sizeof(*p)) {
			int err = check(p);
			if (err < 0)
				return err;
			if (left >= p->len) {
				r->at += p->len;
				*out = p;
				return 1;
			}
		}
		int rc = fill(r);
		if (rc <= 0)
			return rc;
	}
}
