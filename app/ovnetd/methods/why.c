/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/why.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/rehearsal.h"
#include "daemon.h"
#include "methods/json.h"
#include "methods/why_packet.h"
#include "path/dropped.h"

struct question {
	struct daemon *d;
	const struct ovnet_fib_view *view;
	struct ovnet_addr src, dst;
	uint16_t size;
	bool df;
	const char *from; /* NULL: where `src` lives */
};

/* How it comes to the path. */
struct entrance {
	const struct ovnet_port *port; /* NULL: it does not, `why_not` */
	const struct ovnet_peer *peer; /* by an uplink: from this one */
	struct ovnet_mac mac;          /* from an attach port: whose */
	const char *why_not;
};

static const struct ovnet_peer *peer_at(
	const struct ovnet_fib_view *view, const struct ovnet_addr *a)
{
	return a->family == AF_INET6 ? ovnet_fib_lookup6(view, a->v6)
				     : ovnet_fib_lookup(view, rte_be_to_cpu_32(a->v4_be));
}

static const struct ovnet_endpoint *endpoint_at(
	const struct ovnet_fib_view *view, const struct ovnet_addr *a)
{
	return a->family == AF_INET6 ? ovnet_fib_endpoint6(view, a->v6)
				     : ovnet_fib_endpoint(view, rte_be_to_cpu_32(a->v4_be));
}

static const struct ovnet_port *port_by_id(const struct daemon *d, uint16_t id)
{
	const struct ovnet_queue_map *map = atomic_load(&d->engine.shared.map);

	return map != NULL && id < map->n_ports ? map->port[id] : NULL;
}

static const struct ovnet_port *port_by_name(const struct daemon *d, const char *name)
{
	for (uint16_t id = 0; id < OVNET_MAX_PORTS; id++) {
		const struct ovnet_port *port = port_by_id(d, id);
		if (port != NULL && strcmp(port->name, name) == 0)
			return port;
	}
	return NULL;
}

static const struct ovnet_port *some_uplink(const struct daemon *d)
{
	for (uint16_t id = 0; id < OVNET_MAX_PORTS; id++) {
		const struct ovnet_port *port = port_by_id(d, id);
		if (port != NULL && port->role == OVNET_PORT_UPLINK)
			return port;
	}
	return NULL;
}

static const struct ovnet_nexthop *next_hop_of(const struct ovnet_peer *peer)
{
	return peer->nh != NULL ? ovnet_nh_get(peer->nh) : NULL;
}

/* An address of the overlay, but not of our own subnet? */
static bool is_abroad(const struct ovnet_fib_view *view, const struct ovnet_addr *a)
{
	const struct ovnet_overlay *o = &view->overlay;

	if (a->family == AF_INET6)
		return ovnet_prefix6_contains(&o->network6, a->v6) && o->network6.len != 0 &&
		       (o->own6.len == 0 || !ovnet_prefix6_contains(&o->own6, a->v6));
	const uint32_t addr = rte_be_to_cpu_32(a->v4_be);
	return ovnet_prefix4_contains(&o->network, addr) &&
	       (o->own.len == 0 || !ovnet_prefix4_contains(&o->own, addr));
}

/* By the port the operator says, or the one that SRC is behind. */
static void find_entrance(const struct question *q, struct entrance *e)
{
	const struct ovnet_endpoint *at = endpoint_at(q->view, &q->src);
	const struct ovnet_peer *peer = peer_at(q->view, &q->src);
	const struct ovnet_nexthop *nh = peer != NULL ? next_hop_of(peer) : NULL;

	*e = (struct entrance){0};
	if (q->from != NULL) {
		e->port = port_by_name(q->d, q->from);
		e->why_not = "there is no port of that name";
	} else if (peer != NULL) {
		e->port = nh != NULL ? port_by_id(q->d, nh->port) : some_uplink(q->d);
		e->why_not = "there is no uplink";
	} else if (is_abroad(q->view, &q->src)) {
		e->why_not = "no lease covers its sender; what comes from there by an uplink is "
			     "refused (inner-source, unknown-peer), unless ingress.allow lists it";
	} else if (at != NULL) {
		e->port = port_by_id(q->d, at->port);
		e->why_not = "the port its sender is behind is closed";
	} else {
		e->why_not = "its sender is at no attach port, and there is no host device";
	}
	if (at != NULL && e->port != NULL && at->port == e->port->id)
		e->mac = at->mac;
	if (e->port == NULL || e->port->role != OVNET_PORT_UPLINK)
		return;
	e->peer = peer;
	if (peer == NULL) {
		e->port = NULL;
		e->why_not = "no lease covers its sender, so it comes from no peer by an uplink";
	}
}

