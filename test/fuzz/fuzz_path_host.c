/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets from the host device or a guest: classify, route, encap, tx. */
#include "path_run.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_path_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_path(false, data, size);
	return 0;
}
