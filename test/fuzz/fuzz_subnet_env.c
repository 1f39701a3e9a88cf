/* SPDX-License-Identifier: BSD-3-Clause */
/* subnet.env of an earlier life. */
#include <errno.h>

#include "fuzz.h"
#include "subnet_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ovnet_prefix4 subnet = {0};
	int rc = ovnet_subnet_env_read(fuzz_file(data, size), &subnet);

	CHECK(rc == 0 || rc == -ENOENT, "%d", rc);
	if (rc != 0)
		return 0;
	CHECK(subnet.len > 0 && subnet.len <= 32, "/%u", subnet.len);
	CHECK((subnet.addr_host & ~ovnet_mask4(subnet.len)) == 0, "host bits");
	return 0;
}
