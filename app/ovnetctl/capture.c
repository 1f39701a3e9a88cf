/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/packet_summary.h"
#include "command.h"
#include "pcapng.h"
#include "seeing.h"
#include "table.h"

struct output {
	FILE *file;
	bool pcapng; /* otherwise lines of text */
	struct pcapng p;
	uint64_t packets;
};

/* A line, for people. */
static int print_packet(FILE *out, const struct packet_record *r)
{
	static const char *const sides[] = {"in", "out", "refused"};
	char when[48], text[PACKET_SUMMARY_SIZE];
	char *port = printable(r->port[0] != '\0' ? r->port : "-");

	command_time((double)r->when / 1e9, "%T", when, sizeof(when));
	fprintf(out, "%s %s %s ", when, port,
		sides[r->side <= PACKET_RECORD_DROP ? r->side : PACKET_RECORD_IN]);
	free(port);
	if (r->side == PACKET_RECORD_DROP && r->reason < OVNET_DROP_COUNT)
		fprintf(out, "(%s) ", ovnet_drop_name((enum ovnet_drop)r->reason));
	fprintf(out, "%s, %" PRIu32 " bytes\n",
		packet_summary((const uint8_t *)(r + 1), r->captured, r->raw != 0, text), r->bytes);
	return ferror(out) ? -EIO : 0;
}

/* What has come so far is there for who reads along. */
static void flush(void *arg)
{
	struct output *o = arg;

	(void)fflush(o->file);
}

static int take(struct output *o, const struct packet_record *r, long count)
{
	if (r->kind == PACKET_RECORD_PACKET) {
		if (count > 0 && o->packets >= (uint64_t)count)
			return 0; /* was on its way */
		if (++o->packets == (uint64_t)count)
			seeing_finish();
		if (!o->pcapng)
			return print_packet(o->file, r);
	}
	return r->kind == PACKET_RECORD_PACKET || r->kind == PACKET_RECORD_COUNTS
		       ? pcapng_write(&o->p, r)
		       : 0;
}

static int failed(const char *what, int err)
{
	char line[512];

	snprintf(line, sizeof(line), "%s: %s", what, strerror(-err));
	return command_failed(line);
}

static int end(struct output *o, const struct seeing_args *a)
{
	const uint64_t lost = pcapng_lost(&o->p);
	int rc = o->pcapng ? pcapng_end(&o->p) : 0;

	if (rc == 0 && fflush(o->file) != 0)
		rc = -errno;
	if (rc < 0)
		return failed(a->file, rc);
	fprintf(stderr, "%" PRIu64 " packets", o->packets);
	if (lost > 0)
		fprintf(stderr,
			", %" PRIu64 " more were lost: they came faster than they were "
			"taken; give a --filter or a --snap",
			lost);
	fputc('\n', stderr);
	return 0;
}

static int run(struct output *o, const struct seeing_args *a, struct records *r)
{
	const struct packet_record *record;
	int rc;

	r->idle = flush;
	r->arg = o;
	while ((rc = records_next(r, &record)) > 0)
		if ((rc = take(o, record, a->count)) < 0)
			return failed(a->file != NULL ? a->file : "output", rc);
	if (rc < 0)
		return failed("what ovnetd sends", rc);
	rc = end(o, a);
	if (rc == 0 && !seeing_finished())
		return command_failed("ovnetd has ended the capture; did it stop?");
	return rc;
}

static int open_output(struct output *o, const struct seeing_args *a)
{
	*o = (struct output){.file = stdout, .pcapng = a->file != NULL};
	if (a->file != NULL && strcmp(a->file, "-") != 0)
		o->file = fopen(a->file, "wbe");
	if (o->file == NULL)
		return failed(a->file, -errno);
	int rc = o->pcapng ? pcapng_begin(&o->p, o->file, a->filter,
				     a->snap > 0 ? (uint32_t)a->snap : PACKET_RECORD_SNAP_MAX)
			   : 0;
	return rc < 0 ? failed(a->file, rc) : 0;
}

int capture_command(const struct seeing_args *a)
{
	struct output o;
	struct records r;

	if (a->file != NULL && strcmp(a->file, "-") == 0 && isatty(STDOUT_FILENO))
		return command_usage(
			"pcapng is nothing for a terminal; give a file or a pipe to ", "-w");
	/* First: a file that is there is not emptied for nothing. */
	int code = seeing_begin(a, "capture", &r);
	if (code != 0)
		return code;
	code = open_output(&o, a);
	if (code == 0)
		code = run(&o, a, &r);
	pcapng_free(&o.p);
	records_close(&r);
	if (o.file != NULL && o.file != stdout && fclose(o.file) != 0 && code == 0)
		code = failed(a->file, -errno);
	return code;
}
