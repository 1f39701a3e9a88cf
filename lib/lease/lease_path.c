/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_path.h"

#include <string.h>

#include "base/mem.h"

char *lease_path(const char *prefix, const char *rest)
{
	char *out = must(malloc(strlen(prefix) + strlen(rest) + 1)), *end = out;

	for (const char *p = prefix; *p != '\0'; p++)
		if (*p != '/' || end == out || end[-1] != '/')
			*end++ = *p;
	while (end > out && end[-1] == '/')
		end--;
	strcpy(end, rest);
	return out;
}
