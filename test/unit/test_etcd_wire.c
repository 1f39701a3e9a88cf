/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and messages of etcd's v3 API as they may come, without an etcd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lease/registry/etcd/etcd_v3.h"

/* Revision 7; "a" = "v" of revision 5 and lease 9; a key with a NUL in it; one without a key. */
static const char listing[] = "\0\0\0\0\x19"
			      "\x0a\x02\x18\x07"
			      "\x12\x0a\x0a\x01"
			      "a\x18\x05\x2a\x01"
			      "v\x30\x09"
			      "\x12\x05\x0a\x03"
			      "a\0b"
			      "\x12\x00";
#define LISTING (sizeof(listing) - 1)

/* For watch -1, revision 3: the answer to a probe; then a removal of "k", with more to come. */
static const char stream[] = "\0\0\0\0\x0f"
			     "\x0a\x02\x18\x03"
			     "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			     "\0\0\0\0\x0f"
			     "\x0a\x02\x18\x04"
			     "\x38\x01"
			     "\x5a\x07\x08\x01\x12\x03\x0a\x01"
			     "k";
#define STREAM (sizeof(stream) - 1)

static void free_watch_reply(struct v3_watch_reply *r)
{
	v3_kvs_free(&r->kvs);
	free(r->removed);
}

static void a_listing(void **state)
{
	(void)state;
	struct v3_reply r = {0};

	assert_int_equal(v3_wire_grpc.decode(V3_RANGE, listing, LISTING, &r), 0);
	assert_int_equal(r.revision, 7);
	assert_int_equal(r.kvs.n, 1);
	assert_int_equal(r.kvs.left_out, 2);
	assert_string_equal(r.kvs.kvs[0].key, "a");
	assert_string_equal(r.kvs.kvs[0].value, "v");
	assert_int_equal(r.kvs.kvs[0].mod_revision, 5);
	assert_int_equal(r.kvs.kvs[0].ttl_handle, 9);
	v3_kvs_free(&r.kvs);
	for (size_t n = 0; n < LISTING; n++)
		assert_int_equal(v3_wire_grpc.decode(V3_RANGE, listing, n, &r), -EINVAL);
}

static void a_stream_byte_by_byte(void **state)
{
	(void)state;
	struct v3_watch_reply r = {0};
	ssize_t first = 0;

	for (size_t n = 0; n < 20; n++)
		assert_int_equal(v3_wire_grpc.message(stream, n, 0, false), 0);
	first = v3_wire_grpc.message(stream, STREAM, 0, false);
	assert_int_equal(first, 20);
	assert_int_equal(v3_wire_grpc.decode_watch(stream, (size_t)first, &r), 0);
	assert_true(r.progress);
	assert_false(r.part || r.over);
	assert_int_equal(r.revision, 3);
	assert_int_equal(r.kvs.n, 0);
	free_watch_reply(&r);

	r = (struct v3_watch_reply){0};
	assert_int_equal(v3_wire_grpc.message(stream + 20, STREAM - 20, 0, false), 20);
	assert_int_equal(v3_wire_grpc.decode_watch(stream + 20, STREAM - 20, &r), 0);
	assert_true(r.part);
	assert_false(r.progress || r.over);
	assert_int_equal(r.kvs.n, 1);
	assert_string_equal(r.kvs.kvs[0].key, "k");
	assert_true(r.removed[0]);
	free_watch_reply(&r);
}

static void frames_that_are_none(void **state)
{
	(void)state;

	/* Compressed, or longer than anything that is taken. */
	assert_true(v3_wire_grpc.message("\1\0\0\0\1x", 6, 0, false) < 0);
	assert_true(v3_wire_grpc.message("\0\xff\xff\xff\xff", 5, 0, false) < 0);
	assert_true(v3_wire_grpc.message("HTTP/1.1 400", 12, 0, false) < 0);
	/* The gateway's lines; the last one may lack its end. */
	assert_int_equal(v3_wire_json.message("{}\n{}", 5, 0, false), 3);
	assert_int_equal(v3_wire_json.message("{}", 2, 0, false), 0);
	assert_int_equal(v3_wire_json.message("{}", 2, 2, true), 2);
}

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Under the sanitizers: whatever comes is taken or refused, and freed. */
static void damaged_messages(void **state)
{
	(void)state;
	uint32_t seed = 20490;
	unsigned refused = 0, taken = 0;

	for (unsigned i = 0; i < 20000; i++) {
		size_t len = i % 2 != 0 ? LISTING : 20;
		char *bytes = malloc(len);
		memcpy(bytes, i % 2 != 0 ? listing : stream + 20, len);
		for (unsigned k = next(&seed) % 4 + 1; k > 0; k--)
			bytes[5 + next(&seed) % (len - 5)] = (char)next(&seed);
		struct v3_reply reply = {0};
		struct v3_watch_reply watch = {0};
		int rc = i % 2 != 0 ? v3_wire_grpc.decode(V3_RANGE, bytes, len, &reply)
				    : v3_wire_grpc.decode_watch(bytes, len, &watch);
		free(bytes);
		for (size_t n = 0; n < reply.kvs.n; n++)
			assert_true(strlen(reply.kvs.kvs[n].key) > 0);
		v3_kvs_free(&reply.kvs);
		free(reply.next.p);
		free_watch_reply(&watch);
		refused += rc < 0;
		taken += rc == 0;
	}
	assert_true(refused > 100);
	assert_true(taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listing),
		cmocka_unit_test(a_stream_byte_by_byte),
		cmocka_unit_test(frames_that_are_none),
		cmocka_unit_test(damaged_messages),
	};
	return cmocka_run_group_tests_name("etcd_wire", tests, NULL, NULL);
}