static json_t *packet_json(
	const struct ovnet_port *port, const uint8_t *bytes, uint32_t captured, uint32_t len)
{
	const bool l3 = port != NULL && (port->caps & OVNET_CAP_L3) != 0;

	return json_pack("{s:s,s:s,s:I,s:o}", "port", port != NULL ? port->name : "?", "link",
		ovnet_is_raw(bytes, captured, len, l3) ? "ip" : "ethernet", "length",
		(json_int_t)len, "bytes", hex_json(bytes, captured));
}

static json_t *peer_json(const struct ovnet_peer *peer)
{
	const struct ovnet_nexthop *nh = next_hop_of(peer);
	json_t *o = json_pack("{s:o,s:o,s:s,s:i}", "subnet", prefix_json(&peer->subnet),
		"public_ip", addr_json(&peer->public_addr), "encap",
		ovnet_encap_name((enum ovnet_encap)peer->encap), "mtu", (int)peer->mtu);
	struct ovnet_mac mac;

	if (nh == NULL) {
		json_object_set_new(o, "next_hop_mac", json_string("no route through an uplink"));
	} else if (!nh->resolved) {
		json_object_set_new(o, "next_hop_mac", json_string("not known yet"));
	} else {
		memcpy(mac.b, nh->eth, sizeof(mac.b));
		json_object_set_new(o, "next_hop_mac", mac_json(&mac));
	}
	return o;
}

static void steps_json(json_t *o, const struct ovnet_rehearsal *r)
{
	json_t *stages = json_array(), *refused = json_array(), *permitted = json_array();

	for (unsigned i = 0; i < r->n_steps; i++) {
		const enum ovnet_drop reason = r->step[i].reason;
		json_array_append_new(stages, json_string(ovnet_stage_name(r->step[i].stage)));
		if (r->step[i].stage == OVNET_STAGE_DROP)
			json_array_append_new(
				refused, json_pack("{s:s,s:s}", "reason", ovnet_drop_name(reason),
						 "help", ovnet_drop_help(reason)));
	}
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		if (r->permitted[i])
			json_array_append_new(permitted, json_string(ovnet_drop_name(i)));
	json_object_set_new(o, "stages", stages);
	json_object_set_new(o, "refused", refused);
	json_object_set_new(o, "permitted", permitted);
}

static void sent_json(json_t *o, const struct daemon *d, const struct ovnet_rehearsal *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->n_sent; i++) {
		const struct ovnet_rehearsal_sent *s = &r->sent[i];
		json_t *row = packet_json(port_by_id(d, s->port), s->bytes, s->captured, s->len);
		json_object_set_new(row, "answer", json_boolean(s->answer));
		json_array_append_new(list, row);
	}
	json_object_set_new(o, "sent", list);
}

/* Would the workers see it at all? */
static void lane_json(json_t *o, const struct question *q, const struct entrance *e,
	const struct ovnet_rehearsal *r)
{
	const struct kernel_lane *l = &q->d->lane;
	const struct ovnet_port *host = l->host != NULL ? l->host->port : NULL;
	const bool out = e->peer == NULL;
	const struct ovnet_peer *peer = out ? peer_at(q->view, &q->dst) : e->peer;

	if (l->why != NULL || peer == NULL || peer->encap != OVNET_ENCAP_VXLAN4 ||
		q->src.family != AF_INET || host == NULL || r->n_sent == 0)
		return;
	if ((out && l->out && e->port == host) || (!out && l->in && r->sent[0].port == host->id))
		json_object_set_new(o, "kernel_lane",
			json_string("the kernel lane takes ordinary packets of this way; workers "
				    "see the others"));
}

/* What comes by the host device the kernel has routed there before. */
static void host_note(json_t *o, const struct question *q, const struct entrance *e)
{
	const struct ovnet_endpoint *at = endpoint_at(q->view, &q->dst);

	if (e->port->role != OVNET_PORT_HOST || peer_at(q->view, &q->dst) != NULL ||
		(at != NULL && at->port != e->port->id))
		return;
	json_object_set_new(o, "note",
		json_string(is_abroad(q->view, &q->dst)
				    ? "the kernel's blackhole route drops it before: no lease, no "
				      "route to the host device"
				    : "the kernel leads nothing of the kind to the host device, "
				      "unless somebody has made a route"));
}

