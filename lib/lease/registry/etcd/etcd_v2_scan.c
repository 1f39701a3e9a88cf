/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v2_scan.h"

#include <errno.h>
#include <string.h>

#define STEP (64u << 10) /* bytes without a key: some 100 us */

/* Past the text that begins here. False: it does not end. */
static bool skip_text(struct v2_scan *s)
{
	const char *from = s->at++;

	for (; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\' && ++s->at == s->end)
			return false;
	if (s->at == s->end)
		return false;
	s->at++;
	if (s->depth == 1) {
		s->name = from;
		s->name_len = (size_t)(s->at - from);
	}
	return true;
}

static bool begins_node(const struct v2_scan *s)
{
	static const char node[] = "\"node\"";

	return s->depth == 1 && *s->at == '{' && !s->found && s->name != NULL &&
	       s->name_len == sizeof(node) - 1 && memcmp(s->name, node, s->name_len) == 0;
}

static void go_in(struct v2_scan *s)
{
	s->in_node = s->in_node || begins_node(s);
	s->object = *s->at == '{' ? s->at : NULL;
	s->depth++;
}

/* 1: what ends here is a key. */
static int go_out(struct v2_scan *s, const char **object, size_t *len)
{
	bool key = s->in_node && s->object != NULL && *s->at == '}';

	if (key) {
		*object = s->object;
		*len = (size_t)(s->at + 1 - s->object);
	}
	s->object = NULL;
	s->depth--;
	s->is_node = key && s->depth == 1;
	s->found = s->found || (s->in_node && s->depth == 1);
	s->in_node = s->in_node && s->depth > 1;
	s->complete = s->depth == 0;
	return key ? 1 : -EAGAIN;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* 1: a key. -EAGAIN: nothing to tell, go on. */
static int take(struct v2_scan *s, const char **object, size_t *len)
{
	int rc = -EAGAIN;

	if (s->depth == 0 && !is_space(*s->at) && (s->complete || *s->at != '{'))
		return -EINVAL;
	switch (*s->at) {
	case '"':
		return skip_text(s) ? -EAGAIN : -EINVAL;
	case '{':
	case '[':
		go_in(s);
		break;
	case '}':
	case ']':
		rc = go_out(s, object, len);
		break;
	}
	s->at++;
	return rc;
}

int v2_scan_next(struct v2_scan *s, const char **object, size_t *len)
{
	const char *start = s->at;

	while (s->at < s->end && (size_t)(s->at - start) < STEP) {
		int rc = take(s, object, len);
		if (rc != -EAGAIN)
			return rc;
	}
	if (s->at < s->end)
		return -EAGAIN;
	return s->complete && s->found ? 0 : -EINVAL;
}
