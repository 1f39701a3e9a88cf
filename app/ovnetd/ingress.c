/* SPDX-License-Identifier: BSD-3-Clause */
#include "ingress.h"

#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"

OVNET_LOG_TYPE(ingress)

unsigned ingress_outers(const struct daemon *d, const struct ovnet_addr *public_ip,
	struct ovnet_addr *out, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->n_allowed && n < max; i++)
		if (d->allowed[i].outer.family != 0 &&
			ovnet_addr_equal(&d->allowed[i].public_ip, public_ip))
			out[n++] = d->allowed[i].outer;
	return n;
}

/* Each of a peer's addresses may carry each of its prefixes. */
static unsigned make_rules(const struct daemon *d, struct ovnet_ingress_rule *rule, unsigned max)
{
	struct ovnet_addr outer[INGRESS_MAX_ALLOWED + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < d->n_allowed; i++) {
		const struct ingress_allowed *a = &d->allowed[i];
		if (a->inner.family == 0)
			continue;
		outer[0] = a->public_ip;
		unsigned addrs =
			1 + ingress_outers(d, &a->public_ip, outer + 1, INGRESS_MAX_ALLOWED);
		for (unsigned k = 0; k < addrs && n < max; k++)
			rule[n++] = (struct ovnet_ingress_rule){outer[k], a->inner};
	}
	return n;
}

/* Also what only other nodes know us by: behind a router that translates, or without the kernel. */
static unsigned collect_local(const struct daemon *d, struct ovnet_addr *local)
{
	unsigned n = ovnet_kernel_link_addrs(d->kernel, 0, local, INGRESS_MAX_LOCAL - 2);

	local[n++] = d->public_ip;
	if (d->public_ip6.family != 0)
		local[n++] = d->public_ip6;
	return n;
}

void ingress_update(struct daemon *d)
{
	struct ovnet_addr local[INGRESS_MAX_LOCAL] = {0};
	struct ovnet_ingress_rule *rules;
	unsigned n_local = collect_local(d, local);

	if (!d->have_netconf || (d->ingress_set && n_local == d->n_local &&
					memcmp(local, d->local, sizeof(local)) == 0))
		return;
	rules = malloc(INGRESS_MAX_RULES * sizeof(*rules));
	unsigned n = rules != NULL ? make_rules(d, rules, INGRESS_MAX_RULES) : 0;
	d->ingress_set =
		rules != NULL && ovnet_fib_set_ingress(d->fib, local, n_local, rules, n) == 0;
	if (!d->ingress_set)
		LOG(ERR, "no memory for what ingress.allow lists: some packets are refused that "
			 "should pass");
	free(rules);
	memcpy(d->local, local, sizeof(local));
	d->n_local = n_local;
}
