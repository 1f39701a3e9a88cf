/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/platform/x86.h>

#include "levels.h"

/*
 * The features of each level as the x86-64 psABI lists them. One source for all: glibc, which
 * reads the CPUID leaves of Intel and AMD alike and calls active what the kernel saves, too.
 */
static bool has_v2(void)
{
	return CPU_FEATURE_ACTIVE(CMPXCHG16B) && CPU_FEATURE_ACTIVE(LAHF64_SAHF64) &&
	       CPU_FEATURE_ACTIVE(POPCNT) && CPU_FEATURE_ACTIVE(SSE3) &&
	       CPU_FEATURE_ACTIVE(SSSE3) && CPU_FEATURE_ACTIVE(SSE4_1) &&
	       CPU_FEATURE_ACTIVE(SSE4_2);
}

static bool has_v3(void)
{
	return has_v2() && CPU_FEATURE_ACTIVE(AVX) && CPU_FEATURE_ACTIVE(AVX2) &&
	       CPU_FEATURE_ACTIVE(BMI1) && CPU_FEATURE_ACTIVE(BMI2) && CPU_FEATURE_ACTIVE(F16C) &&
	       CPU_FEATURE_ACTIVE(FMA) && CPU_FEATURE_ACTIVE(LZCNT) && CPU_FEATURE_ACTIVE(MOVBE);
}

static bool has_v4(void)
{
	return has_v3() && CPU_FEATURE_ACTIVE(AVX512F) && CPU_FEATURE_ACTIVE(AVX512BW) &&
	       CPU_FEATURE_ACTIVE(AVX512CD) && CPU_FEATURE_ACTIVE(AVX512DQ) &&
	       CPU_FEATURE_ACTIVE(AVX512VL);
}

static const struct {
	bool (*able)(void);
	const struct ovnet_path_ops *ops;
} levels[] = {
	{has_v4, &ovnet_path_ops_v4},
	{has_v3, &ovnet_path_ops_v3},
	{has_v2, &ovnet_path_ops_v2},
};

const struct ovnet_path_ops *ovnet_path_select(const char *level)
{
	bool any = level == NULL || strcmp(level, "auto") == 0;

	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if ((any || strcmp(level, levels[i].ops->level) == 0) && levels[i].able())
			return levels[i].ops;
	return NULL;
}
