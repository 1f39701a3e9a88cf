/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, STATISTICS = 5, PACKET = 6 };
enum { END = 0, COMMENT = 1, SECTION_PROGRAM = 4 };
enum { IF_NAME = 2, IF_DESCRIPTION = 3, IF_TIME_RESOLUTION = 9, IF_FILTER = 11 };
enum { PACKET_FLAGS = 2, INBOUND = 1, OUTBOUND = 2 };
enum { STATISTICS_SEEN = 4, STATISTICS_LOST = 5 };
enum { LINK_ETHERNET = 1, LINK_RAW = 101 };

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define NANOSECONDS      9 /* 10 to the power of minus that */

struct pcapng_interface {
	char port[PACKET_RECORD_PORT];
	uint8_t side, raw;
	uint64_t counted; /* when, nanoseconds since 1970; 0: never */
	struct packet_record_counts counts;
};

/* A block's contents; its length goes in front and behind. */
struct block {
	uint32_t type;
	size_t n;
	uint8_t bytes[1024]; /* all of it but a packet's bytes */
};

static void put(struct block *b, const void *bytes, size_t n)
{
	memcpy(b->bytes + b->n, bytes, n);
	memset(b->bytes + b->n + n, 0, -n & 3);
	b->n += (n + 3) & ~(size_t)3;
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void option(struct block *b, uint16_t code, const void *value, uint16_t n)
{
	const uint16_t head[2] = {code, n};

	put(b, head, sizeof(head));
	if (n > 0)
		put(b, value, n);
}

static void text_option(struct block *b, uint16_t code, const char *text)
{
	option(b, code, text, (uint16_t)strlen(text));
}

static int write_all(FILE *out, const void *bytes, size_t n)
{
	return fwrite(bytes, 1, n, out) == n ? 0 : errno != 0 ? -errno : -EIO;
}

/* `packet`: `n` bytes that stand behind the block's first `front` bytes. */
static int write_block(
	FILE *out, const struct block *b, size_t front, const uint8_t *packet, size_t n)
{
	static const uint8_t zero[4];
	const uint32_t total = (uint32_t)(12 + b->n + ((n + 3) & ~(size_t)3));
	const uint32_t head[2] = {b->type, total};
	int rc = write_all(out, head, sizeof(head));

	if (rc == 0)
		rc = write_all(out, b->bytes, front);
	if (rc == 0 && n > 0)
		rc = write_all(out, packet, n);
	if (rc == 0 && n > 0)
		rc = write_all(out, zero, -n & 3);
	if (rc == 0)
		rc = write_all(out, b->bytes + front, b->n - front);
	return rc == 0 ? write_all(out, &total, sizeof(total)) : rc;
}

int pcapng_begin(struct pcapng *p, FILE *out, const char *filter, uint32_t snap)
{
	static const uint16_t version[2] = {1, 0};
	static const int64_t unknown = -1;
	struct block b = {.type = SECTION};

	*p = (struct pcapng){.out = out, .filter = filter, .snap = snap};
	put32(&b, BYTE_ORDER_MAGIC);
	put(&b, version, sizeof(version));
	put(&b, &unknown, sizeof(unknown));
	text_option(&b, SECTION_PROGRAM, "ovnetctl " OVNET_VERSION);
	option(&b, END, NULL, 0);
	return write_block(out, &b, b.n, NULL, 0);
}

void pcapng_free(struct pcapng *p)
{
	free(p->interface);
	p->interface = NULL;
}

static void describe(const struct pcapng_interface *i, char *name, size_t size, const char **what)
{
	static const char *const sides[] = {"in", "out", "drops"};

	if (i->side == PACKET_RECORD_DROP)
		snprintf(name, size, "drops%s", i->raw ? " (ip)" : "");
	else
		snprintf(name, size, "%s %s", i->port, sides[i->side == PACKET_RECORD_OUT]);
	*what = i->side == PACKET_RECORD_DROP  ? "what ovnet refused, as it was by then"
		: i->side == PACKET_RECORD_OUT ? "as it leaves by that port"
					       : "as it came by that port";
}

static int write_interface(const struct pcapng *p, const struct pcapng_interface *i)
{
	const uint16_t link[2] = {i->raw ? LINK_RAW : LINK_ETHERNET, 0};
	static const uint8_t resolution = NANOSECONDS;
	struct block b = {.type = INTERFACE};
	char name[PACKET_RECORD_PORT + 8], filter[512];
	const char *what;

	describe(i, name, sizeof(name), &what);
	put(&b, link, sizeof(link));
	put32(&b, p->snap);
	text_option(&b, IF_NAME, name);
	text_option(&b, IF_DESCRIPTION, what);
	option(&b, IF_TIME_RESOLUTION, &resolution, 1);
	if (p->filter != NULL && strlen(p->filter) < sizeof(filter) - 1) {
		filter[0] = '\0'; /* in the words of libpcap */
		memcpy(filter + 1, p->filter, strlen(p->filter));
		option(&b, IF_FILTER, filter, (uint16_t)(1 + strlen(p->filter)));
	}
	option(&b, END, NULL, 0);
	return write_block(p->out, &b, b.n, NULL, 0);
}

/* Its number, or negative errno. What was refused is in one place, whatever port it came by. */
static int interface_of(struct pcapng *p, const struct packet_record *r)
{
	struct pcapng_interface i = {.side = r->side, .raw = r->raw};

	if (r->side != PACKET_RECORD_DROP)
		memcpy(i.port, r->port, strnlen(r->port, sizeof(r->port) - 1));
	for (unsigned n = 0; n < p->n; n++)
		if (p->interface[n].side == i.side && p->interface[n].raw == i.raw &&
			strcmp(p->interface[n].port, i.port) == 0)
			return (int)n;
	struct pcapng_interface *more = realloc(p->interface, (p->n + 1) * sizeof(i));
	if (more == NULL)
		return -ENOMEM;
	p->interface = more;
	p->interface[p->n] = i;
	int rc = p->out != NULL ? write_interface(p, &i) : 0;
	return rc < 0 ? rc : (int)p->n++;
}

static void put_time(struct block *b, uint64_t when)
{
	put32(b, (uint32_t)(when >> 32));
	put32(b, (uint32_t)when);
}

static int write_packet(struct pcapng *p, const struct packet_record *r)
{
	struct block b = {.type = PACKET};
	const uint32_t flags = r->side == PACKET_RECORD_OUT ? OUTBOUND : INBOUND;
	const char *reason =
		r->reason < OVNET_DROP_COUNT ? ovnet_drop_name((enum ovnet_drop)r->reason) : "?";
	char comment[256];
	int i = interface_of(p, r);

	if (i < 0)
		return i;
	put32(&b, (uint32_t)i);
	put_time(&b, r->when);
	put32(&b, r->captured);
	put32(&b, r->bytes);
	const size_t front = b.n;
	option(&b, PACKET_FLAGS, &flags, sizeof(flags));
	if (r->side == PACKET_RECORD_DROP) {
		snprintf(comment, sizeof(comment), "refused: %s, came by %s", reason,
			r->port[0] != '\0' ? r->port : "no port that is there");
		text_option(&b, COMMENT, comment);
	}
	option(&b, END, NULL, 0);
	return write_block(p->out, &b, front, (const uint8_t *)(r + 1), r->captured);
}

static int write_counts(const struct pcapng *p, uint32_t i)
{
	const struct pcapng_interface *it = &p->interface[i];
	struct block b = {.type = STATISTICS};

	put32(&b, i);
	put_time(&b, it->counted);
	option(&b, STATISTICS_SEEN, &it->counts.seen, sizeof(it->counts.seen));
	option(&b, STATISTICS_LOST, &it->counts.lost, sizeof(it->counts.lost));
	option(&b, END, NULL, 0);
	return write_block(p->out, &b, b.n, NULL, 0);
}

/* The last ones are written: each says all there was so far. */
static int note_counts(struct pcapng *p, const struct packet_record *r)
{
	int i = interface_of(p, r);

	if (i < 0)
		return i;
	p->interface[i].counted = r->when;
	memcpy(&p->interface[i].counts, r + 1, sizeof(p->interface[i].counts));
	return 0;
}

int pcapng_end(struct pcapng *p)
{
	int rc = 0;

	for (unsigned i = 0; i < p->n && rc == 0; i++)
		if (p->interface[i].counted != 0)
			rc = write_counts(p, i);
	return rc;
}

uint64_t pcapng_lost(const struct pcapng *p)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < p->n; i++)
		lost += p->interface[i].counts.lost;
	return lost;
}

int pcapng_write(struct pcapng *p, const struct packet_record *r)
{
	if (r->side > PACKET_RECORD_DROP)
		return 0;
	if (r->kind == PACKET_RECORD_PACKET)
		return write_packet(p, r);
	return r->kind == PACKET_RECORD_COUNTS ? note_counts(p, r) : 0;
}