static bool rehearse(const struct question *q, const struct entrance *e, json_t *o)
{
	uint8_t *room = calloc(1, WHY_PACKET_MAX), *ip = room + OVNET_OUTER_MAX;
	struct ovnet_rehearsal *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (room != NULL && r != NULL) {
		uint32_t len = why_inner(ip, &q->src, &q->dst, q->size, q->df);
		const uint32_t front = e->peer != NULL ? why_outer(ip, (uint16_t)len, e->port,
								 e->peer, next_hop_of(e->peer))
						       : why_link(ip, e->port, &e->mac);
		len += front;
		rc = ovnet_rehearse(&q->d->engine.shared, q->d->engine.path, ENGINE_MAX_PEERS,
			e->port->id, ip - front, len, r);
		json_object_set_new(o, "enters",
			packet_json(e->port, ip - front,
				RTE_MIN(len, (uint32_t)OVNET_REHEARSAL_BYTES), len));
	}
	if (rc == 0) {
		steps_json(o, r);
		sent_json(o, q->d, r);
		lane_json(o, q, e, r);
		if (r->absorbed > 0)
			json_object_set_new(o, "note", json_string("taken by ovnet itself"));
		else
			host_note(o, q, e);
	}
	free(room);
	free(r);
	return rc == 0;
}

/* NULL: no memory, or no packet buffer. */
static json_t *way_json(const struct question *q)
{
	char src[OVNET_ADDR_STRLEN], dst[OVNET_ADDR_STRLEN], text[2 * OVNET_ADDR_STRLEN + 8];
	struct entrance e;

	snprintf(text, sizeof(text), "%s > %s", ovnet_addr_text(&q->src, src, sizeof(src)),
		ovnet_addr_text(&q->dst, dst, sizeof(dst)));
	json_t *o = json_pack("{s:s}", "text", text);
	find_entrance(q, &e);
	if (e.port == NULL) {
		json_object_set_new(o, "not", json_string(e.why_not));
		return o;
	}
	const struct ovnet_peer *peer = e.peer != NULL ? e.peer : peer_at(q->view, &q->dst);
	if (peer != NULL)
		json_object_set_new(o, "peer", peer_json(peer));
	if (rehearse(q, &e, o))
		return o;
	json_decref(o);
	return NULL;
}

static bool read_question(const json_t *params, struct question *q, char *err, size_t err_size)
{
	const char *src = json_string_value(json_object_get(params, "src")),
		   *dst = json_string_value(json_object_get(params, "dst"));
	const json_t *size = json_object_get(params, "size");
	const json_int_t n = size != NULL ? json_integer_value(size) : WHY_SIZE;

	if (src == NULL || dst == NULL || ovnet_addr_parse(src, &q->src) != 0 ||
		ovnet_addr_parse(dst, &q->dst) != 0 || q->src.family != q->dst.family) {
		snprintf(err, err_size, "give two addresses, both IPv4 or both IPv6");
		return false;
	}
	const int least = q->src.family == AF_INET6 ? 48 : 28;
	if (n < least || n > WHY_SIZE_MAX) {
		snprintf(
			err, err_size, "an IP packet has %d to %d bytes here", least, WHY_SIZE_MAX);
		return false;
	}
	q->size = (uint16_t)n;
	q->df = json_is_true(json_object_get(params, "df"));
	q->from = json_string_value(json_object_get(params, "from"));
	return true;
}

json_t *why_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct question q = {.d = d};

	if (!methods_running(d, err, err_size) || !read_question(params, &q, err, err_size))
		return NULL;
	q.view = ovnet_fib_view(&d->engine.shared.fib);
	if (q.view == NULL) {
		snprintf(err, err_size, "there is no overlay yet: this node waits for a lease");
		return NULL;
	}
	if (q.from != NULL && port_by_name(d, q.from) == NULL) {
		snprintf(err, err_size, "there is no port %s; \"ovnetctl ports\" lists them",
			q.from);
		return NULL;
	}
	json_t *there = way_json(&q);
	const struct question answer = {
		.d = d, .view = q.view, .src = q.dst, .dst = q.src, .size = q.size, .df = q.df};
	json_t *back = there != NULL ? way_json(&answer) : NULL;
	if (there == NULL || back == NULL) {
		json_decref(there);
		snprintf(err, err_size, "no memory, or no packet buffer is left");
		return NULL;
	}
	return json_pack("{s:o,s:o}", "there", there, "back", back);
}
