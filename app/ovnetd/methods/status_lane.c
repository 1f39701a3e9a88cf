/* SPDX-License-Identifier: BSD-3-Clause */
#include <net/if.h>
#include <sys/socket.h>

#include "daemon.h"
#include "methods/counters.h"
#include "methods/status.h"

/* Where its programs hang, and how many others' do. */
static json_t *hooks_json(const struct ovnet_lane *lane)
{
	struct ovnet_lane_hook hook[CONF_MAX_UPLINKS + 2];
	unsigned n = lane != NULL ? ovnet_lane_hooks(lane, hook, CONF_MAX_UPLINKS + 2) : 0;
	json_t *list = json_array();

	for (unsigned i = 0; i < n && i < CONF_MAX_UPLINKS + 2; i++) {
		char name[IF_NAMESIZE];
		json_array_append_new(
			list, json_pack("{s:s?,s:s,s:b,s:i}", "interface",
				      if_indextoname(hook[i].ifindex, name), "direction",
				      hook[i].egress ? "egress" : "ingress", "attached",
				      hook[i].attached, "others", (int)hook[i].others));
	}
	return list;
}

/* Of the last one that was held back. */
static void held_json(json_t *o, const struct ovnet_lane_stats *s)
{
	const struct ovnet_addr from = {.family = AF_INET, .v4_be = s->held_be};
	char peer[OVNET_ADDR_STRLEN], name[IF_NAMESIZE];

	ovnet_addr_text(&from, peer, sizeof(peer));
	json_object_set_new(o, "held_peer", s->held_be != 0 ? json_string(peer) : json_null());
	json_object_set_new(o, "held_interface",
		if_indextoname(s->held_ifindex, name) != NULL ? json_string(name) : json_null());
}

json_t *status_lane_json(struct daemon *d)
{
	const struct kernel_lane *l = &d->lane;
	struct ovnet_lane_stats s;
	json_t *o = json_pack("{s:s,s:b,s:b}", "state", l->why == NULL ? "on" : "off", "out",
		l->out, "in", l->in);

	kernel_lane_stats(l, &s);
	json_object_set_new(o, "why", l->why != NULL ? json_string(l->why) : json_null());
	json_object_set_new(o, "udp_port",
		l->lane != NULL ? json_integer(ovnet_lane_port(l->lane)) : json_null());
	json_object_set_new(o, "udp_gro", json_boolean(!d->underlay.one_by_one));
	counters_json(o, LANE, &s);
	held_json(o, &s);
	json_object_set_new(o, "hooks", hooks_json(l->lane));
	return o;
}
