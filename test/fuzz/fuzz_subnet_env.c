/* SPDX-License-Identifier: BSD-3-Clause */
/* subnet.env of an earlier life. */
#include <errno.h>

#include "fuzz.h"
#include "lease/flannel/subnet_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ovnet_prefix4 subnet = {0};
	struct ovnet_prefix6 subnet6, masked;
	int rc = ovnet_subnet_env_read(fuzz_file(data, size), &subnet, &subnet6);

	CHECK(rc == 0 || rc == -ENOENT, "%d", rc);
	CHECK((rc == 0) == (subnet.len > 0 || subnet6.len > 0), "%d", rc);
	CHECK(subnet.len <= 32 && subnet6.len <= 128, "/%u, /%u", subnet.len, subnet6.len);
	masked = subnet6;
	ovnet_prefix6_mask(&masked);
	CHECK(ovnet_prefix6_equal(&masked, &subnet6), "host bits of IPv6");
	CHECK((subnet.addr_host & ~ovnet_mask4(subnet.len)) == 0, "host bits");
	return 0;
}
