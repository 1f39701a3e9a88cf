/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/number6.h"

/* "10.10.0.0 to 10.99.15.255" */
#define RANGE_TEXT (2 * OVNET_ADDR_STRLEN + 4)

static const char *range_text(const struct ovnet_netconf *c, uint8_t family, char *buf, size_t size)
{
	bool v6 = family == AF_INET6;
	struct ovnet_addr first =
		v6 ? ovnet_addr_v6(c->range6_first) : ovnet_addr_v4(c->range_first);
	struct ovnet_addr last = v6 ? ovnet_addr_v6(c->range6_last) : ovnet_addr_v4(c->range_last);
	char a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN];

	snprintf(buf, size, "%s to %s", ovnet_addr_text(&first, a, sizeof(a)),
		ovnet_addr_text(&last, b, sizeof(b)));
	return buf;
}

/*
 * What is routed to a lease is lost to the underlay: outside SubnetMin and SubnetMax nodes may
 * live, and etcd.
 */
static int judge_range4(
	const struct ovnet_netconf *c, const struct ovnet_lease *l, char *why, size_t size)
{
	struct ovnet_addr first = ovnet_addr_v4(l->subnet.addr_host);
	struct ovnet_addr last = ovnet_addr_v4(l->subnet.addr_host | ~ovnet_mask4(l->subnet.len));
	char text[RANGE_TEXT];

	if (ovnet_netconf_leasable(c, &first) && ovnet_netconf_leasable(c, &last))
		return 0;
	snprintf(why, size, "it is not between SubnetMin and SubnetMax of the network config (%s)",
		range_text(c, AF_INET, text, sizeof(text)));
	return -EINVAL;
}

static int judge_range6(
	const struct ovnet_netconf *c, const struct ovnet_lease *l, char *why, size_t size)
{
	struct ovnet_addr first = ovnet_addr_v6(l->subnet6.addr), last = first;
	char text[RANGE_TEXT];

	number6_bytes(number6(l->subnet6.addr) | host_bits6(l->subnet6.len), last.v6);
	if (ovnet_netconf_leasable(c, &first) && ovnet_netconf_leasable(c, &last))
		return 0;
	snprintf(why, size,
		"its IPv6 subnet is not between IPv6SubnetMin and IPv6SubnetMax of the network "
		"config (%s)",
		range_text(c, AF_INET6, text, sizeof(text)));
	return -EINVAL;
}

static int judge_network(
	const struct ovnet_netconf *c, const struct ovnet_lease *l, char *why, size_t size)
{
	char text[OVNET_PREFIX_STRLEN];

	if (l->subnet.len < c->network.len ||
		!ovnet_prefix4_contains(&c->network, l->subnet.addr_host)) {
		snprintf(why, size, "it is not inside the network %s",
			ovnet_prefix4_text(&c->network, text, sizeof(text)));
		return -EINVAL;
	}
	if (l->has_v6 && (l->subnet6.len < c->network6.len ||
				 !prefix6_has(&c->network6, number6(l->subnet6.addr)))) {
		snprintf(why, size, "its IPv6 subnet is not inside the IPv6Network");
		return -EINVAL;
	}
	int rc = judge_range4(c, l, why, size);
	return rc == 0 && l->has_v6 ? judge_range6(c, l, why, size) : rc;
}

/* Where its packets would go. */
static int judge_address(
	const struct lease_judge *j, const struct ovnet_lease *l, char *why, size_t size)
{
	const struct ovnet_netconf *c = j->netconf;
	char ip[OVNET_ADDR_STRLEN], text[RANGE_TEXT];

	ovnet_addr_text(&l->public_ip, ip, sizeof(ip));
	if (ovnet_addr_equal(&l->public_ip, &j->public_ip)) {
		snprintf(why, size,
			"it carries our own PublicIP %s, but is not our lease (two nodes with one "
			"address, or a leftover: remove it if nobody uses it)",
			ip);
		return -EINVAL;
	}
	if (ovnet_netconf_leasable(c, &l->public_ip)) {
		snprintf(why, size,
			"its PublicIP %s is inside the overlay (%s): packets would go round in "
			"circles; leave the nodes' addresses out of SubnetMin to SubnetMax",
			ip, range_text(c, AF_INET, text, sizeof(text)));
		return -EINVAL;
	}
	return 0;
}

/* Of the IPv6 half, which may do without: its peers then reach it over IPv4 alone. */
static int judge_address6(
	const struct lease_judge *j, const struct ovnet_lease *l, char *why, size_t size)
{
	const struct ovnet_addr *ip = &l->public_ip6;
	char text[OVNET_ADDR_STRLEN], range[RANGE_TEXT];

	if (!l->has_v6 || ip->family == 0)
		return 0;
	ovnet_addr_text(ip, text, sizeof(text));
	if (!ovnet_addr_is_unicast(ip))
		snprintf(why, size, "its PublicIPv6 %s is no address of a host", text);
	else if (ovnet_addr_equal(ip, &j->public_ip6))
		snprintf(why, size, "it carries our own PublicIPv6 %s, but is not our lease", text);
	else if (ovnet_netconf_leasable(j->netconf, ip))
		snprintf(why, size, "its PublicIPv6 %s is inside the overlay (%s)", text,
			range_text(j->netconf, AF_INET6, range, sizeof(range)));
	else
		return 0;
	return -EINVAL;
}

int lease_judge(const struct lease_judge *j, const char *name, const char *value, size_t len,
	struct ovnet_lease *out, char *why, size_t size)
{
	*out = (struct ovnet_lease){0};
	if (ovnet_lease_key_parse(name, out) < 0) {
		snprintf(why, size, "its name is no subnet such as 10.5.1.0-24");
		return -EINVAL;
	}
	if (ovnet_lease_value_parse(value, len, out, why, size) < 0)
		return -EINVAL;
	/* As an IPv4-only flanneld: the first half of a dual-stack lease serves. */
	if (!j->netconf->enable_ipv6) {
		out->has_v6 = false;
		out->subnet6 = (struct ovnet_prefix6){0};
	}
	if (judge_network(j->netconf, out, why, size) < 0)
		return -EINVAL;
	if (judge_address(j, out, why, size) < 0)
		return -EINVAL;
	return judge_address6(j, out, why, size);
}

void lease_why_overlap(const struct ovnet_lease *l, const struct ovnet_lease *other, bool ours,
	char *why, size_t size)
{
	char name[OVNET_LEASE_KEY_MAX], ip[OVNET_ADDR_STRLEN], theirs[OVNET_ADDR_STRLEN];

	ovnet_addr_text(&l->public_ip, ip, sizeof(ip));
	if (ours && ovnet_prefix4_equal(&l->subnet, &other->subnet))
		snprintf(why, size, "it is our own subnet under another owner, %s", ip);
	else
		snprintf(why, size, "it, of %s, overlaps %s %s of %s", ip,
			ours ? "our own lease" : "the lease",
			ovnet_lease_key_text(other, name, sizeof(name)),
			ovnet_addr_text(&other->public_ip, theirs, sizeof(theirs)));
}

void lease_why_twin(
	const struct ovnet_lease *l, const struct ovnet_lease *other, char *why, size_t size)
{
	char name[OVNET_LEASE_KEY_MAX], ip[OVNET_ADDR_STRLEN];

	snprintf(why, size,
		"its PublicIP %s is that of lease %s as well, which is in force: a leftover that "
		"ends with its TTL, or two nodes with one address",
		ovnet_addr_text(&l->public_ip, ip, sizeof(ip)),
		ovnet_lease_key_text(other, name, sizeof(name)));
}
