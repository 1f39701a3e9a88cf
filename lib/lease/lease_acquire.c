/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds our lease of an earlier life by its PublicIP, or claims a free subnet. Every write is
 * conditional; whoever is beaten to it lists again, and so does who was not: see yields().
 */
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/flannel/allocate.h"
#include "lease/lease_client_int.h"
#include "lease/lease_survey.h"
#include "loop/random.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

static void retry(struct ovnet_lease_client *c, const char *text)
{
	lease_set_error(c, text);
	if (nag_due(&c->acquire.nag, text))
		LOG(WARN, "no lease yet, trying again: %s", text);
	c->retries++;
	arm_ms(c->acquire.timer, backoff_next(&c->acquire.backoff));
}

/* Lost a race: normal while many nodes start, so nothing for the log. */
static void race_lost(struct ovnet_lease_client *c)
{
	c->retries++;
	arm_ms(c->acquire.timer, 20 + random_below(NULL, 200));
}

static bool failed(struct ovnet_lease_client *c, const struct ovnet_registry_result *r)
{
	if (r->status == OVNET_REGISTRY_OK)
		return false;
	if (r->status == OVNET_REGISTRY_CONFLICT || r->status == OVNET_REGISTRY_NOT_FOUND)
		race_lost(c);
	else
		retry(c, r->text);
	return true;
}

static int learn_attrs(struct ovnet_lease_client *c, const struct lease_survey *s)
{
	struct ovnet_lease *own = &c->acquire.lease;

	/* Asked again until it is held: a lease of ours that appears brings its VtepMAC. */
	if (c->acquire.attrs_known)
		return 0;
	*own = (struct ovnet_lease){.public_ip = c->public_ip,
		.backend = c->netconf.backend,
		.vni = c->netconf.backend == OVNET_BACKEND_VXLAN ? c->netconf.vni : 0};
	const struct ovnet_lease *mine = s->mine.kv.key != NULL ? &s->mine.lease : NULL;
	int rc = c->cbs.attrs(c->arg, &c->netconf, mine, own);
	if (rc == -EAGAIN)
		arm_ms(c->acquire.timer, ATTRS_RETRY_MS);
	else if (rc < 0)
		lease_fatal(c, "this node cannot serve the network config in etcd, see above");
	if (rc < 0)
		return rc;
	c->acquire.wish = *own;
	own->public_ip = c->public_ip;
	if (c->netconf.enable_ipv6)
		own->public_ip6 = c->public_ip6;
	return 0;
}

/* The candidate's key and value from its lease. */
static void write_out(struct ovnet_lease_client *c)
{
	char name[OVNET_LEASE_KEY_MAX];

	free(c->acquire.key);
	free(c->acquire.value);
	ovnet_lease_key_text(&c->acquire.lease, name, sizeof(name));
	c->acquire.key = must(malloc(strlen(c->subnets_prefix) + strlen(name) + 1));
	strcpy(c->acquire.key, c->subnets_prefix);
	strcat(c->acquire.key, name);
	c->acquire.value = must(ovnet_lease_value_text(&c->acquire.lease));
}

static void drop_listing(struct ovnet_lease_client *c)
{
	lease_listing_free(c->acquire.listing);
	c->acquire.listing = NULL;
	c->acquire.listed_at = 0;
}

static void got_it(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	c->acquire.attrs_known = true;
	backoff_reset(&c->acquire.backoff);
	nag_reset(&c->acquire.nag);
	lease_set_error(c, "");
	c->report(c, (struct lease_report){LEASE_ACQUIRED, .kv = kv});
	drop_listing(c);
}

static void on_written(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (!failed(c, r))
		got_it(c, &r->kvs[0]);
}

static void rewrite_found(struct ovnet_lease_client *c, int64_t handle)
{
	uint32_t ttl_s = c->acquire.found.ttl_handle != 0 ? c->ttl_s : 0;

	c->ops->update(c->registry, c->acquire.key, c->acquire.value, ttl_s, handle,
		c->acquire.found.mod_revision, on_written, c);
}

static void on_kept(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;
	struct ovnet_registry_kv *found = &c->acquire.found;

	if (r->status == OVNET_REGISTRY_NOT_FOUND ||
		(r->status == OVNET_REGISTRY_OK && r->kvs[0].ttl_s < c->ttl_s)) {
		rewrite_found(c, 0);
		return;
	}
	if (failed(c, r))
		return;
	found->ttl_handle = r->kvs[0].ttl_handle;
	if (r->kvs[0].mod_revision != 0)
		found->mod_revision = r->kvs[0].mod_revision;
	if (!c->acquire.same_value) {
		rewrite_found(c, found->ttl_handle);
		return;
	}
	found->ttl_s = r->kvs[0].ttl_s;
	got_it(c, found);
}

