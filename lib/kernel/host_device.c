/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/ip.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

/*
 * The kernel's hash of next hops leaves the gateway out, so routes that differ only there are
 * found by walking them all: 65,536 take 75 s to set, 4,096 take 0.3 s. A TUN needs no gateway.
 */
#define MAX_GATEWAY_BITS 12

/* RFC 791, RFC 8200: less than this no host has to accept */
#define MIN_MTU  68
#define MIN_MTU6 1280

/* No link-local address: nothing may speak IPv6 on this device by itself. */
static void no_ipv6_autoconf(struct nl *nl, const struct ovnet_link *link)
{
	char path[64];
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)link->ifindex;
	struct nlattr *spec = mnl_attr_nest_start(req.hdr, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(req.hdr, AF_INET6);
	mnl_attr_put_u8(req.hdr, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(req.hdr, inet6);
	mnl_attr_nest_end(req.hdr, spec);
	int err = nl_send(nl, &req, NULL, NULL);
	/* A kernel or device without IPv6 has nothing to switch off. */
	if (err < 0 && err != -EAFNOSUPPORT && err != -EOPNOTSUPP)
		LOG(WARN, "%s: IPv6 address generation stays on: %s", link->name, nl_why(nl, err));

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", link->name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "0", 1) != 1)
		LOG(WARN, "%s: cannot be written, router advertisements stay accepted", path);
	if (fd >= 0)
		close(fd);
}

/*
 * A peer's host speaks from its underlay address, whose route leads elsewhere: strict reverse path
 * filtering would drop what it sends to our pods. The kernel takes the looser of this and "all".
 */
static void loose_reverse_path(struct nl *nl, const struct ovnet_link *link)
{
	int err = link_set_conf4(nl, link->ifindex, IPV4_DEVCONF_RP_FILTER, 2);

	if (err < 0)
		LOG(WARN,
			"%s: reverse path filtering stays as it is: %s; where it is strict, the "
			"kernel drops what peers' hosts send from their underlay addresses",
			link->name, nl_why(nl, err));
}

static int addr_change(struct nl *nl, uint16_t type, uint16_t flags, const struct addr_entry *entry)
{
	struct nl_request req;
	char text[OVNET_ADDR_STRLEN];
	struct ifaddrmsg *ifa = nl_begin(&req, type, flags, sizeof(*ifa));

	ifa->ifa_family = entry->local.family;
	ifa->ifa_prefixlen = entry->len;
	ifa->ifa_index = entry->ifindex;
	nl_put_addr(req.hdr, IFA_LOCAL, &entry->local);
	nl_put_addr(req.hdr, IFA_ADDRESS, &entry->address);
	int err = nl_send(nl, &req, NULL, NULL);
	if (type == RTM_DELADDR && err == -EADDRNOTAVAIL)
		return 0; /* went with the primary address it was a secondary of */
	if (err < 0)
		LOG(ERR, "link %u: address %s/%u cannot be %s: %s", entry->ifindex,
			ovnet_addr_text(&entry->local, text, sizeof(text)), entry->len,
			type == RTM_NEWADDR ? "set" : "removed", nl_why(nl, err));
	return err;
}

static uint8_t host_len(const struct ovnet_prefix *p)
{
	return p->family == AF_INET6 ? 128 : 32;
}

static bool is_link_local6(const struct ovnet_addr *a)
{
	return a->family == AF_INET6 && a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80;
}

/* Of a former life, or of an IPv6 autoconfiguration that ran before we came. */
static bool is_leftover(const struct addr_entry *a, const struct ovnet_host_conf *conf)
{
	unsigned i = family_index(a->local.family);
	struct ovnet_addr want = ovnet_prefix_first(&conf->own[i]);

	if (is_link_local6(&a->local))
		return true;
	if (!ovnet_prefix_contains(&conf->network[i], &a->local))
		return false;
	return !ovnet_addr_equal(&a->local, &want) || a->len != host_len(&conf->own[i]) ||
	       !ovnet_addr_equal(&a->address, &want);
}

static int set_addresses(struct nl *nl, uint32_t ifindex, const struct ovnet_host_conf *conf)
{
	struct nl_list list = {0};
	int err = addr_list(nl, AF_UNSPEC, ifindex, &list);

	const struct addr_entry *a = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++)
		if (is_leftover(&a[i], conf))
			err = addr_change(nl, RTM_DELADDR, 0, &a[i]);
	free(list.items);
	for (unsigned i = 0; err == 0 && i < 2; i++) {
		struct addr_entry want = {.ifindex = ifindex,
			.local = ovnet_prefix_first(&conf->own[i]),
			.address = ovnet_prefix_first(&conf->own[i]),
			.len = host_len(&conf->own[i])};
		if (conf->own[i].family != 0)
			err = addr_change(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &want);
	}
	return err;
}

static int set_link(struct nl *nl, const struct ovnet_link *link, uint16_t mtu)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)link->ifindex;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	mnl_attr_put_u32(req.hdr, IFLA_MTU, mtu);
	mnl_attr_put_strz(req.hdr, IFLA_IFALIAS, OVNET_LINK_ALIAS);
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0)
		LOG(ERR, "%s: cannot be set up with MTU %u: %s", link->name, mtu, nl_why(nl, err));
	return err;
}

static int check_pair(const struct ovnet_prefix *network, const struct ovnet_prefix *own)
{
	char a[OVNET_PREFIX_STRLEN], b[OVNET_PREFIX_STRLEN];
	struct ovnet_addr base = ovnet_prefix_first(own);

	if (network->family == 0 && own->family == 0)
		return 0;
	if (ovnet_prefix_len(network) > 0 && ovnet_prefix_len(network) <= host_len(network) &&
		ovnet_prefix_len(own) <= host_len(own) &&
		ovnet_prefix_len(own) >= ovnet_prefix_len(network) &&
		ovnet_prefix_contains(network, &base) && ovnet_addr_is_unicast(&base))
		return 0;
	LOG(ERR, "host device: subnet %s does not fit network %s",
		ovnet_prefix_text(own, a, sizeof(a)), ovnet_prefix_text(network, b, sizeof(b)));
	return -EINVAL;
}

static int check(const struct ovnet_host_conf *conf)
{
	uint16_t least = conf->own[1].family != 0 ? MIN_MTU6 : MIN_MTU;
	int err = check_pair(&conf->network[0], &conf->own[0]);

	if (err == 0)
		err = check_pair(&conf->network[1], &conf->own[1]);
	if (err == 0 && conf->mtu < least) {
		LOG(ERR, "host device: MTU %u is below %u: is the underlay's MTU right?", conf->mtu,
			least);
		err = -EINVAL;
	}
	return err;
}

int ovnet_host_device_setup(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_host_conf *conf)
{
	struct ovnet_link link;
	int err = check(conf);

	k->no_gateways = conf->own[0].v4.len - conf->network[0].v4.len > MAX_GATEWAY_BITS;
	/* First of all: from here on nothing for the overlay can leave another way. */
	if (err == 0)
		err = ovnet_host_blackholes_set(k, conf->blackholes);
	if (err < 0)
		return err;
	err = link_get(&k->nl, ifindex, &link);
	if (err < 0) {
		LOG(ERR, "host device: no link %u: removed by somebody? restart ovnetd", ifindex);
		return err;
	}
	no_ipv6_autoconf(&k->nl, &link);
	loose_reverse_path(&k->nl, &link);
	err = set_link(&k->nl, &link, conf->mtu);
	if (err < 0)
		return err;
	return set_addresses(&k->nl, ifindex, conf);
}
