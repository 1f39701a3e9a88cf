/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_cpuflags.h>

#include "levels.h"

static bool has(enum rte_cpu_flag_t flag)
{
	return rte_cpu_get_flag_enabled(flag) == 1;
}

static bool has_v2(void)
{
	return has(RTE_CPUFLAG_SSE3) && has(RTE_CPUFLAG_SSSE3) && has(RTE_CPUFLAG_SSE4_2) &&
	       has(RTE_CPUFLAG_POPCNT) && has(RTE_CPUFLAG_CMPXCHG16B) && has(RTE_CPUFLAG_LAHF_SAHF);
}

/* The compiler's own test for the wide registers: it also asks whether the kernel saves them. */
static bool has_v3(void)
{
	return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       has(RTE_CPUFLAG_BMI1) && has(RTE_CPUFLAG_BMI2) && has(RTE_CPUFLAG_F16C) &&
	       has(RTE_CPUFLAG_LZCNT) && has(RTE_CPUFLAG_MOVBE);
}

static bool has_v4(void)
{
	return has_v3() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
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
