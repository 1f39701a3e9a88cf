/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds our lease of an earlier life by its PublicIP, or claims a free subnet. Every write is
 * conditional; whoever is beaten to it lists again.
 */
#include <errno.h>
#include <inttypes.h>

#include "allocate.h"
#include "lease_client_int.h"
#include "log.h"
#include "mem.h"

OVNET_LOG_TYPE(lease)

/* What one listing says about us. */
struct lease_survey {
	struct ovnet_lease *taken; /* every key that is a subnet, whatever its value */
	size_t n, room;
	const struct ovnet_etcd_kv *mine; /* NULL or `copy` */
	struct ovnet_etcd_kv copy;
	char *mine_texts;
	struct ovnet_lease mine_lease;
	bool mine_fits;
};

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

static bool failed(struct ovnet_lease_client *c, const struct ovnet_etcd_result *r)
{
	if (r->status == OVNET_ETCD_OK)
		return false;
	if (r->status == OVNET_ETCD_CONFLICT || r->status == OVNET_ETCD_NOT_FOUND)
		race_lost(c);
	else
		retry(c, r->text);
	return true;
}

static void add_taken(struct lease_survey *s, const struct ovnet_lease *l)
{
	if (s->n == s->room) {
		s->room = s->room > 0 ? s->room * 2 : 1024;
		s->taken = must(reallocarray(s->taken, s->room, sizeof(*s->taken)));
	}
	s->taken[s->n++] = *l;
}

/* Most leases are somebody else's. JSON can say an address without spelling it, by escapes. */
static bool may_be_mine(const struct ovnet_etcd_kv *kv, const char *ip)
{
	return memmem(kv->value, kv->value_len, ip, strlen(ip)) != NULL ||
	       memchr(kv->value, '\\', kv->value_len) != NULL;
}

/* The page it stands in goes. */
static void keep_mine(struct lease_survey *s, const struct ovnet_etcd_kv *kv)
{
	size_t key_len = strlen(kv->key);

	free(s->mine_texts);
	s->mine_texts = must(malloc(key_len + 1 + kv->value_len));
	memcpy(s->mine_texts, kv->key, key_len + 1);
	memcpy(s->mine_texts + key_len + 1, kv->value, kv->value_len);
	s->copy = *kv;
	s->copy.key = s->mine_texts;
	s->copy.value = s->mine_texts + key_len + 1;
	s->mine = &s->copy;
}

