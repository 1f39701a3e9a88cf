/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSC cycles per packet of the real encap and decap path, as a whole and by stage, beside the floor
 * under any encapsulation (measure.c). Runs by perf/run.sh stages.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "report.h"

static const struct {
	const char *name;
	uint16_t sizes[13];
} size_sets[] = {
	{"64", {64}},
	{"imix", {64, 570, 64, 570, 64, 1400, 64, 570, 64, 570, 64, 64}}, /* 7:4:1 */
	{"1400", {1400}},
};
static const uint32_t peer_counts[] = {1, 256, 4096, 65536};
static const struct backend host_gw = {"host-gw", OVNET_ENCAP_DIRECT, false, false, OVNET_ETH_LEN,
				    NULL},
			    vxlan6 = {"vxlan6", OVNET_ENCAP_VXLAN6, true, true, OVNET_VXLAN6_LEN,
				    NULL};
static const struct backend backends[] = {
	{"vxlan4", OVNET_ENCAP_VXLAN4, false, false, OVNET_VXLAN4_LEN, NULL},
	{"vxlan6", OVNET_ENCAP_VXLAN6, true, true, OVNET_VXLAN6_LEN, NULL},
	{"vxlan6-0", OVNET_ENCAP_VXLAN6, true, false, OVNET_VXLAN6_LEN, NULL}, /* checksum 0 */
	{"udp4", OVNET_ENCAP_UDP4, false, false, OVNET_UDP4_LEN, NULL},
	{"host-gw", OVNET_ENCAP_DIRECT, false, false, OVNET_ETH_LEN, NULL},
	{"host-gw6", OVNET_ENCAP_DIRECT, true, false, OVNET_ETH_LEN, NULL},
	{"vxlan4+host-gw", OVNET_ENCAP_VXLAN4, false, false, OVNET_VXLAN4_LEN, &host_gw},
	{"vxlan4+vxlan6", OVNET_ENCAP_VXLAN4, false, false, OVNET_VXLAN4_LEN, &vxlan6},
};

/* Packets in rotation and received at once: as usual, then what else is looked at. */
static const struct rotation {
	uint32_t packets;
	uint16_t burst;
} rotations[] = {{8192, OVNET_BURST}, {2048, OVNET_BURST}, {16384, OVNET_BURST}, {8192, 8}};

static struct {
	const char *json, *level, *backend, *path, *size;
	uint32_t peers;
	unsigned reps, rotations;
	bool quick, small_pages;
} opt = {.reps = 11, .rotations = 6};

static struct report report;
static struct rte_mempool *pool;

static bool hugepages_free(void)
{
	unsigned long n = 0;
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");

	if (f == NULL)
		return false;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n >= 96;
}

static int eal(void)
{
	bool huge = !opt.small_pages && hugepages_free();
	char prefix[32], self[] = "stages",
			 *argv[] = {self, (char *)(huge ? "--in-memory" : "--no-huge"),
				 (char *)"-m", (char *)(huge ? "160" : "256"), (char *)"--no-pci",
				 (char *)"--no-telemetry", (char *)"--log-level=error",
				 (char *)"--file-prefix", prefix, (char *)"--lcores", (char *)"0",
				 (char *)"--no-shconf"};

	if (!huge && !opt.small_pages)
		fprintf(stderr, "stages: WARNING: no 192 MB of free hugepages: packets are in 4 KB "
				"pages, where all takes longer (scripts/hugepages.sh reserve "
				"--memory 192, or perf/run.sh as root)\n");
	snprintf(prefix, sizeof(prefix), "ovnet-stages-%d", (int)getpid());
	report.pages = huge ? "2 MB hugepages" : "4 KB pages";
	return rte_eal_init(RTE_DIM(argv) - (huge ? 1 : 0), argv) < 0 ? -1 : 0;
}

static bool asked_for(const struct run_conf *c)
{
	return (opt.backend == NULL || strcmp(opt.backend, c->backend->name) == 0) &&
	       (opt.path == NULL || strcmp(opt.path, c->decap ? "decap" : "encap") == 0) &&
	       (opt.size == NULL || strcmp(opt.size, c->size) == 0) &&
	       (opt.peers == 0 || opt.peers == c->peers);
}

static int run_one(const struct run_conf *c)
{
	struct row row = {.conf = c};

	if (!asked_for(c))
		return 0;
	struct node *n = node_new(c, pool);
	if (n == NULL)
		return -1;
	int rc = measure(n, opt.reps, opt.rotations, &row);
	node_free(n);
	if (rc != 0)
		fprintf(stderr, "stages: wrong packets: these figures mean nothing\n");
	else
		report_row(&report, &row);
	return rc;
}

/* Is the row part of what is looked at? All is of the first backend, of others what differs. */
static bool is_of_interest(const struct run_conf *c, unsigned rotation)
{
	const bool plain = c->mix == UNIFORM && rotation == 0;
	const bool first = c->backend == &backends[0], small = strcmp(c->size, "64") == 0;

	if (opt.small_pages)
		return first && small && plain && c->peers != 4096;
	if (rotation != 0)
		return first && small && c->peers == 256 && c->mix == UNIFORM;
	if (c->mix == ZIPF)
		return first && small && c->peers > 1;
	if (c->backend->other != NULL)
		return small && c->peers > 1;
	return first || !opt.quick || (small && c->peers != 4096);
}

