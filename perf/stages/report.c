/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <string.h>

#include <rte_cycles.h>

static const char *const stage_names[2][STAGES] = {
	{"rx", "classify", "route", "encap", "tx"}, {"rx", "classify", "decap", "deliver", "tx"}};

static const char *cpu_model(void)
{
	static char model[128] = "unknown";
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "model name : %127[^\"\n]", model) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return model;
}

static const char *compiler(void)
{
#ifdef __clang__
	return "clang " __clang_version__;
#else
	return "gcc " __VERSION__;
#endif
}

static const char *validation(const struct run_conf *c)
{
	return c->strict ? "strict" : "off";
}

static const char *mix(const struct run_conf *c)
{
	return c->mix == ZIPF ? "zipf" : "uniform";
}

void report_begin(const struct report *r)
{
	printf("%s, level %s, %s, %s, TSC %.0f MHz\n%u flows per peer, median of %u; packets get "
	       "other peers each rotation\n"
	       "rotation: packets in it, by so many received at once; floor: receive, find the "
	       "peer, copy 64 bytes, send\n",
		cpu_model(), r->level, compiler(), r->pages, (double)rte_get_tsc_hz() / 1e6, FLOWS,
		r->reps);
	if (r->json == NULL)
		return;
	fprintf(r->json,
		"{\"compiler\": \"%s\", \"cpu\": \"%s\", \"level\": \"%s\", \"memory\": \"%s\", "
		"\"tsc_hz\": %lu, \"rows\": [",
		compiler(), cpu_model(), r->level, r->pages, (unsigned long)rte_get_tsc_hz());
}

void report_head(bool decap)
{
	printf("\n%-14s %-6s %6s %-8s %-5s %-6s %8s %7s %6s %6s %6s |", "backend", "path", "peers",
		"mix", "size", "valid.", "rotation", "cyc/pkt", "spread", "floor", "floors");
	for (unsigned j = 0; j < STAGES; j++)
		printf(" %8s", stage_names[decap][j]);
	printf(" | %6s\n", "source");
}

static void print_row(const struct row *r)
{
	const struct run_conf *c = r->conf;

	printf("%-14s %-6s %6u %-8s %-5s %-6s %5ux%-2u %7.1f %6.1f %6.1f %6.2f |", c->backend->name,
		c->decap ? "decap" : "encap", c->peers, mix(c), c->size,
		c->decap ? validation(c) : "-", c->packets, c->burst, r->total, r->spread, r->floor,
		r->floors);
	for (unsigned j = 0; j < STAGES; j++)
		printf(" %8.1f", r->stage[j]);
	printf(" | %6.1f\n", r->source);
	fflush(stdout);
}

static void json_row(FILE *f, const struct report *rep, const struct row *r)
{
	const struct run_conf *c = r->conf;

	fprintf(f,
		"%s\n    {\"path\": \"%s\", \"backend\": \"%s\", \"peers\": %u, \"mix\": \"%s\", "
		"\"size\": \"%s\", \"validation\": \"%s\", \"packets\": %u, \"burst\": %u, "
		"\"memory\": \"%s\", \"way\": \"%s\", \"cycles_per_packet\": %.2f, \"spread\": "
		"%.2f, "
		"\"floor\": %.2f, \"floors\": %.3f, \"source\": %.2f, \"stages\": {",
		rep->begun ? "," : "", c->decap ? "decap" : "encap", c->backend->name, c->peers,
		mix(c), c->size, validation(c), c->packets, c->burst, rep->pages,
		is_plain(c) ? "plain" : "stages", r->total, r->spread, r->floor, r->floors,
		r->source);
	for (unsigned j = 0; j < STAGES; j++)
		fprintf(f, "%s\"%s\": %.2f", j ? ", " : "", stage_names[c->decap][j], r->stage[j]);
	fprintf(f, "}, \"samples\": [");
	for (unsigned i = 0; i < r->reps; i++)
		fprintf(f, "%s%.2f", i ? ", " : "", r->samples[i]);
	fprintf(f, "]}");
}

void report_row(struct report *r, const struct row *row)
{
	const struct run_conf *c = row->conf;

	print_row(row);
	if (r->json != NULL)
		json_row(r->json, r, row);
	r->begun = true;
	if (r->floor[c->decap] == 0 && strcmp(c->backend->name, "vxlan4") == 0 && c->peers == 256 &&
		strcmp(c->size, "64") == 0)
		r->floor[c->decap] = row->floor;
}

void report_end(const struct report *r)
{
	if (r->json == NULL)
		return;
	fprintf(r->json, "\n], \"floor\": ");
	if (r->floor[0] != 0)
		fprintf(r->json, "%.2f, \"floor_decap\": %.2f}\n", r->floor[0], r->floor[1]);
	else
		fprintf(r->json, "null}\n");
}
