/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/firewall_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

OVNET_LOG_TYPE(firewall)

struct ovnet_firewall *ovnet_firewall_new(int stop_fd)
{
	struct ovnet_firewall *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->stop_fd = stop_fd;
	f->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (f->nft == NULL || nft_ctx_buffer_output(f->nft) != 0 ||
		nft_ctx_buffer_error(f->nft) != 0) {
		ovnet_firewall_free(f);
		return NULL;
	}
	/* Counters run on while the rules stay the same. */
	nft_ctx_output_set_flags(f->nft, NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_NUMERIC_ALL);
	return f;
}

void ovnet_firewall_free(struct ovnet_firewall *f)
{
	if (f == NULL)
		return;
	if (f->nft != NULL)
		nft_ctx_free(f->nft);
	free(f);
}

bool rule_nets_of(const struct ovnet_firewall_rules *rules, bool v6, struct rule_nets *nets)
{
	nets->device = rules->device;
	if (v6) {
		ovnet_prefix6_text(&rules->network6, nets->network, sizeof(nets->network));
		ovnet_prefix6_text(&rules->subnet6, nets->subnet, sizeof(nets->subnet));
		return rules->has_v6;
	}
	ovnet_prefix4_text(&rules->network, nets->network, sizeof(nets->network));
	ovnet_prefix4_text(&rules->subnet, nets->subnet, sizeof(nets->subnet));
	return rules->has_v4;
}

static void apply_masquerade(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	struct ovnet_firewall_outcome *out)
{
	struct rule_nets nets;

	for (unsigned set = 0; set < MASQ_SETS; set++) {
		bool want = rule_nets_of(rules, set == MASQ_IP6, &nets) && rules->masquerade;
		int rc = masquerade_set(f, set, want ? &nets : NULL, rules->fully_random,
			out->masquerade_error, sizeof(out->masquerade_error));
		out->masquerade += rc > 0;
	}
}

static bool is_v6(unsigned set)
{
	return set == XT_IP6 || set == XT_IP6_LEGACY;
}

/* Asking the legacy programs would make their tables. */
bool forward_in_use(const struct ovnet_firewall *f, unsigned set)
{
	return set < XT_IP_LEGACY || f->legacy[is_v6(set)];
}

static void apply_forward(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	struct ovnet_firewall_outcome *out)
{
	struct rule_nets nets;

	for (unsigned set = 0; set < XT_SETS; set++) {
		bool want = rule_nets_of(rules, is_v6(set), &nets) && rules->forward;
		if (!forward_in_use(f, set))
			continue;
		int rc = forward_set(f, set, want ? &nets : NULL, out->forward_error,
			sizeof(out->forward_error));
		out->forward += rc > 0;
	}
}

void ovnet_firewall_apply(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	struct ovnet_firewall_outcome *out)
{
	*out = (struct ovnet_firewall_outcome){0};
	apply_masquerade(f, rules, out);
	apply_forward(f, rules, out);
}

struct cleaner {
	struct ovnet_firewall *f;
	bool dry_run;
	void (*report)(void *arg, const char *what);
	void *arg;
	int found;
	int err; /* the first failure; the rest is still cleaned */
};

static void clean(struct cleaner *c, unsigned set, bool forward)
{
	char what[64], err[256] = "cannot be looked for; run it as root";
	int rc = (forward ? forward_find : masquerade_find)(c->f, set, what, sizeof(what));

	if (rc == 0)
		return;
	if (rc > 0 && !c->dry_run)
		rc = forward ? forward_set(c->f, set, NULL, err, sizeof(err))
			     : masquerade_set(c->f, set, NULL, false, err, sizeof(err));
	if (rc >= 0) {
		c->found++;
		c->report(c->arg, what);
		return;
	}
	LOG(ERR, "cleanup: %s: %s", what, err);
	c->err = c->err == 0 ? rc : c->err;
}

int ovnet_firewall_cleanup(bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	struct cleaner c = {ovnet_firewall_new(-1), dry_run, report, arg, 0, 0};

	if (c.f == NULL) {
		LOG(ERR, "cleanup: no memory for nftables");
		return -ENOMEM;
	}
	for (unsigned set = 0; set < MASQ_SETS; set++)
		clean(&c, set, false);
	for (unsigned set = 0; set < XT_SETS; set++)
		if (forward_in_use(c.f, set))
			clean(&c, set, true);
	ovnet_firewall_free(c.f);
	return c.err < 0 ? c.err : c.found;
}
