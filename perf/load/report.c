/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <inttypes.h>

static double us(const struct load *l, uint64_t cycles)
{
	return (double)cycles * 1e6 / (double)l->hz;
}

static void put_latency(const struct load *l, FILE *to)
{
	static const struct {
		const char *name;
		double share;
	} of[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	const struct histogram *h = &l->latency;

	fprintf(to, "\"latency_us\": {\"min\": %.3f", h->total ? us(l, h->min) : 0);
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		fprintf(to, ", \"%s\": %.3f", of[i].name,
			us(l, histogram_percentile(h, of[i].share)));
	fprintf(to, ", \"max\": %.3f}", us(l, h->max));
}

/* Pairs of a bucket's largest value, in microseconds, and its count. */
static void put_histogram(const struct load *l, FILE *to)
{
	const char *comma = "";

	fprintf(to, ", \"histogram\": [");
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (l->latency.bucket[i] == 0)
			continue;
		fprintf(to, "%s[%.3f, %" PRIu64 "]", comma, us(l, histogram_value(i)),
			l->latency.bucket[i]);
		comma = ", ";
	}
	fprintf(to, "]");
}

static void put_events(
	const struct load *l, const char *name, const struct events *e, bool time, FILE *to)
{
	fprintf(to, ", \"%s_count\": %" PRIu64 ", \"%s\": [", name, e->count, name);
	for (uint64_t i = 0; i < e->count && i < EVENTS; i++) {
		fprintf(to, "%s{\"at_s\": %.6f, ", i ? ", " : "", us(l, e->event[i].tsc) / 1e6);
		if (time)
			fprintf(to, "\"us\": %.1f}", us(l, e->event[i].size));
		else
			fprintf(to, "\"frames\": %" PRIu64 "}", e->event[i].size);
	}
	fprintf(to, "]");
}

bool report(const struct load *l, bool histogram, FILE *to)
{
	const struct tally *t = &l->tally;
	uint64_t cycles = t->cycles ? t->cycles : l->round - l->start;
	double seconds = us(l, cycles) / 1e6;

	fprintf(to,
		"{\"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"lost\": %" PRIu64
		", \"doubled\": %" PRIu64 ", \"late\": %" PRIu64 ", \"corrupt\": %" PRIu64
		", \"foreign\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"skipped\": %" PRIu64,
		t->sent, t->received, t->sent - t->received, t->doubled, t->late, t->corrupt,
		t->foreign, t->refused, l->pace.skipped);
	fprintf(to, ", \"asked_pps\": %.0f, \"rate_pps\": %.0f, \"seconds\": %.6f, ",
		l->options.rate, seconds > 0 ? (double)t->sent / seconds : 0, seconds);
	put_latency(l, to);
	put_events(l, "stolen", &l->away, true, to);
	put_events(l, "holes", &l->holes, false, to);
	if (histogram)
		put_histogram(l, to);
	fprintf(to, "}\n");
	return fflush(to) == 0 && !ferror(to);
}
