/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot of an earlier life: read as at a start without etcd. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "lease/snapshot.h"

#define PREFIX "/coreos.com/network/subnets/"

static void check_lease(const char *name, const char *value, size_t len)
{
	struct ovnet_lease l = {0};
	char err[160];

	fuzz_touch(name, strlen(name));
	if (ovnet_lease_key_parse(name, &l) == 0)
		(void)ovnet_lease_value_parse(value, len, &l, err, sizeof(err));
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

	const char *name, *value;
	size_t len;
	while (snapshot_next(&f, &name, &value, &len))
		check_lease(name, value, len);
	snapshot_file_free(&f);
	return 0;
}
