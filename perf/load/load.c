/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generator and receiver: sends frames by one port as a schedule has it, takes what a switch makes
 * of them by another, and tells what was lost, doubled, late, corrupt, and how long each took.
 */
#include <getopt.h>
#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "report.h"

struct options {
	struct device_options device;
	struct trial_options trial;
	const char *frames, *json;
	uint32_t link_seconds;
	bool one_trial, histogram;
};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: load --tx DEVARGS --rx DEVARGS --frames FILE.pcap [options]\n"
		"\n"
		"  --tx, --rx DEVARGS   ports, as DPDK has them: net_memif0,..., or a PCI "
		"address;\n"
		"                       twice the same: one port for both\n"
		"  --frames FILE        what to send, in turn; the last 14 bytes of each are "
		"written over\n"
		"  --seconds S          one trial, its figures to stdout; else commands are read "
		"from stdin:\n"
		"                       rate PPS, warm S, drain MS, run S, burst N, start, stop, "
		"stats,\n"
		"                       histogram, quit; each is answered by a line of JSON\n"
		"  --back-to-back N     one trial of N frames, as fast as can be\n"
		"  --rate PPS           frames a second; as many as can be if not said\n"
		"  --warm S             so long before the trial, which does not count\n"
		"  --drain MS           the trial ends when nothing came for so long (200)\n"
		"  --nap US             rest so long between rounds, for one that shares its CPU\n"
		"  --histogram          with the trial's whole distribution\n"
		"  --json FILE          the figures there instead of stdout\n"
		"  --link S             wait so long for the links (10)\n"
		"  --cpu N              the one that is kept busy (0)\n"
		"  --memory MB          for packet buffers (64), of hugepages but for --no-huge\n"
		"  --no-huge            4 KB pages; excludes memif's zero-copy\n"
		"  --wire               what finds the ring full was not sent rather than lost; so "
		"it is with NICs\n"
		"  --prefix NAME        DPDK's file prefix, where several run (load)\n");
}

static bool number(const char *text, double most, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0' && *value >= 0 && *value <= most;
}

enum which {
	TX = 1,
	RX,
	FRAMES,
	SECONDS,
	BACK_TO_BACK,
	RATE,
	WARM,
	DRAIN,
	NAP,
	HISTOGRAM,
	JSON,
	LINK,
	CPU,
	MEMORY,
	NO_HUGE,
	WIRE,
	PREFIX,
	HELP,
};

static const struct option names[] = {
	{"tx", required_argument, NULL, TX},
	{"rx", required_argument, NULL, RX},
	{"frames", required_argument, NULL, FRAMES},
	{"seconds", required_argument, NULL, SECONDS},
	{"back-to-back", required_argument, NULL, BACK_TO_BACK},
	{"rate", required_argument, NULL, RATE},
	{"warm", required_argument, NULL, WARM},
	{"drain", required_argument, NULL, DRAIN},
	{"nap", required_argument, NULL, NAP},
	{"histogram", no_argument, NULL, HISTOGRAM},
	{"json", required_argument, NULL, JSON},
	{"link", required_argument, NULL, LINK},
	{"cpu", required_argument, NULL, CPU},
	{"memory", required_argument, NULL, MEMORY},
	{"no-huge", no_argument, NULL, NO_HUGE},
	{"wire", no_argument, NULL, WIRE},
	{"prefix", required_argument, NULL, PREFIX},
	{"help", no_argument, NULL, HELP},
	{0},
};

/* Those that are a text. False: it is none of them. */
static bool text_option(struct options *o, int which, const char *text)
{
	const char **to[] = {[TX] = &o->device.tx,
		[RX] = &o->device.rx,
		[FRAMES] = &o->frames,
		[JSON] = &o->json,
		[CPU] = &o->device.cpu,
		[MEMORY] = &o->device.megabytes,
		[PREFIX] = &o->device.prefix};

	if (which >= (int)(sizeof(to) / sizeof(to[0])) || !to[which])
		return false;
	*to[which] = text;
	return true;
}

static bool number_option(struct options *o, int which, const char *text)
{
	double v;

	if (!number(text, 1e15, &v)) {
		fprintf(stderr, "load: '%s' is no number that makes sense\n", text);
		return false;
	}
	switch (which) {
	case SECONDS:
		o->trial.seconds = v;
		o->one_trial = true;
		return v > 0;
	case BACK_TO_BACK:
		o->trial.count = (uint64_t)v;
		o->one_trial = true;
		return v >= 1;
	case RATE:
		o->trial.rate = v;
		return true;
	case WARM:
		o->trial.warm = v;
		return true;
	case DRAIN:
		o->trial.drain_ms = v > 60000 ? 60000 : (uint32_t)v;
		return true;
	case NAP:
		o->trial.nap_us = v > 10000 ? 10000 : (uint32_t)v;
		return true;
	case LINK:
		o->link_seconds = v > 3600 ? 3600 : (uint32_t)v;
		return true;
	default:
		return false;
	}
}

/* Returns an exit status, or -1: go on. */
static int options_read(struct options *o, int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (which == HELP || which == 'h') {
			usage(stdout);
			return 0;
		}
		if (which == NO_HUGE)
			o->device.no_huge = true;
		else if (which == WIRE)
			o->device.wire = true;
		else if (which == HISTOGRAM)
			o->histogram = true;
		else if (which == '?' ||
			 (!text_option(o, which, optarg) && !number_option(o, which, optarg)))
			return 2;
	}
	if (o->device.tx && !o->device.rx)
		o->device.rx = o->device.tx;
	if (o->device.tx && o->frames && optind == argc)
		return -1;
	usage(stderr);
	return 2;
}

static int one_trial(struct load *l, const struct options *o)
{
	FILE *to = o->json ? fopen(o->json, "w") : stdout;

	if (!to) {
		perror(o->json);
		return 1;
	}
	trial_run(l, NULL, NULL);
	bool good = report(l, o->histogram, to);
	if (o->json && fclose(to) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "load: not all was written to %s\n", o->json ? o->json : "stdout");
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct load load;
	struct options o = {.device = {.cpu = "0", .prefix = "load", .megabytes = "64"},
		.trial.drain_ms = 200,
		.link_seconds = 10};
	int rc = options_read(&o, argc, argv);

	if (rc >= 0)
		return rc;
	if (!frames_read(&load.frames, o.frames))
		return 1;
	if (!devices_start(&load.dev, &o.device, o.link_seconds))
		return 1;
	load.options = o.trial;
	load.hz = rte_get_tsc_hz();
	load.run = (uint16_t)rte_rdtsc();
	rc = o.one_trial ? one_trial(&load, &o) : commands(&load);
	devices_stop(&load.dev);
	frames_free(&load.frames);
	return rc;
}
