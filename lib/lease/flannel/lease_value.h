/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lease as it stands in etcd: key `<prefix>/subnets/<ip>-<len>[&<ip6>-<len6>]`
 * and a JSON value (flannel-facts 1, 1.2). Everything read here is hostile until
 * parsed. Pure; any thread.
 */
#ifndef OVNET_LEASE_FLANNEL_LEASE_VALUE_H
#define OVNET_LEASE_FLANNEL_LEASE_VALUE_H

#include "lease/flannel/netconf.h"

#define OVNET_LEASE_VALUE_MAX 4096 /* longer values are refused unread */

struct ovnet_lease {
	struct ovnet_prefix4 subnet;
	bool has_v6;
	struct ovnet_prefix6 subnet6;
	struct ovnet_addr public_ip;  /* v4; family 0: none */
	struct ovnet_addr public_ip6; /* family 0: none */
	enum ovnet_backend backend;   /* no BackendType: UDP, as flannel's udp writes it */
	bool has_vtep_mac, has_vtep_mac6;
	struct ovnet_mac vtep_mac, vtep_mac6;
	/* "NextHopMAC", ours alone: static registries on underlays without a kernel neighbour */
	bool has_next_hop_mac;
	struct ovnet_mac next_hop_mac;
	uint32_t vni; /* 0: not stated; peers do not check it */
};

/* `key` is the part after "subnets/". 0 or -EINVAL. Host bits must be zero. */
int ovnet_lease_key_parse(const char *key, struct ovnet_lease *out);
/* "10.5.72.0-24" or the dual-stack form. Returns buf. */
#define OVNET_LEASE_KEY_MAX 80
char *ovnet_lease_key_text(const struct ovnet_lease *l, char *buf, size_t size);

/*
 * Fills everything but the subnets. 0, or -EINVAL with a sentence in `err`. A vxlan value
 * without a usable VtepMAC is refused.
 */
int ovnet_lease_value_parse(
	const char *json, size_t len, struct ovnet_lease *out, char *err, size_t err_size);
/* Exactly the bytes flanneld v0.15+ writes for this backend. Caller frees. NULL: no memory. */
char *ovnet_lease_value_text(const struct ovnet_lease *l);

/* Is any address in both? */
bool ovnet_lease_overlap(const struct ovnet_lease *a, const struct ovnet_lease *b);
/* Same subnets and same backend data? */
bool ovnet_lease_equal(const struct ovnet_lease *a, const struct ovnet_lease *b);

#endif
