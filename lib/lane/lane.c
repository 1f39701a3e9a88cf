/* SPDX-License-Identifier: BSD-3-Clause */
#include "lane/lane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "lane/lane_int.h"
#include "lane_bpf.skel.h"

OVNET_LOG_TYPE(lane)

__attribute__((format(printf, 2, 0))) static int print(
	enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	LOG(DEBUG, "%s", line);
	return 0;
}

static int make_config(
	struct ovnet_lane *lane, const struct ovnet_lane_conf *c, struct ovnet_lane_config *out)
{
	*out = (struct ovnet_lane_config){.host_ifindex = c->host_ifindex,
		.vni_be = htonl(c->vni << 8),
		.pass = lane->pass,
		.udp_port_be = htons(c->udp_port),
		.lane_port_be = htons(lane->port),
		.src_port_min = c->src_port_min,
		.host_mtu = c->host_mtu,
		.src_ports = (uint32_t)c->src_port_max - c->src_port_min + 1,
		.leave_syn = c->leave_syn};
	memcpy(out->vtep, c->vtep_mac.b, sizeof(out->vtep));
	return c->host_mtu != 0 ? 0 : lane_device_mtu(&lane->nl, c->host_ifindex, &out->host_mtu);
}

/* Into the slot that was used longest ago, which is named then. */
static void publish(struct ovnet_lane *lane, const struct ovnet_lane_conf *conf,
	const struct ovnet_lane_config *config)
{
	lane->conf = *conf;
	lane->slot = (lane->slot + 1) % OVNET_LANE_SLOTS;
	lane->skel->bss->configs[lane->slot] = *config;
	lane_set_state(lane);
}

/* 24 bits with room for a slot, and not what is on the wire. */
static int draw_pass(struct ovnet_lane *lane, uint32_t vni)
{
	const uint32_t slot = LANE_UPLINKS - 1;

	do {
		if (getrandom(&lane->pass, sizeof(lane->pass), 0) != sizeof(lane->pass)) {
			int err = -errno;
			LOG(ERR, "kernel lane: no random number: %s", strerror(-err));
			return err;
		}
		lane->pass = lane->pass >> 8 & ~slot;
	} while (lane->pass == (vni & ~slot));
	return 0;
}

static bool is_sane(const struct ovnet_lane_conf *c)
{
	return c->host_ifindex != 0 && c->udp_port != 0 && c->udp_port != c->lane_port &&
	       c->src_port_min <= c->src_port_max && c->vni < 1u << 24;
}

/* Does the kernel know how to make room as the way out wants it? Tried on a packet. */
static int probe(struct ovnet_lane *lane)
{
	uint8_t packet[128] = {[12] = 8, [14] = 0x45, [17] = 114, [22] = 64, [23] = IPPROTO_TCP};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	int err = bpf_prog_test_run_opts(bpf_program__fd(lane->skel->progs.ovnet_lane_can), &run);

	return err == 0 && run.retval == 1 ? 0 : -EOPNOTSUPP;
}

static int load(struct ovnet_lane *lane)
{
	libbpf_set_print(print);
	lane->skel = lane_bpf__open_and_load();
	if (lane->skel != NULL)
		return probe(lane);
	int err = -errno;
	/* Others mean that a helper, a kind of map or the verifier's patience is missing. */
	if (err == -EPERM || err == -ENOMEM) {
		LOG(ERR, "kernel lane: the programs cannot be loaded: %s%s", strerror(-err),
			err == -EPERM ? " (CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON are needed)"
				      : "");
		return err;
	}
	LOG(DEBUG, "kernel lane: programs: %s", strerror(-err));
	return -EOPNOTSUPP;
}

int ovnet_lane_set_conf(struct ovnet_lane *lane, const struct ovnet_lane_conf *conf)
{
	struct ovnet_lane_config config;
	int err = is_sane(conf) && conf->udp_port != lane->port ? make_config(lane, conf, &config)
								: -EINVAL;

	if (err == 0 && conf->host_ifindex != lane->host.ifindex)
		err = lane_hooks_host(lane, conf->host_ifindex);
	if (err == 0)
		publish(lane, conf, &config);
	return err;
}

static int remove_leftovers(
	struct nl *nl, bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	bool device;
	int n, err;

	if ((n = lane_tc_remove_all(nl, dry_run, report, arg)) < 0)
		return n;
	if ((err = lane_device_remove(nl, dry_run, &device)) < 0)
		return err;
	if (device && report != NULL)
		report(arg, "link " OVNET_LANE_DEVICE);
	return n + device;
}

static void say_leftover(void *arg, const char *what)
{
	(void)arg;
	LOG(NOTICE, "%s: removed, a former ovnetd left it behind", what);
}

static int set_up(struct ovnet_lane *lane, const struct ovnet_lane_conf *conf)
{
	int err = load(lane);

	if (err == 0)
		err = draw_pass(lane, conf->vni);
	if (err == 0)
		err = remove_leftovers(&lane->nl, false, say_leftover, NULL);
	if (err >= 0)
		err = lane_up_open(lane, conf->lane_port, conf->udp_port);
	if (err == 0)
		err = ovnet_lane_set_conf(lane, conf);
	if (err == -EOPNOTSUPP)
		LOG(INFO, "no kernel lane: it takes Linux 5.13, with vxlan, clsact and cls_bpf; "
			  "host packets go by the workers");
	return err;
}

int ovnet_lane_open(const struct ovnet_lane_conf *conf, struct ovnet_lane **out)
{
	if (!is_sane(conf))
		return -EINVAL;
	struct ovnet_lane *lane = calloc(1, sizeof(*lane));
	int err = -ENOMEM;

	if (lane != NULL && (lane->n_cpus = libbpf_num_possible_cpus()) > 0)
		lane->totals = calloc((size_t)lane->n_cpus, sizeof(*lane->totals));
	if (lane == NULL || lane->totals == NULL)
		LOG(ERR, "kernel lane: out of memory");
	else if ((err = nl_open(&lane->nl)) == 0)
		err = set_up(lane, conf);
	if (err < 0) {
		ovnet_lane_close(lane);
		lane = NULL;
	}
	*out = lane;
	return err;
}

void ovnet_lane_close(struct ovnet_lane *lane)
{
	if (lane == NULL)
		return;
	if (lane->skel != NULL)
		ovnet_lane_enable(lane, false, false);
	lane_hooks_detach(lane);
	if (lane->device != 0)
		(void)lane_device_delete(&lane->nl, lane->device);
	if (lane->nl.sock != NULL)
		nl_close(&lane->nl);
	lane_bpf__destroy(lane->skel);
	free(lane->totals);
	free(lane);
}

int ovnet_lane_remove_leftovers(
	bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	struct nl *nl = malloc(sizeof(*nl));

	if (nl == NULL) {
		LOG(ERR, "kernel lane: out of memory");
		return -ENOMEM;
	}
	libbpf_set_print(print);
	int err = nl_open(nl);
	if (err == 0) {
		err = remove_leftovers(nl, dry_run, report, arg);
		nl_close(nl);
	}
	free(nl);
	return err;
}

void ovnet_lane_enable(struct ovnet_lane *lane, bool out, bool in)
{
	lane->out = out;
	lane->in = in;
	lane_set_state(lane);
}

uint16_t ovnet_lane_port(const struct ovnet_lane *lane)
{
	return lane->port;
}
