/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * To tell texts apart that are not kept. Who chooses both can make two of them meet. Pure; any
 * thread.
 */
#ifndef OVNET_BASE_TEXT_HASH_H
#define OVNET_BASE_TEXT_HASH_H

#include <stdint.h>

/* FNV-1a. */
static inline uint64_t text_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

#endif
