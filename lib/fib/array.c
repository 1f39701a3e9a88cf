/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <stdlib.h>
#include <string.h>

void *array_splice(const struct splice *s)
{
	size_t before = s->at * s->size, kept = (size_t)(s->n - s->out) * s->size;
	size_t in = s->in != NULL ? s->size : 0;
	char *new = malloc(s->head + kept + in);

	if (new == NULL)
		return NULL;
	const char *from = s->old != NULL ? (const char *)s->old + s->head : NULL;
	char *to = new + s->head;
	if (before > 0)
		memcpy(to, from, before);
	if (in > 0)
		memcpy(to + before, s->in, in);
	if (kept > before)
		memcpy(to + before + in, from + before + s->out * s->size, kept - before);
	return new;
}
