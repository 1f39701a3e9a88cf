/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "preflight/checks.h"

#define STRICT 1

/* The kernel takes the larger of the interface's and that of all. */
static bool is_strict(const struct preflight *p, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%.15s/rp_filter", name);
	long long own = preflight_number(p, path, 0);
	long long all = preflight_number(p, "/proc/sys/net/ipv4/conf/all/rp_filter", 0);
	return (own > all ? own : all) == STRICT;
}

/* As underlay/routed.c warns of while it runs. */
void check_rp_filter(struct preflight *p)
{
	const struct ovnet_netconf *c = &p->tree.netconf;
	bool direct = p->has_netconf && (c->backend == OVNET_BACKEND_HOST_GW || c->direct_routing);
	size_t before = p->n;

	for (unsigned i = 0; i < p->n_links; i++) {
		const struct uplink *u = &p->links[i];
		bool xdp = uplink_driver(u) == CONF_DRIVER_AF_XDP;
		if (!is_strict(p, u->link.name) || xdp || (!direct && p->n_links == 1))
			continue;
		preflight_say(p, PREFLIGHT_WARN,
			"strict reverse path filtering on %s: the kernel drops %s", u->link.name,
			direct ? "what peers route to our pods"
			       : "tunnel packets of peers to whom its own way is another uplink");
		preflight_fix(p, "sysctl -w net.ipv4.conf.%s.rp_filter=2, and in /etc/sysctl.d",
			u->link.name);
	}
	if (p->n == before)
		preflight_say(p, PREFLIGHT_OK, "does not keep the overlay's packets out");
}

void check_br_netfilter(struct preflight *p)
{
	long long on = preflight_number(p, "/proc/sys/net/bridge/bridge-nf-call-iptables", -1);
	bool kubelet = preflight_exists(p, "/var/lib/kubelet");

	if (on == 1) {
		preflight_say(p, PREFLIGHT_OK, "loaded: iptables sees what crosses a bridge");
	} else if (!kubelet) {
		preflight_say(p, PREFLIGHT_OK, "%s; nothing here seems to need it",
			on < 0 ? "not loaded" : "off");
	} else {
		preflight_say(p, PREFLIGHT_WARN,
			"%s: service addresses do not work between pods of this node",
			on < 0 ? "not loaded" : "net.bridge.bridge-nf-call-iptables is 0");
		preflight_fix(p, "modprobe br_netfilter (and in /etc/modules-load.d); sysctl -w "
				 "net.bridge.bridge-nf-call-iptables=1");
	}
}
