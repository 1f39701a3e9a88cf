/* SPDX-License-Identifier: BSD-3-Clause */
/* etcd's answers over gRPC: a byte for the method, then frames. */
#include "etcd_v3_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_wire(&v3_wire_grpc, data, size);
	return 0;
}