static void reuse(struct ovnet_lease_client *c, const struct lease_survey *s)
{
	struct ovnet_lease *l = &c->acquire.lease;

	l->subnet = s->mine.lease.subnet;
	l->has_v6 = s->mine.lease.has_v6;
	l->subnet6 = s->mine.lease.subnet6;
	write_out(c);
	c->acquire.found = (struct ovnet_registry_kv){
		.mod_revision = s->mine.kv.mod_revision, .ttl_handle = s->mine.kv.ttl_handle};
	c->acquire.same_value =
		strlen(c->acquire.value) == s->mine.kv.value_len &&
		memcmp(c->acquire.value, s->mine.kv.value, s->mine.kv.value_len) == 0;
	LOG(INFO, "Found lease %s of this node (PublicIP), reusing it",
		lease_name_of(c, s->mine.kv.key));
	if (s->mine.kv.ttl_handle != 0)
		c->ops->keepalive(
			c->registry, s->mine.kv.key, c->ttl_s, s->mine.kv.ttl_handle, on_kept, c);
	else if (!c->acquire.same_value)
		rewrite_found(c, 0);
	else
		got_it(c, &c->acquire.found);
}

static void on_removed(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (!failed(c, r))
		lease_acquire_start(c);
}

/* As flanneld does. */
static void give_up_unfit(struct ovnet_lease_client *c, const struct lease_survey *s)
{
	LOG(NOTICE, "our lease %s does not fit the network config any more: giving it back",
		lease_name_of(c, s->unfit.kv.key));
	c->ops->remove(c->registry, s->unfit.kv.key, s->unfit.kv.mod_revision, on_removed, c);
}

/*
 * A key guards both halves of a dual-stack lease together, and neither of them alone; over v2 and
 * in a mixed tree there is no more than that. So after every claim, and at every start, the tree is
 * looked at: of two that overlap the one created later yields, before anybody is told of it.
 */
static bool yields(struct ovnet_lease_client *c, const struct lease_survey *s)
{
	char ours[OVNET_LEASE_KEY_MAX], name[OVNET_LEASE_KEY_MAX], ip[OVNET_ADDR_STRLEN];
	struct ovnet_lease older;

	if (!lease_survey_older(s, c->acquire.listing, &older))
		return false;
	LOG(WARN,
		"our lease %s overlaps %s of %s, which is older: giving ours back and claiming "
		"another one",
		ovnet_lease_key_text(&s->mine.lease, ours, sizeof(ours)),
		ovnet_lease_key_text(&older, name, sizeof(name)),
		ovnet_addr_text(&older.public_ip, ip, sizeof(ip)));
	c->ops->remove(c->registry, s->mine.kv.key, s->mine.kv.mod_revision, on_removed, c);
	return true;
}

static void several_are_ours(const struct ovnet_lease_client *c, const struct lease_survey *s)
{
	char ip[OVNET_ADDR_STRLEN];

	if (s->n_ours > 1)
		LOG(WARN,
			"%u leases bear our PublicIP %s: going on with %s; what is left of an "
			"earlier life ends with its TTL, but is there a second node with our "
			"address?",
			s->n_ours, ovnet_addr_text(&c->public_ip, ip, sizeof(ip)),
			lease_name_of(c, s->mine.kv.key));
}

static void network_full(struct ovnet_lease_client *c)
{
	const struct ovnet_netconf *n = &c->netconf;
	struct ovnet_addr min = ovnet_addr_v4(n->subnet_min), max = ovnet_addr_v4(n->subnet_max);
	char net[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN], text[320];

	snprintf(text, sizeof(text),
		"all %" PRIu64
		" subnets of %s (%s to %s, /%u each%s) are leased; one comes free when "
		"a lease expires or its key is deleted, more come with a larger Network in %s and "
		"a restart",
		((uint64_t)(n->subnet_max - n->subnet_min) >> (32 - n->subnet_len)) + 1,
		ovnet_prefix4_text(&n->network, net, sizeof(net)),
		ovnet_addr_text(&min, a, sizeof(a)), ovnet_addr_text(&max, b, sizeof(b)),
		n->subnet_len, n->enable_ipv6 ? ", or all IPv6 ones" : "", c->config_key);
	retry(c, text);
}

