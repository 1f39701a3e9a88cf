/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a key a lease we can believe, whatever else is in the tree? Pure; any thread. */
#ifndef OVNET_LEASE_LEASE_JUDGE_H
#define OVNET_LEASE_LEASE_JUDGE_H

#include "lease/flannel/lease_value.h"

struct lease_judge {
	const struct ovnet_netconf *netconf;
	struct ovnet_addr public_ip, public_ip6; /* ours: nobody else may carry them */
};

/* `name` is the key without its prefix. 0, or -EINVAL with a sentence in `why`. */
int lease_judge(const struct lease_judge *j, const char *name, const char *value, size_t len,
	struct ovnet_lease *out, char *why, size_t size);

/* Why `l`, good in itself, is refused: it overlaps `other`, or has that one's PublicIP. */
void lease_why_overlap(const struct ovnet_lease *l, const struct ovnet_lease *other, bool ours,
	char *why, size_t size);
void lease_why_twin(
	const struct ovnet_lease *l, const struct ovnet_lease *other, char *why, size_t size);

#endif
