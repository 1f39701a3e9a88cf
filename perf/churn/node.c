/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ovnetd as it is, with one part more: a second control socket, CONTROL-SOCKET.taps, by which taps
 * are added to the packet path and removed. No command of ovnetd's own switches one, yet.
 */
#include <stdio.h>
#include <stdlib.h>

#include "modules.h"
#include "path/taps.h"
#include "run/privileges.h"

#define TAPS_MAX 64

/* As who traces: it looks into each packet, and counts for each worker. */
struct tap {
	struct ovnet_rcu_head rcu; /* first */
	struct {
		uint64_t packets, bytes;
	} __rte_cache_aligned seen[OVNET_MAX_WORKERS];
};

static struct ovnet_ctl_server *server;
static struct tap *taps[TAPS_MAX]; /* the control thread's */
static unsigned n_taps;
static uint64_t switched;

static void look(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct tap *tap = arg;

	(void)stage, (void)info;
	for (uint16_t i = 0; i < n; i++)
		tap->seen[worker].bytes += *rte_pktmbuf_mtod(pkts[i], const uint8_t *);
	tap->seen[worker].packets += n;
}

static void release(struct ovnet_rcu_head *head)
{
	free(head); /* the tap's first member */
}

static json_t *tap_add(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct tap *tap =
		n_taps < TAPS_MAX ? aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*tap)) : NULL;

	(void)params;
	if (tap != NULL)
		*tap = (struct tap){0};
	if (tap == NULL || ovnet_taps_add(&d->engine.shared, look, tap) < 0) {
		free(tap);
		snprintf(err, err_size, "no room for another tap");
		return NULL;
	}
	taps[n_taps++] = tap;
	switched++;
	return json_pack("{s:i}", "taps", (int)n_taps);
}

/* The one that came first. */
static json_t *tap_del(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct tap *tap = taps[0];
	uint64_t packets = 0;

	(void)params;
	if (n_taps == 0 || ovnet_taps_remove(&d->engine.shared, look, tap) < 0) {
		snprintf(err, err_size, "there is no tap, or no memory to do without");
		return NULL;
	}
	for (unsigned i = 1; i < n_taps; i++)
		taps[i - 1] = taps[i];
	n_taps--;
	switched++;
	for (unsigned w = 0; w < OVNET_MAX_WORKERS; w++)
		packets += tap->seen[w].packets;
	ovnet_rcu_defer(&d->engine.shared.rcu, &tap->rcu, release);
	return json_pack(
		"{s:I,s:I}", "packets", (json_int_t)packets, "switched", (json_int_t)switched);
}

static const struct ovnet_ctl_method tap_methods[] = {
	{"tap-add", tap_add},
	{"tap-del", tap_del},
	{NULL},
};

static int start_taps(struct daemon *d)
{
	char path[4096];
	int err = 0;

	snprintf(path, sizeof(path), "%s.taps", d->conf.control.socket);
	server = ovnet_ctl_server_new(
		d->base, path, 0600, (gid_t)-1, tap_methods, d, &d->patience, &err);
	return server != NULL ? 0 : err;
}

/* Workers have ended by then, or see no tap any more before they do. */
static void stop_taps(struct daemon *d)
{
	char err[128];

	while (n_taps > 0)
		json_decref(tap_del(d, NULL, err, sizeof(err)));
	ovnet_ctl_server_free(server);
	server = NULL;
}

int main(int argc, char **argv)
{
	static const struct module more = {"taps", start_taps, stop_taps};
	static struct daemon d; /* large, and zero to begin with */
	struct module *all = calloc(n_modules + 1, sizeof(*all));
	enum conf_action action;
	int code = EXIT_FAILURE;

	if (all == NULL || conf_load(&d.conf, argc, argv, &action) < 0)
		return EXIT_FAILURE;
	for (unsigned i = 0; i < n_modules; i++)
		all[i] = modules[i];
	all[n_modules] = more;
	if (action == CONF_RUN && privileges_drop(&d.conf) == 0)
		code = daemon_run(&d, all, n_modules + 1);
	conf_free(&d.conf);
	free(all);
	return code;
}
