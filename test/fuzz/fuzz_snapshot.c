/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot of an earlier life: read as at a start without etcd. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "snapshot.h"

#define PREFIX "/coreos.com/network/subnets/"

static void check_lease(const char *name, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), err[160];
	struct ovnet_lease l = {0};

	if (text != NULL && ovnet_lease_key_parse(name, &l) == 0)
		(void)ovnet_lease_value_parse(text, strlen(text), &l, err, sizeof(err));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ovnet_addr ip = ovnet_addr_v4(0x0aa8000c);
	struct snapshot_file f;
	char err[300] = "";
	int rc = snapshot_read(fuzz_file(data, size), PREFIX, &ip, &f, err, sizeof(err));

	CHECK(rc == 0 || (err[0] != '\0' && rc != -ENOENT), "%d: %s", rc, err);
	if (rc != 0) {
		CHECK(f.root == NULL && f.own_value == NULL, "refused, and yet something left");
		return 0;
	}
	fuzz_touch(f.config, strlen(f.config));
	fuzz_touch(f.own_name, strlen(f.own_name));
	fuzz_touch(f.own_value, strlen(f.own_value));

	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)f.leases, name, value)
		check_lease(name, value);
	snapshot_file_free(&f);
	return 0;
}
