/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In front of the compiler's own. DPDK's rte_memcpy.h, so each file that sees a packet, includes
 * all intrinsics there are, to use those up to SSE4.2 unless it is compiled for AVX. Those of
 * AVX-512 alone take gcc longer than the rest of a file.
 */
#ifndef OVNET_BASE_INTRIN_IMMINTRIN_H
#define OVNET_BASE_INTRIN_IMMINTRIN_H

/* clang has the RTM that newer DPDK uses nowhere else. */
#if defined(__AVX__) || (defined(__clang__) && defined(__RTM__))
#include_next <immintrin.h>
#else
#include <nmmintrin.h>
#include <x86gprintrin.h>
#endif

#endif
