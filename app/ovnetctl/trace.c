/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"
#include "base/packet_summary.h"
#include "base/stage.h"
#include "command.h"
#include "seeing.h"
#include "table.h"

/* Nothing more comes of a packet that has been silent for so long; fragments wait up to a second.
 */
#define SILENCE_NS 1200000000u
#define STEPS_MAX  32 /* runs of one stage by one worker */

struct step {
	uint8_t stage, worker;
	unsigned n; /* times in a row, of a packet that was cut */
};

/* What became of it, or of pieces of it. */
struct outcome {
	bool sent;
	uint8_t reason;
	char port[PACKET_RECORD_PORT]; /* it left by */
	unsigned n;
	uint32_t bytes; /* of the first */
	char text[PACKET_SUMMARY_SIZE];
};

struct followed {
	bool begun, shown;
	uint64_t first, last; /* when */
	char port[PACKET_RECORD_PORT];
	uint32_t bytes;
	char text[PACKET_SUMMARY_SIZE];
	unsigned n_steps, n_outcomes;
	struct step step[STEPS_MAX];
	struct outcome outcome[8];
};

struct trace {
	unsigned n, shown;
	struct followed *packet;
	uint64_t lost;
	json_t *list; /* with --json */
};

static const char *stage_name(unsigned stage)
{
#define NAME(id, name) #name,
	static const char *const names[] = {OVNET_STAGES(NAME)};
#undef NAME

	return stage < OVNET_STAGE_COUNT ? names[stage] : "?";
}

static const char *reason_name(unsigned reason)
{
	return reason < OVNET_DROP_COUNT ? ovnet_drop_name((enum ovnet_drop)reason) : "?";
}

static void add_step(struct followed *f, const struct packet_record *r)
{
	struct step *last = f->n_steps > 0 ? &f->step[f->n_steps - 1] : NULL;

	if (last != NULL && last->stage == r->stage && last->worker == r->worker)
		last->n++;
	else if (f->n_steps < STEPS_MAX)
		f->step[f->n_steps++] = (struct step){r->stage, r->worker, 1};
}

/* The newest one of its pieces was sent, and then refused by the driver. */
static void unsend(struct followed *f)
{
	for (unsigned i = 0; i < f->n_outcomes; i++)
		if (f->outcome[i].sent && f->outcome[i].n > 0) {
			f->outcome[i].n--;
			return;
		}
}

static void add_outcome(struct followed *f, const struct packet_record *r)
{
	struct outcome o = {.sent = r->side == PACKET_RECORD_OUT,
		.reason = r->reason,
		.n = 1,
		.bytes = r->bytes};
	const bool behind_tx = f->n_steps > 1 && f->step[f->n_steps - 2].stage == OVNET_STAGE_TX;

	if (o.sent)
		memcpy(o.port, r->port, sizeof(o.port) - 1);
	else if (behind_tx)
		unsend(f);
	for (unsigned i = 0; i < f->n_outcomes; i++)
		if (f->outcome[i].sent == o.sent && f->outcome[i].reason == o.reason &&
			strcmp(f->outcome[i].port, o.port) == 0) {
			f->outcome[i].n++;
			return;
		}
	if (f->n_outcomes == sizeof(f->outcome) / sizeof(f->outcome[0]))
		return;
	packet_summary((const uint8_t *)(r + 1), r->captured, r->raw != 0, o.text);
	f->outcome[f->n_outcomes++] = o;
}

static void take(struct trace *t, const struct packet_record *r)
{
	if (r->trace == 0 || r->trace > t->n)
		return;
	struct followed *f = &t->packet[r->trace - 1];
	if (f->shown)
		return;
	if (!f->begun)
		f->first = r->when;
	f->begun = true;
	f->last = r->when;
	add_step(f, r);
	if (r->side == PACKET_RECORD_IN) {
		memcpy(f->port, r->port, sizeof(f->port) - 1);
		f->bytes = r->bytes;
		packet_summary((const uint8_t *)(r + 1), r->captured, r->raw != 0, f->text);
	} else if (r->side != PACKET_RECORD_ON_ITS_WAY) {
		add_outcome(f, r);
	}
}

static json_t *outcome_json(const struct outcome *o)
{
	return json_pack("{s:s,s:s*,s:s*,s:s*,s:i,s:I,s:s}", "outcome",
		o->sent ? "sent" : "refused", "port", o->sent ? o->port : NULL, "reason",
		o->sent ? NULL : reason_name(o->reason), "help",
		o->sent || o->reason >= OVNET_DROP_COUNT
			? NULL
			: ovnet_drop_help((enum ovnet_drop)o->reason),
		"packets", (int)o->n, "length", (json_int_t)o->bytes, "packet", o->text);
}

