/* SPDX-License-Identifier: BSD-3-Clause */
/* gRPC as far as etcd needs it: frames in an HTTP/2 body, the outcome in its trailers. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/registry/etcd/etcd_v3_proto.h"

#define FRAME 5 /* compressed or not, length in network order */

static struct v3_bytes framed(struct v3_bytes b)
{
	size_t len = b.len - FRAME;

	b.p[0] = 0;
	for (unsigned i = 0; i < 4; i++)
		b.p[1 + i] = (char)(len >> (24 - 8 * i));
	return b;
}

static struct v3_bytes encode(const struct v3_request *r)
{
	return framed(v3_proto_encode(r, FRAME));
}

static struct v3_bytes probe(void)
{
	return framed(v3_proto_probe(FRAME));
}

static ssize_t message(const char *bytes, size_t len, size_t known, bool ended)
{
	size_t n = 0;

	(void)known, (void)ended;
	if (len < FRAME)
		return 0;
	for (unsigned i = 1; i < FRAME; i++)
		n = n << 8 | (unsigned char)bytes[i];
	/* We never said we could take it compressed. */
	if (bytes[0] != 0 || n > V3_MESSAGE_MAX)
		return -EINVAL;
	return len - FRAME < n ? 0 : (ssize_t)(FRAME + n);
}

static int decode(enum v3_method method, const char *bytes, size_t len, struct v3_reply *out)
{
	ssize_t n = message(bytes, len, 0, true);

	if (n <= 0)
		return -EINVAL;
	return v3_proto_decode(method, bytes + FRAME, (size_t)n - FRAME, out);
}

static int decode_watch(const char *bytes, size_t len, struct v3_watch_reply *out)
{
	return v3_proto_decode_watch(bytes + FRAME, len - FRAME, out);
}

/* grpc-message is percent-encoded; for a log it has to be one line of text. */
static void decode_percent(const char *text, char *out, size_t size)
{
	size_t n = 0;

	while (*text != '\0' && n + 1 < size) {
		char hex[3] = {text[0]}, c = *text++;
		if (c == '%' && isxdigit((unsigned char)text[0]) &&
			isxdigit((unsigned char)text[1])) {
			memcpy(hex, text, 2);
			c = (char)strtoul(hex, NULL, 16);
			text += 2;
		}
		out[n++] = iscntrl((unsigned char)c) ? ' ' : c;
	}
	out[n] = '\0';
}

static void error_of_http(long status, struct v3_error *error)
{
	*error = (struct v3_error){.status = OVNET_REGISTRY_BROKEN, .absent = true};
	/* What a proxy says when etcd behind it is down. */
	if (status >= 502 && status <= 504)
		*error = (struct v3_error){.status = OVNET_REGISTRY_UNAVAILABLE};
	snprintf(error->text, sizeof(error->text),
		"no gRPC there: HTTP status %ld (a proxy that does not pass it on, or no etcd?)",
		status);
}

static bool failed(const struct http_result *r, struct v3_error *error)
{
	const char *status = http_header(r, "grpc-status"), *text = http_header(r, "grpc-message");
	const char *type = http_header(r, "content-type");
	char message_text[256];

	if (status != NULL && strcmp(status, "0") == 0)
		return false;
	if (status != NULL) {
		long code = strtol(status, NULL, 10);
		decode_percent(text != NULL ? text : "", message_text, sizeof(message_text));
		v3_error_of_code(code, message_text, error);
		/* "unknown service". */
		error->absent = code == 12;
		return true;
	}
	if (r->status != 200 || type == NULL || strncmp(type, "application/grpc", 16) != 0) {
		error_of_http(r->status, error);
		return true;
	}
	v3_error_of_code(14, "the answer is cut short", error);
	return true;
}

static const char *const roots[] = {"/etcdserverpb."};

const struct v3_wire v3_wire_grpc = {
	.name = "v3/grpc",
	.http2 = true,
	.page = V3_PROTO_PAGE,
	.roots = roots,
	.n_roots = 1,
	.paths = {[V3_RANGE] = "KV/Range",
		[V3_TXN] = "KV/Txn",
		[V3_GRANT] = "Lease/LeaseGrant",
		[V3_KEEPALIVE] = "Lease/LeaseKeepAlive",
		[V3_REVOKE] = "Lease/LeaseRevoke",
		[V3_TTL] = "Lease/LeaseTimeToLive",
		[V3_AUTHENTICATE] = "Auth/Authenticate",
		[V3_WATCH] = "Watch/Watch"},
	.headers = {"Content-Type: application/grpc", "te: trailers"},
	.leader = "hasleader: true",
	.token = "token",
	.encode = encode,
	.failed = failed,
	.decode = decode,
	.message = message,
	.decode_watch = decode_watch,
	.probe = probe,
};
