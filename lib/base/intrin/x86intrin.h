/* SPDX-License-Identifier: BSD-3-Clause */
/* In front of the compiler's own, see immintrin.h. */
#ifndef OVNET_BASE_INTRIN_X86INTRIN_H
#define OVNET_BASE_INTRIN_X86INTRIN_H

#if defined(__AVX__) || (defined(__clang__) && defined(__RTM__))
#include_next <x86intrin.h>
#else
#include <immintrin.h>
#endif

#endif
