/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stamp.h"

/* TTL, checksum and MAC addresses before it are another hop's. */
#define SAME_FROM (14 + 12)
#define HEAD      32u /* addresses, ports and what follows */
#define PART      64u

static bool add(
	struct frames *f, const char *path, const uint8_t *data, uint32_t length, uint32_t whole)
{
	if (f->count == FRAMES_MOST || length != whole || length > FRAME_MOST ||
		length < STAMP_FRAME_MIN) {
		fprintf(stderr,
			"load: %s: frame %u has %u bytes; at most %u frames of %zu to %u bytes, "
			"whole ones\n",
			path, f->count, whole, FRAMES_MOST, STAMP_FRAME_MIN, FRAME_MOST);
		return false;
	}
	if ((f->count & (f->count - 1)) == 0) {
		struct frame *more =
			realloc(f->frame, (f->count ? 2 * f->count : 1) * sizeof(*more));
		if (!more)
			return false;
		f->frame = more;
	}
	uint8_t *copy = malloc(length);
	if (!copy)
		return false;
	memcpy(copy, data, length);
	f->frame[f->count++] = (struct frame){.data = copy, .length = length};
	return true;
}

/* All in one piece, in order, each from a cache line on: that is how they are read. */
static bool pack(struct frames *f)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < f->count; i++)
		bytes += (f->frame[i].length + 63) / 64 * 64;
	f->memory = aligned_alloc(64, bytes);
	if (!f->memory)
		return false;
	uint8_t *at = f->memory;
	for (uint32_t i = 0; i < f->count; i++) {
		struct frame *frame = &f->frame[i];
		memcpy(at, frame->data, frame->length);
		free((void *)(uintptr_t)frame->data);
		frame->data = at;
		at += (frame->length + 63) / 64 * 64;
	}
	return true;
}

bool frames_read(struct frames *f, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const uint8_t *data;
	int rc;

	*f = (struct frames){0};
	pcap_t *p = pcap_open_offline(path, why);
	if (!p) {
		fprintf(stderr, "load: %s\n", why);
		return false;
	}
	while ((rc = pcap_next_ex(p, &head, &data)) == 1)
		if (!add(f, path, data, head->caplen, head->len))
			break;
	if (rc == PCAP_ERROR)
		fprintf(stderr, "load: %s: %s\n", path, pcap_geterr(p));
	pcap_close(p);
	if (rc == PCAP_ERROR_BREAK && f->count > 0 && pack(f))
		return true;
	fprintf(stderr, "load: no frames from %s\n", path);
	frames_free(f);
	return false;
}

void frames_free(struct frames *f)
{
	for (uint32_t i = 0; !f->memory && i < f->count; i++)
		free((void *)(uintptr_t)f->frame[i].data);
	free(f->memory);
	free(f->frame);
	*f = (struct frames){0};
}

bool frame_same(const struct frame *sent, const uint8_t *came, uint32_t length, uint32_t turn)
{
	uint32_t inner = length < sent->length ? length : sent->length;
	uint32_t n = inner - SAME_FROM - (uint32_t)STAMP_BYTES;
	const uint8_t *a = sent->data + (sent->length - inner) + SAME_FROM;
	const uint8_t *b = came + (length - inner) + SAME_FROM;

	if (n <= HEAD + PART)
		return memcmp(a, b, n) == 0;
	/* Anywhere between the head and the last PART bytes, with all of them in time. */
	uint64_t any = (uint32_t)(turn * 2654435761u);
	uint32_t at = HEAD + (uint32_t)(any * (n - HEAD - PART + 1) >> 32);
	return memcmp(a, b, HEAD) == 0 && memcmp(a + at, b + at, PART) == 0;
}
