/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flannel's network config, `<prefix>/config` (flannel-facts 1.1): keys match
 * case-insensitively, unknown ones are ignored, the backend defaults to udp,
 * limits and messages are flannel's. Pure; any thread.
 */
#ifndef OVNET_LEASE_FLANNEL_NETCONF_H
#define OVNET_LEASE_FLANNEL_NETCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"

enum ovnet_backend {
	OVNET_BACKEND_NONE, /* a type ovnet does not know; `type` has its name */
	OVNET_BACKEND_UDP,
	OVNET_BACKEND_VXLAN,
	OVNET_BACKEND_HOST_GW,
};

const char *ovnet_backend_name(enum ovnet_backend b);

struct ovnet_netconf {
	struct ovnet_prefix4 network;
	uint8_t subnet_len;
	uint32_t subnet_min, subnet_max; /* host order, first and last subnet to give out */
	/*
	 * Host order, the first and last address leases may cover: Network, as far as SubnetMin and
	 * SubnetMax do not bound it. Outside the underlay may live, nodes and all. Last below
	 * first: nothing.
	 */
	uint32_t range_first, range_last;
	bool enable_ipv4, enable_ipv6;
	struct ovnet_prefix6 network6;
	uint8_t subnet6_len;
	uint8_t subnet6_min[16], subnet6_max[16];
	uint8_t range6_first[16], range6_last[16]; /* as above */
	enum ovnet_backend backend;
	char type[32]; /* Backend.Type, lower case, cut */
	uint32_t vni;  /* vxlan; default 1 */
	uint16_t port; /* host order; default 8472 (vxlan), 8285 (udp) */
	uint16_t mtu;  /* Backend.MTU, bytes of the underlay; 0: not given */
	bool direct_routing, gbp, learning;
};

/*
 * Parses `len` bytes of JSON. 0, or -EINVAL with a sentence in `err` (flannel's own where it
 * has one) that says what is wrong.
 */
int ovnet_netconf_parse(
	const char *json, size_t len, struct ovnet_netconf *out, char *err, size_t err_size);

/* Is the address in what leases may cover? */
bool ovnet_netconf_leasable(const struct ovnet_netconf *c, const struct ovnet_addr *addr);

bool ovnet_netconf_equal(const struct ovnet_netconf *a, const struct ovnet_netconf *b);
/* "Network 10.5.0.0/16 -> 10.6.0.0/16, Backend.VNI 1 -> 2", cut to fit. Returns buf. */
char *ovnet_netconf_differences(
	const struct ovnet_netconf *was, const struct ovnet_netconf *is, char *buf, size_t size);

#endif
