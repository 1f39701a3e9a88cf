/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSC cycles per packet of the real encap and decap path, as a whole and by stage. Runs by
 * perf/run.sh stages.
 *
 * What makes the figures honest: totals are taken around whole rounds of the worker's own poll
 * function with no clock inside; the cost of putting packets back as they were is inside too and
 * shown ("source"); every packet is compared with what it has to be after each measurement.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "node.h"

#define ROUNDS   (PACKETS / OVNET_BURST)
#define REPS_MAX 31
#define STAGES   5

enum { S_RX, S_CLASSIFY, S_LOOK, S_HEADER, S_TX };

static const char *const stage_names[2][STAGES] = {
	{"rx", "classify", "route", "encap", "tx"}, {"rx", "classify", "decap", "deliver", "tx"}};
static const struct {
	const char *name;
	uint16_t sizes[13];
} size_sets[] = {
	{"64", {64}},
	{"imix", {64, 570, 64, 570, 64, 1400, 64, 570, 64, 570, 64, 64}}, /* 7:4:1 */
	{"1400", {1400}},
};
static const uint32_t peer_counts[] = {1, 256, 4096, 65536};
static const struct backend backends[] = {
	{"vxlan4", OVNET_ENCAP_VXLAN4, false, false, OVNET_VXLAN4_LEN},
	{"vxlan6", OVNET_ENCAP_VXLAN6, true, true, OVNET_VXLAN6_LEN},
	{"vxlan6-0", OVNET_ENCAP_VXLAN6, true, false, OVNET_VXLAN6_LEN}, /* checksum 0 */
	{"udp4", OVNET_ENCAP_UDP4, false, false, OVNET_UDP4_LEN},
	{"host-gw", OVNET_ENCAP_DIRECT, false, false, OVNET_ETH_LEN},
	{"host-gw6", OVNET_ENCAP_DIRECT, true, false, OVNET_ETH_LEN},
};

static struct {
	const char *json, *level, *backend;
	unsigned reps, rotations;
} opt = {.reps = 15, .rotations = 24};

struct row {
	const struct run_conf *conf;
	const char *size;
	double total, spread, source, stage[STAGES];
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median; half of the repetitions lie within *spread of each other. */
static double median(double *v, unsigned n, double *spread)
{
	qsort(v, n, sizeof(*v), by_value);
	if (spread != NULL)
		*spread = v[n * 3 / 4] - v[n / 4];
	return v[n / 2];
}

static double total_once(struct node *n)
{
	uint64_t packets = 0, start = rte_rdtsc_precise();

	for (unsigned i = 0; i < opt.rotations * ROUNDS; i++)
		packets += n->conf.ops->poll(&n->ctx);
	return (double)(rte_rdtsc_precise() - start) / (double)packets;
}

static double source_once(struct node *n)
{
	struct source *s = &n->port[n->conf.decap ? UPLINK_PORT : HOST_PORT];
	struct rte_mbuf *pkts[OVNET_BURST];
	uint64_t packets = 0, start = rte_rdtsc_precise();

	for (unsigned i = 0; i < opt.rotations * ROUNDS; i++)
		packets += s->port.driver->rx(&s->q, pkts, OVNET_BURST);
	return (double)(rte_rdtsc_precise() - start) / (double)packets;
}

static void stages_once(struct node *n, double *out)
{
	const struct ovnet_path_ops *ops = n->conf.ops;
	struct ovnet_path_ctx *ctx = &n->ctx;
	struct source *s = &n->port[n->conf.decap ? UPLINK_PORT : HOST_PORT];
	const struct ovnet_rxq_ref ref = {&s->port, &s->q};
	uint64_t cycles[STAGES] = {0}, packets = 0, t[STAGES + 1];
	struct rte_mbuf *pkts[OVNET_BURST];
	struct ovnet_lane across = {0}; /* stays empty */

	ctx->map = n->map;
	ctx->view = ovnet_fib_view(&n->shared.fib);
	for (unsigned i = 0; i < opt.rotations * ROUNDS; i++) {
		t[S_RX] = rte_rdtsc_precise();
		uint16_t k = ops->rx(ctx, &ref, pkts);
		packets += k;
		t[S_CLASSIFY] = rte_rdtsc_precise();
		k = ops->classify(ctx, &s->port, pkts, k);
		t[S_LOOK] = rte_rdtsc_precise();
		k = n->conf.decap ? ops->decap(ctx, pkts, k) : ops->route(ctx, pkts, k, &across);
		t[S_HEADER] = rte_rdtsc_precise();
		k = n->conf.decap ? ops->deliver(ctx, pkts, k) : ops->encap(ctx, pkts, k);
		t[S_TX] = rte_rdtsc_precise();
		ops->tx(ctx, pkts, k);
		ops->flush(ctx);
		t[STAGES] = rte_rdtsc_precise();
		for (unsigned j = 0; j < STAGES; j++)
			cycles[j] += t[j + 1] - t[j];
	}
	for (unsigned j = 0; j < STAGES; j++)
		out[j] = (double)cycles[j] / (double)packets;
}

/* Every packet goes by once more, then each is compared with what it has to be. */
static int verify(struct node *n)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		n->conf.ops->poll(&n->ctx);
	return node_verify(n) == 0 ? 0 : -1;
}

