/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "port/netdev.h"
#include "port/pci_device.h"
#include "preflight/checks.h"

static void look_at_link(struct preflight *p, const struct conf_uplink *c)
{
	struct uplink *u = &p->links[p->n_links];
	const char *named = uplink_iface(&p->under, c);
	struct ovnet_netdev dev = {0};
	struct ovnet_netdev_queues queues = {1, 1};

	*u = (struct uplink){.conf = c};
	if (uplinks_look_up(&p->under, named, &u->link) < 0) {
		if (named[0] == '\0')
			preflight_say(p, PREFLIGHT_FAIL,
				"there is no IPv4 default route to find "
				"the underlay interface by");
		else
			preflight_say(p, PREFLIGHT_FAIL, "there is no interface \"%s\"", named);
		preflight_fix(p, "name one that is there with --iface (node.iface) or uplinks; `ip "
				 "-br addr` lists them");
		return;
	}
	p->n_links++;
	bool has_address = uplink_learn(&p->under, u) == 0;
	(void)ovnet_netdev_get(u->link.name, &dev);
	(void)ovnet_netdev_queues(u->link.name, &queues);
	judge_link(p, &(struct link_facts){.name = u->link.name,
			      .kind = u->link.kind,
			      .driver = uplink_driver(u),
			      .zero_copy = c != NULL && c->zero_copy,
			      .up = u->link.up,
			      .running = u->link.running,
			      .bond = dev.bond,
			      .veth = ovnet_netdev_driver_is(u->link.name, "veth"),
			      .has_address = has_address,
			      .mtu = u->link.mtu,
			      .rx_channels = queues.rx});
}

/* One that DPDK drives: is it DPDK's to have? */
static void look_at_device(struct preflight *p, const struct conf_uplink *c)
{
	struct ovnet_pci pci;
	char name[24], why[512] = "";
	unsigned i = 0;

	snprintf(name, sizeof(name), "uplink%u", (unsigned)(c - p->conf->uplinks));
	for (; ovnet_pci_nth(c->devargs, i, &pci); i++) {
		ovnet_log_keep(why, sizeof(why));
		int rc = ovnet_pci_check(name, &pci, p->conf->dpdk.hugepages != CONF_HUGE_OFF);
		ovnet_log_keep(NULL, 0);
		if (rc == 0) {
			preflight_say(p, PREFLIGHT_OK, "%s: PCI device %s is ready for DPDK (%s)",
				name, pci.address, pci.driver);
			continue;
		}
		preflight_say(p, PREFLIGHT_FAIL, "%s: PCI device %s is not ready for DPDK", name,
			pci.address);
		preflight_fix(p, "%s", why[0] != '\0' ? why : "see `scripts/nic.sh status`");
	}
	if (i == 0)
		preflight_say(p, PREFLIGHT_OK, "%s: DPDK device %s, which only DPDK can look at",
			name, c->devargs);
}

void check_uplinks(struct preflight *p)
{
	const struct conf *conf = p->conf;
	char why[512] = "";

	ovnet_log_keep(why, sizeof(why));
	int rc = underlay_choose(&p->under);
	ovnet_log_keep(NULL, 0);
	if (rc < 0) {
		preflight_say(p, PREFLIGHT_FAIL, "no interface found for the underlay");
		preflight_fix(p, "%s", why);
		return;
	}
	if (conf->n_uplinks == 0)
		look_at_link(p, NULL);
	for (unsigned i = 0; i < conf->n_uplinks; i++)
		if (uplink_is_vdev(&conf->uplinks[i]))
			look_at_device(p, &conf->uplinks[i]);
		else
			look_at_link(p, &conf->uplinks[i]);
	if (p->n_links > 0)
		(void)node_choose_public_ip(&p->node, &p->links[0].addr, &p->links[0].addr6);
}
