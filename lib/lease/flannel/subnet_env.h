/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * subnet.env, byte for byte as flanneld writes it (flannel-facts 4): docker, CNI and
 * mk-docker-opts.sh read it. Where a part of the subnet is not for containers, lines of our own
 * behind that, which flannel's readers pass over, say what is. Control thread.
 */
#ifndef OVNET_LEASE_FLANNEL_SUBNET_ENV_H
#define OVNET_LEASE_FLANNEL_SUBNET_ENV_H

#include "lease/flannel/lease_value.h"

struct ovnet_subnet_env {
	struct ovnet_prefix4 network, subnet;
	bool has_v6;
	struct ovnet_prefix6 network6, subnet6;
	uint16_t mtu;
	bool ip_masq;
	struct ovnet_prefix4 fixed_cidr; /* docker's --fixed-cidr; len 0: none of the following */
	struct ovnet_addr first, last;   /* host-local's rangeStart and rangeEnd */
	struct ovnet_addr first6, last6; /* the same of the IPv6 subnet; family 0: none */
};

/* Temp file in the same directory, fsync, rename; directory made 0755, file 0644. 0 or -errno. */
int ovnet_subnet_env_write(const char *path, const struct ovnet_subnet_env *env);
/*
 * The subnets of an earlier life; len 0: none of that family. -ENOENT: no file, or neither a usable
 * FLANNEL_SUBNET nor FLANNEL_IPV6_SUBNET in it.
 */
int ovnet_subnet_env_read(
	const char *path, struct ovnet_prefix4 *subnet, struct ovnet_prefix6 *subnet6);

#endif