static void survey_key(const struct ovnet_lease_client *c, const struct ovnet_etcd_kv *kv,
	const char *ip, struct lease_survey *s)
{
	struct ovnet_lease l = {0};
	char ignored[200];

	if (ovnet_lease_key_parse(lease_name_of(c, kv->key), &l) < 0)
		return;
	add_taken(s, &l);
	if (!may_be_mine(kv, ip))
		return;
	/* A reservation made by hand may lack all but the PublicIP, which is set even so. */
	(void)ovnet_lease_value_parse(kv->value, kv->value_len, &l, ignored, sizeof(ignored));
	if (!ovnet_addr_equal(&l.public_ip, &c->public_ip))
		return;
	bool fits = ovnet_lease_fits(&c->netconf, &l);
	bool wanted = ovnet_prefix4_equal(&l.subnet, &c->previous);
	if (s->mine != NULL && (!fits || (s->mine_fits && !wanted)))
		return;
	keep_mine(s, kv);
	s->mine_lease = l;
	s->mine_fits = fits;
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
	int rc = c->cbs.attrs(c->arg, &c->netconf, s->mine != NULL ? &s->mine_lease : NULL, own);
	if (rc == -EAGAIN)
		arm_ms(c->acquire.timer, ATTRS_RETRY_MS);
	else if (rc < 0)
		lease_fatal(c, "this node cannot serve the network config in etcd, see above");
	if (rc < 0)
		return rc;
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

static void got_it(struct ovnet_lease_client *c, const struct ovnet_etcd_kv *kv)
{
	c->acquire.attrs_known = true;
	backoff_reset(&c->acquire.backoff);
	nag_reset(&c->acquire.nag);
	lease_set_error(c, "");
	lease_own_hold(c, &c->acquire.lease, c->acquire.value, kv);
	drop_listing(c);
}

static void on_written(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (!failed(c, r))
		got_it(c, &r->kvs[0]);
}

static void rewrite_found(struct ovnet_lease_client *c, int64_t handle)
{
	uint32_t ttl_s = c->acquire.found.ttl_handle != 0 ? c->ttl_s : 0;

	c->ops->update(c->etcd, c->acquire.key, c->acquire.value, ttl_s, handle,
		c->acquire.found.mod_revision, on_written, c);
}

static void on_kept(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;
	struct ovnet_etcd_kv *found = &c->acquire.found;

	if (r->status == OVNET_ETCD_NOT_FOUND ||
		(r->status == OVNET_ETCD_OK && r->kvs[0].ttl_s < c->ttl_s)) {
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

	l->subnet = s->mine_lease.subnet;
	l->has_v6 = s->mine_lease.has_v6;
	l->subnet6 = s->mine_lease.subnet6;
	write_out(c);
	c->acquire.found = (struct ovnet_etcd_kv){
		.mod_revision = s->mine->mod_revision, .ttl_handle = s->mine->ttl_handle};
	c->acquire.same_value = strlen(c->acquire.value) == s->mine->value_len &&
				memcmp(c->acquire.value, s->mine->value, s->mine->value_len) == 0;
	LOG(INFO, "Found lease %s of this node (PublicIP), reusing it",
		lease_name_of(c, s->mine->key));
	if (s->mine->ttl_handle != 0)
		c->ops->keepalive(c->etcd, s->mine->key, c->ttl_s, s->mine->ttl_handle, on_kept, c);
	else if (!c->acquire.same_value)
		rewrite_found(c, 0);
	else
		got_it(c, &c->acquire.found);
}

static void on_removed(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (!failed(c, r))
		lease_acquire_start(c);
}

static void give_up_unfit(struct ovnet_lease_client *c, const struct lease_survey *s)
{
	LOG(NOTICE, "our lease %s does not fit the network config any more: giving it back",
		lease_name_of(c, s->mine->key));
	c->ops->remove(c->etcd, s->mine->key, s->mine->mod_revision, on_removed, c);
}

static bool is_free(const struct lease_survey *s, const struct ovnet_prefix4 *subnet)
{
	for (size_t i = 0; i < s->n; i++)
		if (ovnet_prefix4_overlap(&s->taken[i].subnet, subnet))
			return false;
	return true;
}

/* The subnet of a moment ago, or that of an earlier life, is better than any other. */
static void prefer_former(
	struct ovnet_lease_client *c, const struct lease_survey *s, struct ovnet_lease *l)
{
	const struct ovnet_prefix4 former[] = {c->own.lease.subnet, c->previous};

	for (unsigned i = 0; i < 2; i++) {
		struct ovnet_lease want = *l;
		want.subnet = former[i];
		if (former[i].len == 0 || !ovnet_lease_fits(&c->netconf, &want) ||
			!is_free(s, &former[i]))
			continue;
		*l = want;
		return;
	}
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

static void claim(struct ovnet_lease_client *c, struct lease_survey *s)
{
	char text[OVNET_LEASE_KEY_MAX];

	if (c->reconf.differs) {
		retry(c, "the network config in etcd changed meanwhile: restart ovnetd to claim a "
			 "subnet of it");
		return;
	}
	if (ovnet_allocate(&c->netconf, s->taken, s->n, random_below, NULL, &c->acquire.lease) <
		0) {
		network_full(c);
		return;
	}
	prefer_former(c, s, &c->acquire.lease);
	write_out(c);
	LOG(INFO, "Picking subnet %s", ovnet_lease_key_text(&c->acquire.lease, text, sizeof(text)));
	c->ops->create(c->etcd, c->acquire.key, c->acquire.value, c->ttl_s, on_written, c);
}

static void drop_survey(struct ovnet_lease_client *c)
{
	struct lease_survey *s = c->acquire.survey;

	c->acquire.survey = NULL;
	if (s == NULL)
		return;
	free(s->taken);
	free(s->mine_texts);
	free(s);
}

static void decide(struct ovnet_lease_client *c, struct lease_survey *s)
{
	if (learn_attrs(c, s) < 0)
		return;
	if (s->mine != NULL && s->mine_fits)
		reuse(c, s);
	else if (s->mine != NULL)
		give_up_unfit(c, s);
	else
		claim(c, s);
}

static void on_list(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;
	char ip[OVNET_ADDR_STRLEN];

	if (failed(c, r)) {
		drop_survey(c);
		drop_listing(c);
		return;
	}
	if (c->acquire.survey == NULL)
		c->acquire.survey = must(calloc(1, sizeof(*c->acquire.survey)));
	lease_listing_add(c->acquire.listing, r->kvs, r->n_kvs, strlen(c->subnets_prefix));
	ovnet_addr_text(&c->public_ip, ip, sizeof(ip));
	for (size_t i = 0; i < r->n_kvs; i++)
		survey_key(c, &r->kvs[i], ip, c->acquire.survey);
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
	c->ops->list(c->etcd, c->subnets_prefix, on_list, c);
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

void lease_acquire_stop(struct ovnet_lease_client *c)
{
	event_free(c->acquire.timer);
	drop_survey(c);
	drop_listing(c);
	free(c->acquire.key);
	free(c->acquire.value);
}