static json_t *packet_json(const struct followed *f, unsigned number)
{
	json_t *stages = json_array(), *outcomes = json_array();

	for (unsigned i = 0; i < f->n_steps; i++)
		json_array_append_new(stages,
			json_pack("{s:s,s:i,s:i}", "stage", stage_name(f->step[i].stage), "worker",
				(int)f->step[i].worker, "times", (int)f->step[i].n));
	for (unsigned i = 0; i < f->n_outcomes; i++)
		if (f->outcome[i].n > 0)
			json_array_append_new(outcomes, outcome_json(&f->outcome[i]));
	return json_pack("{s:i,s:f,s:s,s:I,s:s,s:I,s:o,s:o}", "number", (int)number, "time",
		(double)f->first / 1e9, "port", f->port, "length", (json_int_t)f->bytes, "packet",
		f->text, "nanoseconds", (json_int_t)(f->last - f->first), "stages", stages,
		"outcomes", outcomes);
}

static void print_steps(const struct followed *f)
{
	printf("   ");
	for (unsigned i = 0; i < f->n_steps; i++) {
		const struct step *s = &f->step[i];
		if (i > 0 && s->worker != f->step[i - 1].worker)
			printf(", worker %u:", s->worker);
		else if (i > 0)
			printf(" >");
		printf(" %s", stage_name(s->stage));
		if (s->n > 1)
			printf(" x%u", s->n);
	}
	putchar('\n');
}

static void print_outcome(const struct outcome *o)
{
	printf("    ");
	if (o->n > 1)
		printf("%u times ", o->n);
	if (o->sent) {
		char *port = printable(o->port);
		printf("sent by %s: %s, %" PRIu32 " bytes\n", port, o->text, o->bytes);
		free(port);
	} else {
		printf("refused: %s (%s)\n", reason_name(o->reason),
			o->reason < OVNET_DROP_COUNT ? ovnet_drop_help((enum ovnet_drop)o->reason)
						     : "?");
	}
}

static void print_packet(const struct followed *f, unsigned number)
{
	char when[48];
	char *port = printable(f->port);
	unsigned told = 0;

	command_time((double)f->first / 1e9, "%T", when, sizeof(when));
	printf("%u: %s %s, worker %u: %s, %" PRIu32 " bytes\n", number, when, port,
		f->n_steps > 0 ? f->step[0].worker : 0, f->text, f->bytes);
	free(port);
	print_steps(f);
	for (unsigned i = 0; i < f->n_outcomes; i++)
		if (f->outcome[i].n > 0) {
			print_outcome(&f->outcome[i]);
			told++;
		}
	if (told == 0)
		printf("    neither sent nor refused: taken by ovnet itself, or part of another "
		       "packet\n");
}

/* Those of which nothing more is to come, in their order. */
static void show(struct trace *t, uint64_t now)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct followed *f = &t->packet[i];
		const bool ended = f->n_outcomes > 0 && now > f->last + SILENCE_NS / 8;

		if (!f->begun || f->shown || (now < f->last + SILENCE_NS && !ended))
			continue;
		f->shown = true;
		t->shown++;
		if (t->list != NULL)
			json_array_append_new(t->list, packet_json(f, i + 1));
		else
			print_packet(f, i + 1);
	}
	(void)fflush(stdout);
	if (t->shown == t->n)
		seeing_finish();
}

static int run(struct trace *t, struct records *r)
{
	const struct packet_record *record;
	int rc;

	while ((rc = records_next(r, &record)) > 0) {
		if (record->kind == PACKET_RECORD_PACKET) {
			take(t, record);
		} else if (record->kind == PACKET_RECORD_TICK) {
			show(t, record->when);
		} else if (record->kind == PACKET_RECORD_COUNTS) {
			struct packet_record_counts counts;
			memcpy(&counts, record + 1, sizeof(counts));
			t->lost = counts.lost;
		}
	}
	show(t, UINT64_MAX); /* what was on its way at the end */
	if (t->lost > 0)
		fprintf(stderr,
			"%" PRIu64 " steps were lost: they came faster than they were "
			"taken\n",
			t->lost);
	if (rc < 0)
		return command_failed(strerror(-rc));
	if (!seeing_finished())
		return command_failed("ovnetd has ended the trace; did it stop?");
	return t->list != NULL ? command_print_json(t->list) : command_flush();
}

int trace_command(const struct seeing_args *a)
{
	struct trace t = {.n = a->count > 0 ? (unsigned)a->count : 1};
	struct records r;

	t.packet = calloc(t.n, sizeof(t.packet[0]));
	t.list = a->json ? json_array() : NULL;
	if (t.packet == NULL || (a->json && t.list == NULL)) {
		free(t.packet);
		json_decref(t.list);
		return command_failed("no memory");
	}
	int code = seeing_begin(a, "trace", &r);
	if (code == 0) {
		code = run(&t, &r);
		records_close(&r);
	}
	json_decref(t.list);
	free(t.packet);
	return code;
}
