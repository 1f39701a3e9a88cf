/* SPDX-License-Identifier: BSD-3-Clause */
/* etcd's answers through its JSON gateway: a byte for the method, then JSON; errors as well. */
#include "etcd_v3_fuzz.h"

#include "lease/registry/etcd/http_client.h"

static void fuzz_error(const uint8_t *data, size_t size)
{
	char *body = fuzz_string(data, size);
	const struct http_result r = {
		.outcome = HTTP_ANSWERED, .status = 400 + data[0], .body = body, .len = size};
	struct v3_error e = {0};

	CHECK(v3_wire_json.failed(&r, &e), "status %ld is a failure", r.status);
	CHECK(memchr(e.text, '\0', sizeof(e.text)) != NULL, "a text without an end");
	CHECK(e.status != OVNET_REGISTRY_OK, "an error that is none");
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_wire(&v3_wire_json, data, size);
	if (size > 0)
		fuzz_error(data, size);
	return 0;
}