static int measure(struct node *n, struct row *row)
{
	double total[REPS_MAX], source[REPS_MAX], stage[STAGES][REPS_MAX], one[STAGES];

	total_once(n); /* warms up; not counted */
	for (unsigned r = 0; r < opt.reps; r++)
		total[r] = total_once(n);
	if (node_verify(n) != 0)
		return -1;
	for (unsigned r = 0; r < opt.reps; r++) {
		stages_once(n, one);
		for (unsigned j = 0; j < STAGES; j++)
			stage[j][r] = one[j];
	}
	if (node_verify(n) != 0)
		return -1;
	for (unsigned r = 0; r < opt.reps; r++)
		source[r] = source_once(n);
	row->total = median(total, opt.reps, &row->spread);
	row->source = median(source, opt.reps, NULL);
	for (unsigned j = 0; j < STAGES; j++)
		row->stage[j] = median(stage[j], opt.reps, NULL);
	return verify(n);
}

static const char *validation(const struct run_conf *c)
{
	return c->strict ? "strict" : "off";
}

static void print_head(bool decap)
{
	printf("\n%-8s %-6s %6s %-5s %-6s %7s %6s |", "backend", "path", "peers", "size", "valid.",
		"cyc/pkt", "spread");
	for (unsigned j = 0; j < STAGES; j++)
		printf(" %8s", stage_names[decap][j]);
	printf(" | %6s\n", "source");
}

static void print_row(const struct row *r)
{
	const struct run_conf *c = r->conf;

	printf("%-8s %-6s %6u %-5s %-6s %7.1f %6.1f |", c->backend->name,
		c->decap ? "decap" : "encap", c->peers, r->size, c->decap ? validation(c) : "-",
		r->total, r->spread);
	for (unsigned j = 0; j < STAGES; j++)
		printf(" %8.1f", r->stage[j]);
	printf(" | %6.1f\n", r->source);
	fflush(stdout);
}

static void json_row(FILE *f, const struct row *r, bool first)
{
	const struct run_conf *c = r->conf;

	fprintf(f,
		"%s\n    {\"path\": \"%s\", \"backend\": \"%s\", \"peers\": %u, \"size\": "
		"\"%s\", "
		"\"validation\": \"%s\", \"cycles_per_packet\": %.2f, \"spread\": %.2f, "
		"\"source\": %.2f, \"stages\": {",
		first ? "" : ",", c->decap ? "decap" : "encap", c->backend->name, c->peers, r->size,
		validation(c), r->total, r->spread, r->source);
	for (unsigned j = 0; j < STAGES; j++)
		fprintf(f, "%s\"%s\": %.2f", j ? ", " : "", stage_names[c->decap][j], r->stage[j]);
	fprintf(f, "}}");
}

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

static bool hugepages_free(void)
{
	unsigned long n = 0;
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");

	if (f == NULL)
		return false;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n >= 64;
}

static int eal(const char **memory)
{
	bool huge = hugepages_free();
	char prefix[32], self[] = "stages",
			 *argv[] = {self, (char *)(huge ? "--in-memory" : "--no-huge"),
				 (char *)"-m", (char *)(huge ? "100" : "256"), (char *)"--no-pci",
				 (char *)"--no-telemetry", (char *)"--log-level=error",
				 (char *)"--file-prefix", prefix, (char *)"--lcores", (char *)"0",
				 (char *)"--no-shconf"};

	snprintf(prefix, sizeof(prefix), "ovnet-stages-%d", (int)getpid());
	*memory = huge ? "2 MB hugepages" : "4 KB pages";
	return rte_eal_init(RTE_DIM(argv) - (huge ? 1 : 0), argv) < 0 ? -1 : 0;
}

