/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "kernel/firewall.h"
#include "preflight/checks.h"

#define FLAGS "DOCKER_OPTS as mk-docker-opts.sh writes them (--bip, --mtu, --ip-masq)"

void judge_docker(struct preflight *p, const struct docker_facts *f)
{
	uint32_t addr = ntohl(f->addr.v4_be);
	char a[OVNET_ADDR_STRLEN], net[OVNET_PREFIX_STRLEN];

	ovnet_addr_text(&f->addr, a, sizeof(a));
	if (f->own != NULL && ovnet_prefix4_contains(f->own, addr)) {
		preflight_say(p, PREFLIGHT_OK, "%s, in this node's subnet %s", a,
			ovnet_prefix4_text(f->own, net, sizeof(net)));
	} else if (f->network != NULL && ovnet_prefix4_contains(f->network, addr)) {
		preflight_say(p, PREFLIGHT_FAIL,
			"docker0 has %s, which is in the overlay's network %s, but not in this "
			"node's "
			"subnet: other nodes' pods there are hidden from this one",
			a, ovnet_prefix4_text(f->network, net, sizeof(net)));
		preflight_fix(p,
			"systemctl stop docker; ip link delete docker0; start ovnetd, then "
			"dockerd with " FLAGS);
	} else if (f->network != NULL) {
		preflight_say(p, PREFLIGHT_WARN,
			"docker0 has %s, outside of the overlay: no other node reaches its "
			"containers",
			a);
		preflight_fix(p, "start dockerd behind ovnetd with " FLAGS);
	} else {
		preflight_say(p, PREFLIGHT_OK,
			"%s; without a network config there is nothing to compare", a);
	}
}

void check_docker(struct preflight *p)
{
	struct docker_facts f = {.network = p->has_netconf ? &p->tree.netconf.network : NULL,
		.own = p->has_own ? &p->own.subnet : NULL};
	struct ovnet_link link;

	if (ovnet_kernel_link_by_name(p->kernel, "docker0", &link) < 0)
		preflight_say(p, PREFLIGHT_OK, "there is none");
	else if (ovnet_kernel_link_addr(p->kernel, link.ifindex, AF_INET, &f.addr) < 0)
		preflight_say(p, PREFLIGHT_OK, "it has no address");
	else
		judge_docker(p, &f);
}

static void judge_policy(struct preflight *p, bool drops)
{
	if (!drops)
		preflight_say(p, PREFLIGHT_OK, "the policy of iptables' FORWARD is ACCEPT");
	else if (p->conf->host.forward_rules)
		preflight_say(p, PREFLIGHT_OK,
			"the policy of iptables' FORWARD is DROP; ovnetd has "
			"the overlay accepted there");
	else {
		preflight_say(p, PREFLIGHT_FAIL,
			"the policy of iptables' FORWARD is DROP, and "
			"host.forward-rules is false: pods' packets are dropped");
		preflight_fix(p,
			"leave --iptables-forward-rules=false out, or accept the network in "
			"FORWARD yourself");
	}
}

void check_forward(struct preflight *p)
{
	char err[256] = "";
	bool drops = false;
	int rc;

	if (p->conf->host.device[0] == '\0') {
		preflight_say(p, PREFLIGHT_OK, "not needed: there is no host device");
		return;
	}
	if (preflight_number(p, "/proc/sys/net/ipv4/ip_forward", 1) == 0) {
		preflight_say(
			p, PREFLIGHT_WARN, "the kernel forwards no IPv4 packets, pods' neither");
		preflight_fix(p,
			"sysctl -w net.ipv4.ip_forward=1, and in /etc/sysctl.d; docker does it "
			"when it starts");
	}
	rc = ovnet_firewall_forward_drops(&drops, err, sizeof(err));
	if (rc == 0) {
		judge_policy(p, drops);
		return;
	}
	preflight_say(p, p->conf->host.forward_rules ? PREFLIGHT_WARN : PREFLIGHT_OK,
		"iptables' FORWARD cannot be read: %s", err);
	preflight_fix(p, "install iptables, or set host.forward-rules to false if nothing drops in "
			 "FORWARD here");
}
