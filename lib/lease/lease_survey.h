/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one listing says about us: which subnets are taken, which keys bear our PublicIP, and
 * whether ours is another's, in whole or in half. Control thread.
 */
#ifndef OVNET_LEASE_LEASE_SURVEY_H
#define OVNET_LEASE_LEASE_SURVEY_H

#include "lease/flannel/lease_value.h"
#include "lease/lease_listing.h"
#include "lease/registry/registry.h"

/* A key that bears our PublicIP; its texts are copies. */
struct lease_found {
	struct ovnet_registry_kv kv; /* key NULL: there is none */
	struct ovnet_lease lease;
	char *texts;
};

struct lease_survey {
	const struct ovnet_netconf *netconf;
	struct ovnet_addr public_ip;
	struct ovnet_prefix4 previous;
	size_t skip; /* bytes of each key are the prefix */

	struct ovnet_lease *taken; /* every key that is a subnet, whatever its value */
	int64_t *created;          /* and when it came to be */
	size_t n, room;
	unsigned n_ours;
	struct lease_found mine;  /* that of them to go on with, */
	struct lease_found unfit; /* and one that the network config would not give out */
};

struct lease_survey *lease_survey_new(const struct ovnet_netconf *netconf,
	const struct ovnet_addr *public_ip, const struct ovnet_prefix4 *previous, size_t skip);
/* NULL is fine. */
void lease_survey_free(struct lease_survey *s);
void lease_survey_add(struct lease_survey *s, const struct ovnet_registry_kv *kvs, size_t n);
/*
 * An older lease of another node that has an address of `mine`, with its PublicIP; `l` is the
 * listing that was surveyed. False: none.
 */
bool lease_survey_older(
	const struct lease_survey *s, const struct lease_listing *l, struct ovnet_lease *out);

#endif
