/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/ingress.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

OVNET_LOG_TYPE(ingress)

unsigned ingress_outers(const struct ingress *in, const struct ovnet_addr *public_ip,
	struct ovnet_addr *out, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < in->n_allowed && n < max; i++)
		if (in->allowed[i].outer.family != 0 &&
			ovnet_addr_equal(&in->allowed[i].public_ip, public_ip))
			out[n++] = in->allowed[i].outer;
	return n;
}

/* Each of a peer's addresses may carry each of its prefixes. */
static unsigned make_rules(const struct ingress *in, struct ovnet_ingress_rule *rule, unsigned max)
{
	struct ovnet_addr outer[INGRESS_MAX_ALLOWED + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < in->n_allowed; i++) {
		const struct ingress_allowed *a = &in->allowed[i];
		if (a->inner.family == 0)
			continue;
		outer[0] = a->public_ip;
		unsigned addrs =
			1 + ingress_outers(in, &a->public_ip, outer + 1, INGRESS_MAX_ALLOWED);
		for (unsigned k = 0; k < addrs && n < max; k++)
			rule[n++] = (struct ovnet_ingress_rule){outer[k], a->inner};
	}
	return n;
}

/*
 * Also what only other nodes know us by: behind a router that translates, or without the kernel.
 * How many, in `*local`, which the caller frees; -errno.
 */
static int collect_local(struct ingress *in, struct ovnet_addr **local)
{
	struct ovnet_local_addr *have;
	int n = ovnet_kernel_local_addrs(in->kernel, &have);
	unsigned n_local = 0;

	if (n > INGRESS_MAX_LOCAL - 2) {
		warn_set(in->warnings, "addresses",
			"this node has %d addresses: packets it sends into the overlay from those "
			"beyond the first %d are refused (foreign-source)",
			n, INGRESS_MAX_LOCAL - 2);
		n = INGRESS_MAX_LOCAL - 2;
	} else if (n >= 0) {
		warn_clear(in->warnings, "addresses");
	}
	*local = n >= 0 ? calloc((size_t)n + 2, sizeof(**local)) : NULL;
	if (*local == NULL) {
		free(have);
		return n < 0 ? n : -ENOMEM;
	}
	for (int i = 0; i < n; i++)
		(*local)[n_local++] = have[i].addr;
	free(have);
	(*local)[n_local++] = in->node->public_ip;
	if (in->node->public_ip6.family != 0)
		(*local)[n_local++] = in->node->public_ip6;
	return (int)n_local;
}

static bool is_known(const struct ingress *in, const struct ovnet_addr *local, unsigned n)
{
	if (!in->set || n != in->n_local)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!ovnet_addr_equal(&local[i], &in->local[i]))
			return false;
	return true;
}

void ingress_update(struct ingress *in)
{
	struct ovnet_ingress_rule *rules;
	struct ovnet_addr *local = NULL;
	int n_local = node_has(in->node, NODE_CONFIGURED) ? collect_local(in, &local) : -EAGAIN;

	if (n_local < 0 || is_known(in, local, (unsigned)n_local)) {
		free(local);
		return;
	}
	rules = malloc(INGRESS_MAX_RULES * sizeof(*rules));
	unsigned n = rules != NULL ? make_rules(in, rules, INGRESS_MAX_RULES) : 0;
	in->set = rules != NULL &&
		  ovnet_fib_set_ingress(in->engine->fib, local, (uint32_t)n_local, rules, n) == 0;
	if (!in->set)
		LOG(ERR, "no memory for what ingress.allow lists: some packets are refused that "
			 "should pass");
	free(rules);
	free(in->local);
	in->local = local;
	in->n_local = (unsigned)n_local;
}

void ingress_init(struct ingress *in, struct engine *engine, struct ovnet_kernel *kernel,
	const struct node *node)
{
	*in = (struct ingress){
		.engine = engine, .kernel = kernel, .node = node, .warnings = node->warnings};
	int n = ingress_parse(node->conf->ingress.allow, in->allowed, INGRESS_MAX_ALLOWED);
	in->n_allowed = n > 0 ? (unsigned)n : 0;
}

void ingress_fini(struct ingress *in)
{
	free(in->local);
	in->local = NULL;
	in->n_local = 0;
	in->set = false;
}