static int run_rotations(struct run_conf *c)
{
	for (unsigned i = 0; i < RTE_DIM(rotations); i++) {
		c->packets = rotations[i].packets;
		c->burst = rotations[i].burst;
		for (c->mix = UNIFORM; c->mix <= ZIPF; c->mix++)
			if (is_of_interest(c, i) && run_one(c) != 0)
				return -1;
	}
	return 0;
}

static int run_path(const struct backend *backend, bool decap, bool strict)
{
	struct run_conf c = {.backend = backend, .decap = decap, .strict = strict};

	c.ops = ovnet_path_select(opt.level);
	report_head(decap);
	for (unsigned i = 0; i < RTE_DIM(peer_counts); i++)
		for (unsigned s = 0; s < RTE_DIM(size_sets); s++) {
			c.peers = peer_counts[i];
			c.size = size_sets[s].name;
			c.sizes = size_sets[s].sizes;
			if (run_rotations(&c) != 0)
				return -1;
		}
	return 0;
}

static int run(void)
{
	const struct ovnet_path_ops *ops = ovnet_path_select(opt.level);

	if (ops == NULL) {
		fprintf(stderr, "stages: level %s is unknown or this CPU cannot run it\n",
			opt.level);
		return -1;
	}
	if (eal() != 0)
		return -1;
	pool = ovnet_pool_new("stages", PACKETS_MAX * 2 - 1, 256, 2048, SOCKET_ID_ANY);
	if (pool == NULL) {
		fprintf(stderr, "stages: no memory for the packet pool\n");
		return -1;
	}
	report.level = ops->level;
	report.reps = opt.reps;
	report_begin(&report);
	for (unsigned i = 0; i < RTE_DIM(backends); i++) {
		const struct backend *b = &backends[i];
		if (opt.backend != NULL && strcmp(opt.backend, b->name) != 0)
			continue;
		if (opt.small_pages && i > 0)
			break;
		if (run_path(b, false, true) != 0 || run_path(b, true, true) != 0 ||
			run_path(b, true, false) != 0)
			return -1;
	}
	if (!report.begun) {
		fprintf(stderr, "stages: nothing is what --backend, --path, --size and --peers ask "
				"for\n");
		return -1;
	}
	report_end(&report);
	return 0;
}

static void usage(FILE *to)
{
	fputs("usage: perf/run.sh stages [options]\n\n"
	      "TSC cycles per packet of encap and decap, in all and by stage, in one process.\n\n"
	      "  --json FILE      write the figures there too\n"
	      "  --quick          seconds instead of minutes, noisier\n"
	      "  --level LEVEL    x86-64-v2, x86-64-v3 or x86-64-v4 instead of the CPU's best\n"
	      "  --backend NAME   vxlan4, vxlan6, vxlan6-0 (checksum 0), udp4, host-gw, host-gw6,\n"
	      "                   vxlan4+host-gw or vxlan4+vxlan6 (peers of both kinds) only\n"
	      "  --path encap|decap, --size 64|imix|1400, --peers 1|256|4096|65536\n"
	      "                   these rows only\n"
	      "  --pages 4k       packets in 4 KB pages; fewer rows\n",
		to);
}

static int parse(int argc, char **argv)
{
	static const struct option longs[] = {{"json", required_argument, NULL, 'j'},
		{"quick", no_argument, NULL, 'q'}, {"backend", required_argument, NULL, 'b'},
		{"level", required_argument, NULL, 'l'}, {"path", required_argument, NULL, 'p'},
		{"size", required_argument, NULL, 's'}, {"peers", required_argument, NULL, 'n'},
		{"pages", required_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			opt.json = optarg;
			break;
		case 'l':
			opt.level = optarg;
			break;
		case 'b':
			opt.backend = optarg;
			break;
		case 'p':
			opt.path = optarg;
			break;
		case 's':
			opt.size = optarg;
			break;
		case 'n':
			opt.peers = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'g':
			if (strcmp(optarg, "4k") != 0)
				return -1;
			opt.small_pages = true;
			break;
		case 'q':
			opt.quick = true;
			opt.reps = 5;
			opt.rotations = 2;
			break;
		default:
			usage(c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (parse(argc, argv) != 0) {
		usage(stderr);
		return 2;
	}
	if (opt.json != NULL && (report.json = fopen(opt.json, "w")) == NULL) {
		fprintf(stderr, "stages: cannot write %s: %m\n", opt.json);
		return 1;
	}
	int rc = run();
	if (report.json != NULL && fclose(report.json) != 0) {
		fprintf(stderr, "stages: cannot write %s: %m\n", opt.json);
		rc = -1;
	}
	return rc == 0 ? 0 : 1;
}
