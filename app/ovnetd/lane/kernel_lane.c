/* SPDX-License-Identifier: BSD-3-Clause */
#include "lane/kernel_lane.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "node/backend.h"

OVNET_LOG_TYPE(lane)

#define NOT_YET "there is no lease yet"

/* One that rules of a firewall can name. */
static uint16_t lane_port(uint16_t udp_port)
{
	return (uint16_t)(udp_port < UINT16_MAX ? udp_port + 1 : udp_port - 1);
}

static struct ovnet_lane_conf conf_now(const struct kernel_lane *l)
{
	struct ovnet_overlay o;

	backend_overlay(l->node, &o);
	return (struct ovnet_lane_conf){
		.host_ifindex = l->host->port->ifindex,
		.host_mtu = l->node->overlay_mtu,
		.udp_port = o.udp_port,
		.lane_port = lane_port(o.udp_port),
		.src_port_min = o.src_port_min,
		.src_port_max = o.src_port_max,
		.vni = o.vni,
		.vtep_mac = o.vtep_mac,
		.leave_syn = o.mss_clamp,
	};
}

static bool conf_equal(const struct ovnet_lane_conf *a, const struct ovnet_lane_conf *b)
{
	return a->host_ifindex == b->host_ifindex && a->host_mtu == b->host_mtu &&
	       a->leave_syn == b->leave_syn && a->udp_port == b->udp_port &&
	       a->src_port_min == b->src_port_min && a->src_port_max == b->src_port_max &&
	       a->vni == b->vni && ovnet_mac_equal(&a->vtep_mac, &b->vtep_mac);
}

static bool has_uplink(const struct kernel_lane *l)
{
	for (unsigned i = 0; i < l->underlay->n; i++)
		if (kernel_lane_ifindex(&l->underlay->uplinks[i]) != 0)
			return true;
	return false;
}

/* What only a restart changes; NULL: nothing is against it. */
static const char *against_it(const struct kernel_lane *l)
{
	struct ovnet_overlay o;

	if (l->node->conf->host.kernel_lane == CONF_LANE_OFF)
		return "host.kernel-lane is off";
	if (l->host->port == NULL)
		return "there is no host device";
	if (!node_has(l->node, NODE_READY))
		return NULL;
	if (l->node->netconf.backend != OVNET_BACKEND_VXLAN)
		return "the backend is not vxlan";
	backend_overlay(l->node, &o);
	if (o.outer.dscp_inherit || o.outer.ttl_inherit || o.outer.df_inherit || o.outer.csum4)
		return "outer headers are made by the packet (encap.dscp, ttl, df, udp-checksum)";
	return NULL;
}

/* Why no packet may take it now; NULL: all may. */
static const char *against_now(const struct kernel_lane *l)
{
	if (!node_has(l->node, NODE_READY))
		return NOT_YET;
	if (!node_has_lease(l->node))
		return "the lease was left to another node";
	if (!has_uplink(l))
		return "no uplink runs on driver socket (without send = \"udp\") or af_packet";
	if (l->host->down)
		return "the host device is down";
	if (atomic_load_explicit(&l->engine->shared.taps, memory_order_relaxed) != NULL)
		return "packets are being looked at (capture, mirror or trace)";
	return NULL;
}

static void remove_former(struct kernel_lane *l)
{
	if (l->former && ovnet_lane_remove_leftovers(false, NULL, NULL) > 0)
		LOG(INFO, "removed the kernel lane of a daemon that was killed");
	l->former = false;
}

void kernel_lane_start(struct kernel_lane *l)
{
	l->former = true;
	if (l->node->conf->host.kernel_lane == CONF_LANE_OFF)
		remove_former(l);
}

static void open_lane(struct kernel_lane *l)
{
	struct ovnet_lane_conf conf = conf_now(l);
	int rc = ovnet_lane_open(&conf, &l->lane);

	if (rc == -EADDRINUSE) {
		LOG(NOTICE, "kernel lane: taking another UDP port than %u", conf.lane_port);
		conf.lane_port = 0;
		rc = ovnet_lane_open(&conf, &l->lane);
	}
	if (rc < 0) {
		l->lane = NULL;
		l->cannot = rc == -EOPNOTSUPP ? "this kernel cannot do it"
					      : "it did not open (reason in the log)";
		return;
	}
	l->former = false; /* it has taken its place */
	l->conf = conf;
	LOG(INFO, "kernel lane: TCP, UDP and ping between %s and vxlan peers stay in the kernel",
		l->host->port->name);
	l->events.opened(l->arg);
}

/* 0 or negative errno; what could not be told is given up. */
static int tell_all(struct kernel_lane *l)
{
	static const struct ovnet_prefix4 nothing;
	const struct ovnet_lane_conf conf = conf_now(l);
	int rc = conf_equal(&conf, &l->conf) ? 0 : ovnet_lane_set_conf(l->lane, &conf);

	if (rc < 0) {
		kernel_lane_give_up(l, "this node's lease", rc);
		return rc;
	}
	l->conf = conf;
	rc = kernel_lane_tell_own(l, node_has_lease(l->node) ? &l->node->own.subnet : &nothing);
	if (rc == 0)
		rc = kernel_lane_tell_uplinks(l);
	if (rc < 0)
		kernel_lane_give_up(l, "this node's addresses", rc);
	return rc;
}

static void enable(struct kernel_lane *l)
{
	bool in = l->n_uplinks > 0;

	if (l->out && in == l->in)
		return;
	l->out = true;
	l->in = in;
	l->why = NULL;
	if (!in)
		kernel_lane_no_way_in(l);
	ovnet_lane_enable(l->lane, true, in);
}

void kernel_lane_update(struct kernel_lane *l)
{
	const char *why = l->cannot;

	if (why == NULL)
		why = against_it(l);
	if (why == NULL)
		why = against_now(l);
	/* Before it is told of another lease or uplink. */
	if (why != NULL)
		kernel_lane_off(l, why);
	if (!node_has(l->node, NODE_READY))
		return;
	if (l->lane == NULL && why == NULL)
		open_lane(l);
	if (l->lane == NULL) {
		remove_former(l);
		l->why = why != NULL ? why : l->cannot;
		return;
	}
	if (l->cannot == NULL && tell_all(l) == 0 && why == NULL)
		enable(l);
}

void kernel_lane_attached(struct kernel_lane *l, const struct ovnet_prefix *addrs, unsigned n)
{
	kernel_lane_take_attached(l, addrs, n);
	kernel_lane_update(l);
}

void kernel_lane_look(struct kernel_lane *l)
{
	if (l->lane != NULL)
		kernel_lane_check(l);
	kernel_lane_update(l);
}

void kernel_lane_stats(const struct kernel_lane *l, struct ovnet_lane_stats *out)
{
	*out = (struct ovnet_lane_stats){0};
	if (l->lane != NULL)
		ovnet_lane_stats(l->lane, out);
}

void kernel_lane_init(struct kernel_lane *l, struct engine *engine, const struct node *node,
	struct underlay *underlay, const struct host *host, const struct kernel_lane_events *events,
	void *arg)
{
	*l = (struct kernel_lane){
		.engine = engine,
		.node = node,
		.underlay = underlay,
		.host = host,
		.warnings = engine->warnings,
		.events = *events,
		.arg = arg,
		.why = NOT_YET,
	};
}

void kernel_lane_fini(struct kernel_lane *l)
{
	remove_former(l);
	ovnet_lane_close(l->lane);
	l->lane = NULL;
	free(l->elsewhere);
	free(l->attached);
	l->elsewhere = l->attached = NULL;
	l->n_elsewhere = l->n_attached = 0;
}
