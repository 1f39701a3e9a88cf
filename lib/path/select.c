/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/platform/x86.h>

#include "path/levels.h"

/* glibc's own accessor shifts a one into the sign bit, where the sanitizers stop. */
static bool active(unsigned index)
{
	const unsigned bits = 8 * sizeof(unsigned), leaf = 4 * bits;
	const struct cpuid_feature *f = __x86_get_cpuid_feature_leaf(index / leaf);

	return f->active_array[index % leaf / bits] >> index % bits & 1;
}

#define ACTIVE(name) active(x86_cpu_##name)

/*
 * The features of each level as the x86-64 psABI lists them. One source for all: glibc, which
 * reads the CPUID leaves of Intel and AMD alike and calls active what the kernel saves, too.
 */
static bool has_v2(void)
{
	return ACTIVE(CMPXCHG16B) && ACTIVE(LAHF64_SAHF64) && ACTIVE(POPCNT) && ACTIVE(SSE3) &&
	       ACTIVE(SSSE3) && ACTIVE(SSE4_1) && ACTIVE(SSE4_2);
}

static bool has_v3(void)
{
	return has_v2() && ACTIVE(AVX) && ACTIVE(AVX2) && ACTIVE(BMI1) && ACTIVE(BMI2) &&
	       ACTIVE(F16C) && ACTIVE(FMA) && ACTIVE(LZCNT) && ACTIVE(MOVBE);
}

static bool has_v4(void)
{
	return has_v3() && ACTIVE(AVX512F) && ACTIVE(AVX512BW) && ACTIVE(AVX512CD) &&
	       ACTIVE(AVX512DQ) && ACTIVE(AVX512VL);
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
