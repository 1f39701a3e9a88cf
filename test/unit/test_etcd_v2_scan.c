/* SPDX-License-Identifier: BSD-3-Clause */
/* A v2 listing taken apart key by key; what is no listing is told from an empty one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/registry/etcd/etcd_v2_scan.h"

struct found {
	int rc;
	unsigned n, calls;
	bool is_node;
	char keys[200]; /* one behind the other */
};

/* From memory of just that size: a byte too far is a sanitizer's. */
static struct found scan(const char *text, size_t len)
{
	char *copy = malloc(len + (len == 0));
	struct found f = {0};
	const char *object;
	size_t n;

	assert_non_null(copy);
	memcpy(copy, text, len);
	struct v2_scan s = {.at = copy, .end = copy + len};
	do {
		f.rc = v2_scan_next(&s, &object, &n);
		f.calls++;
		if (f.rc != 1)
			continue;
		assert_true(object >= copy && object + n <= copy + len && s.at == object + n);
		assert_true(object[0] == '{' && object[n - 1] == '}');
		f.is_node = s.is_node;
		if (f.n++ < 4)
			snprintf(f.keys + strlen(f.keys), sizeof(f.keys) - strlen(f.keys), "%.*s",
				(int)n, object);
	} while (f.rc == 1 || f.rc == -EAGAIN);
	free(copy);
	return f;
}

static struct found scan_text(const char *text)
{
	return scan(text, strlen(text));
}

static void keys_of_all_directories(void **state)
{
	(void)state;
	struct found f = scan_text("{\"action\":\"get\",\"node\":{\"key\":\"/s\",\"dir\":true,"
				   "\"nodes\":[{\"key\":\"/s/a\",\"value\":\"}]\\\"\\\\\"},\n"
				   "{\"key\":\"/s/d\",\"dir\":true,\"nodes\":[{\"key\":\"b\"}]},"
				   "{\"key\":\"/s/e\",\"dir\":true}],\"modifiedIndex\":4}}\n");

	assert_int_equal(f.rc, 0);
	assert_string_equal(f.keys, "{\"key\":\"/s/a\",\"value\":\"}]\\\"\\\\\"}{\"key\":\"b\"}"
				    "{\"key\":\"/s/e\",\"dir\":true}");
	assert_false(f.is_node);
}

static void node_itself(void **state)
{
	(void)state;
	struct found f = scan_text(" {\"node\" : {\"key\":\"/s\",\"dir\":true}, \"action\":\"\"}");

	assert_int_equal(f.rc, 0);
	assert_int_equal(f.n, 1);
	assert_true(f.is_node);
	/* Beside it are others: of an expired key, of an error. */
	f = scan_text("{\"prevNode\":{\"key\":\"x\"},\"node\":{\"key\":\"y\"},\"z\":{\"a\":1}}");
	assert_int_equal(f.rc, 0);
	assert_string_equal(f.keys, "{\"key\":\"y\"}");
}

static void no_listing(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"{}",
		"[]",
		"null",
		"<html></html>",
		"\"node\"",
		"{\"node\":1}",
		"{\"node\":[{\"key\":\"a\"}]}",
		"[\"node\",{\"key\":\"a\"}]",
		"{\"a\":{\"node\":{\"key\":\"a\"}}}",
		"{\"a\":{\"key\":\"node\"}}",
		"{\"node\":{\"nodes\":[{\"key\":\"a\"}]}",
		"{\"node\":{\"nodes\":[{\"key\":\"a",
		"{\"node\":{\"nodes\":[{\"key\":\"a\\",
		"{\"node\":{}}}",
		"{\"node\":{}},",
		"{\"node\":{}}{\"node\":{}}",
		"]{\"node\":{}}",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (scan_text(bad[i]).rc != -EINVAL)
			fail_msg("taken for a listing: %s", bad[i]);
	assert_int_equal(scan("{\"node\":{}}\0", 12).rc, -EINVAL);
}

static void every_cut_is_noticed(void **state)
{
	static const char whole[] = "{\"node\":{\"key\":\"/s\",\"dir\":true,\"nodes\":["
				    "{\"key\":\"/s/a\",\"value\":\"\\\"\"}]}}";

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(scan(whole, n).rc, -EINVAL);
	assert_int_equal(scan_text(whole).rc, 0);
}

/* However deep, and not all in one call. */
static void deep_directories(void **state)
{
	static const char in[] = "{\"nodes\":[", out[] = "]}";
	const unsigned depth = 100000;
	char *text = malloc(depth * 12 + 64), *at = text;

	(void)state;
	assert_non_null(text);
	at = stpcpy(at, "{\"node\":");
	for (unsigned i = 0; i < depth; i++)
		at = stpcpy(at, in);
	at = stpcpy(at, "{\"key\":\"x\"}");
	for (unsigned i = 0; i < depth; i++)
		at = stpcpy(at, out);
	strcpy(at, "}");
	struct found f = scan_text(text);
	assert_int_equal(f.rc, 0);
	assert_int_equal(f.n, 1);
	assert_in_range(f.calls, 10, 1000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_all_directories),
		cmocka_unit_test(node_itself),
		cmocka_unit_test(no_listing),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(deep_directories),
	};
	return cmocka_run_group_tests_name("etcd_v2_scan", tests, NULL, NULL);
}
