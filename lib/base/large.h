/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables that packets are looked up in: in large pages where the kernel has them. Any thread. */
#ifndef OVNET_BASE_LARGE_H
#define OVNET_BASE_LARGE_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define OVNET_LARGE_PAGE ((size_t)2 << 20)

/* Bytes of the large pages that so many bytes take. */
static inline size_t ovnet_large_pages(size_t bytes)
{
	return (bytes + OVNET_LARGE_PAGE - 1) / OVNET_LARGE_PAGE * OVNET_LARGE_PAGE;
}

/* As calloc(); what fills no large page is as any other memory. Takes none before it is used. */
static inline void *ovnet_large_calloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes < OVNET_LARGE_PAGE)
		return calloc(n, size);
	if (bytes > SIZE_MAX - 2 * OVNET_LARGE_PAGE)
		return NULL;
	const size_t whole = ovnet_large_pages(bytes), all = whole + OVNET_LARGE_PAGE;
	char *memory = mmap(NULL, all, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* It begins where a large page may. */
	const size_t skip = -(uintptr_t)memory % OVNET_LARGE_PAGE;
	if (skip != 0)
		(void)munmap(memory, skip);
	(void)munmap(memory + skip + whole, all - skip - whole);
	(void)madvise(memory + skip, whole, MADV_HUGEPAGE);
	return memory + skip;
}

/* `n`, `size`: as it was made with. NULL is fine. */
static inline void ovnet_large_free(void *memory, size_t n, size_t size)
{
	if (memory == NULL || n * size < OVNET_LARGE_PAGE)
		free(memory);
	else
		(void)munmap(memory, ovnet_large_pages(n * size));
}

#endif