static void on_created(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (failed(c, r))
		return;
	c->acquire.found = r->kvs[0];
	c->acquire.created = r->kvs[0].mod_revision;
	lease_acquire_start(c);
}

static void claim(struct ovnet_lease_client *c, struct lease_survey *s)
{
	char text[OVNET_LEASE_KEY_MAX];

	if (c->reconf.differs) {
		retry(c, "the network config in etcd changed meanwhile: restart ovnetd to claim a "
			 "subnet of it");
		return;
	}
	/* That of a moment ago, or of an earlier life, is better than any other. */
	const struct ovnet_lease leases[] = {c->own.lease, c->previous, c->acquire.wish};
	const struct ovnet_former former = {leases, sizeof(leases) / sizeof(leases[0])};
	if (ovnet_allocate(&c->netconf, s->taken, s->n, &former, random_below, NULL,
		    &c->acquire.lease) < 0) {
		network_full(c);
		return;
	}
	write_out(c);
	LOG(INFO, "Picking subnet %s", ovnet_lease_key_text(&c->acquire.lease, text, sizeof(text)));
	c->ops->create(c->registry, c->acquire.key, c->acquire.value, c->ttl_s, on_created, c);
}

static void drop_survey(struct ovnet_lease_client *c)
{
	lease_survey_free(c->acquire.survey);
	c->acquire.survey = NULL;
}

/* What we have just claimed, and nobody touched it. */
static bool is_claimed(const struct ovnet_lease_client *c, const struct lease_survey *s)
{
	return c->acquire.created != 0 && s->mine.kv.key != NULL &&
	       s->mine.kv.mod_revision == c->acquire.created;
}

static void decide(struct ovnet_lease_client *c, struct lease_survey *s)
{
	bool claimed = is_claimed(c, s);

	c->acquire.created = 0;
	if (!claimed && learn_attrs(c, s) < 0)
		return;
	if (s->unfit.kv.key != NULL) {
		give_up_unfit(c, s);
	} else if (s->mine.kv.key == NULL) {
		claim(c, s);
	} else if (!yields(c, s)) {
		several_are_ours(c, s);
		if (claimed)
			got_it(c, &c->acquire.found);
		else
			reuse(c, s);
	}
}

static void on_list(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (failed(c, r)) {
		/* Its TTL goes on meanwhile: to be renewed, as one of an earlier life. */
		c->acquire.created = 0;
		drop_survey(c);
		drop_listing(c);
		return;
	}
	if (c->acquire.survey == NULL)
		c->acquire.survey = lease_survey_new(
			&c->netconf, &c->public_ip, &c->previous.subnet, strlen(c->subnets_prefix));
	lease_listing_add(c->acquire.listing, r->kvs, r->n_kvs, strlen(c->subnets_prefix));
	lease_survey_add(c->acquire.survey, r->kvs, r->n_kvs);
	if (r->more)
		return;
	c->acquire.listed_at = r->revision;
	decide(c, c->acquire.survey);
	drop_survey(c);
}

static bool range_is_empty(struct ovnet_lease_client *c)
{
	const struct ovnet_netconf *n = &c->netconf;

	if (n->subnet_min <= n->subnet_max &&
		(!n->enable_ipv6 || memcmp(n->subnet6_min, n->subnet6_max, 16) <= 0))
		return false;
	lease_fatal(
		c, "SubnetMin is beyond SubnetMax in the network config: no subnet to give out");
	return true;
}

void lease_acquire_start(struct ovnet_lease_client *c)
{
	if (range_is_empty(c))
		return;
	drop_listing(c);
	c->acquire.listing = lease_listing_new();
	c->ops->list(c->registry, c->subnets_prefix, on_list, c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	lease_acquire_start(arg);
}

void lease_acquire_init(struct ovnet_lease_client *c)
{
	c->acquire.backoff = (struct backoff){.min_ms = 1000, .max_ms = 8000};
	c->acquire.timer = must(evtimer_new(c->base, on_timer, c));
}

struct lease_listing *lease_acquire_take_listing(
	struct ovnet_lease_client *c, int64_t revision, int64_t *listed_at)
{
	struct lease_listing *l = c->acquire.listing;

	if (c->acquire.listed_at == 0 || c->acquire.listed_at < revision)
		return NULL;
	*listed_at = c->acquire.listed_at;
	c->acquire.listing = NULL;
	c->acquire.listed_at = 0;
	return l;
}

void lease_acquire_stop(struct ovnet_lease_client *c)
{
	event_free(c->acquire.timer);
	drop_survey(c);
	drop_listing(c);
	free(c->acquire.key);
	free(c->acquire.value);
}