static int run_one(const struct run_conf *c, const char *size, struct rte_mempool *pool, FILE *json,
	bool *first)
{
	struct row row = {.conf = c, .size = size};
	struct node *n = node_new(c, pool);

	if (n == NULL)
		return -1;
	int rc = measure(n, &row);
	node_free(n);
	if (rc != 0) {
		fprintf(stderr, "stages: wrong packets: these figures mean nothing\n");
		return rc;
	}
	print_row(&row);
	if (json != NULL)
		json_row(json, &row, *first);
	*first = false;
	return 0;
}

static int run_path(const struct backend *backend, bool decap, bool strict,
	const struct ovnet_path_ops *ops, struct rte_mempool *pool, FILE *json, bool *first)
{
	print_head(decap);
	for (unsigned i = 0; i < RTE_DIM(peer_counts); i++)
		for (unsigned s = 0; s < RTE_DIM(size_sets); s++) {
			const struct run_conf c = {.backend = backend,
				.decap = decap,
				.strict = strict,
				.peers = peer_counts[i],
				.sizes = size_sets[s].sizes,
				.ops = ops};
			if (run_one(&c, size_sets[s].name, pool, json, first) != 0)
				return -1;
		}
	return 0;
}

static int run(FILE *json)
{
	const struct ovnet_path_ops *ops = ovnet_path_select(opt.level);
	const char *memory;
	bool first = true;

	if (ops == NULL) {
		fprintf(stderr, "stages: level %s is unknown or this CPU cannot run it\n",
			opt.level);
		return -1;
	}
	if (eal(&memory) != 0)
		return -1;
	struct rte_mempool *pool =
		ovnet_pool_new("stages", PACKETS * 2 - 1, 256, 2048, SOCKET_ID_ANY);
	if (pool == NULL) {
		fprintf(stderr, "stages: no memory for the packet pool\n");
		return -1;
	}
	printf("%s, level %s, %s, %s, TSC %.0f MHz\n%u packets in rotation, %u flows per peer, "
	       "median of %u\n",
		cpu_model(), ops->level, compiler(), memory, (double)rte_get_tsc_hz() / 1e6,
		PACKETS, FLOWS, opt.reps);
	if (json != NULL)
		fprintf(json,
			"{\"compiler\": \"%s\", \"cpu\": \"%s\", \"level\": \"%s\", \"memory\": "
			"\"%s\", "
			"\"tsc_hz\": %lu, \"rows\": [",
			compiler(), cpu_model(), ops->level, memory,
			(unsigned long)rte_get_tsc_hz());
	for (unsigned i = 0; i < RTE_DIM(backends); i++) {
		const struct backend *b = &backends[i];
		if (opt.backend != NULL && strcmp(opt.backend, b->name) != 0)
			continue;
		if (run_path(b, false, true, ops, pool, json, &first) != 0 ||
			run_path(b, true, true, ops, pool, json, &first) != 0 ||
			run_path(b, true, false, ops, pool, json, &first) != 0)
			return -1;
	}
	if (first) {
		fprintf(stderr, "stages: backend %s is unknown\n", opt.backend);
		return -1;
	}
	if (json != NULL)
		fprintf(json, "\n]}\n");
	return 0;
}

static int parse(int argc, char **argv)
{
	static const struct option longs[] = {{"json", required_argument, NULL, 'j'},
		{"quick", no_argument, NULL, 'q'}, {"backend", required_argument, NULL, 'b'},
		{"level", required_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'j') {
			opt.json = optarg;
		} else if (c == 'l') {
			opt.level = optarg;
		} else if (c == 'b') {
			opt.backend = optarg;
		} else if (c == 'q') {
			opt.reps = 5;
			opt.rotations = 4;
		} else {
			fprintf(c == 'h' ? stdout : stderr,
				"stages [--json FILE] [--quick] [--level x86-64-v2|v3|v4] "
				"[--backend NAME]\n");
			exit(c == 'h' ? 0 : 2);
		}
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	FILE *json = NULL;

	if (parse(argc, argv) != 0) {
		fprintf(stderr, "stages: unexpected argument %s\n", argv[optind]);
		return 2;
	}
	if (opt.json != NULL && (json = fopen(opt.json, "w")) == NULL) {
		fprintf(stderr, "stages: cannot write %s: %m\n", opt.json);
		return 1;
	}
	int rc = run(json);
	if (json != NULL && fclose(json) != 0) {
		fprintf(stderr, "stages: cannot write %s: %m\n", opt.json);
		rc = -1;
	}
	return rc == 0 ? 0 : 1;
}
