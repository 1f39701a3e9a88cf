/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)
#define LINE 64u
/* What most clusters need; nobody's large page goes to a few peers. */
#define FIRST ((size_t)64 << 10)

/* What objects were made of, one after the other. */
struct chunk {
	struct chunk *next;
	char *memory;
};

struct slab {
	size_t size;
	size_t taken;
	bool closed;
	void *given; /* those that came back, each holds the next one */
	struct chunk *chunks;
	char *fresh; /* of the last chunk */
	size_t left; /* bytes of it */
};

struct slab *slab_new(size_t size)
{
	struct slab *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->size = size;
	return s;
}

static void free_all(struct slab *s)
{
	while (s->chunks != NULL) {
		struct chunk *c = s->chunks;
		s->chunks = c->next;
		free(c->memory);
		free(c);
	}
	free(s);
}

void slab_close(struct slab *s)
{
	if (s == NULL)
		return;
	s->closed = true;
	if (s->taken == 0)
		free_all(s);
}

static bool add_chunk(struct slab *s)
{
	const bool large = s->chunks != NULL;
	const size_t size = large ? PAGE : FIRST;
	struct chunk *c = malloc(sizeof(*c));
	char *memory = aligned_alloc(large ? PAGE : LINE, size);

	if (c == NULL || memory == NULL) {
		free(c);
		free(memory);
		return false;
	}
	/* Without large pages it is as good as any other memory. */
	if (large)
		(void)madvise(memory, size, MADV_HUGEPAGE);
	*c = (struct chunk){s->chunks, memory};
	s->chunks = c;
	s->fresh = memory;
	s->left = size;
	return true;
}

void *slab_take(struct slab *s)
{
	void *object = s->given;

	if (object != NULL) {
		memcpy(&s->given, object, sizeof(s->given));
	} else {
		if (s->left < s->size && !add_chunk(s))
			return NULL;
		object = s->fresh;
		s->fresh += s->size;
		s->left -= s->size;
	}
	s->taken++;
	return object;
}

void slab_give(struct slab *s, void *object)
{
	memcpy(object, &s->given, sizeof(s->given));
	s->given = object;
	s->taken--;
	if (s->closed && s->taken == 0)
		free_all(s);
}
