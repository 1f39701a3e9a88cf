/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/flannel/allocate.h"

struct lease_survey *lease_survey_new(const struct ovnet_netconf *netconf,
	const struct ovnet_addr *public_ip, const struct ovnet_prefix4 *previous, size_t skip)
{
	struct lease_survey *s = must(calloc(1, sizeof(*s)));

	s->netconf = netconf;
	s->public_ip = *public_ip;
	s->previous = *previous;
	s->skip = skip;
	return s;
}

void lease_survey_free(struct lease_survey *s)
{
	if (s == NULL)
		return;
	free(s->taken);
	free(s->created);
	free(s->mine.texts);
	free(s->unfit.texts);
	free(s);
}

static void add_taken(struct lease_survey *s, const struct ovnet_lease *l, int64_t created)
{
	if (s->n == s->room) {
		s->room = s->room > 0 ? s->room * 2 : 1024;
		s->taken = must(reallocarray(s->taken, s->room, sizeof(*s->taken)));
		s->created = must(reallocarray(s->created, s->room, sizeof(*s->created)));
	}
	s->created[s->n] = created;
	s->taken[s->n++] = *l;
}

/* Most leases are somebody else's. JSON can say an address without spelling it, by escapes. */
static bool may_be_mine(const struct ovnet_registry_kv *kv, const char *ip)
{
	return memmem(kv->value, kv->value_len, ip, strlen(ip)) != NULL ||
	       memchr(kv->value, '\\', kv->value_len) != NULL;
}

/* The page it stands in goes. */
static void keep(
	struct lease_found *f, const struct ovnet_registry_kv *kv, const struct ovnet_lease *lease)
{
	size_t key_len = strlen(kv->key);

	free(f->texts);
	f->texts = must(malloc(key_len + 1 + kv->value_len));
	memcpy(f->texts, kv->key, key_len + 1);
	memcpy(f->texts + key_len + 1, kv->value, kv->value_len);
	f->kv = *kv;
	f->kv.key = f->texts;
	f->kv.value = f->texts + key_len + 1;
	f->lease = *lease;
}

/*
 * Of several that fit, the one subnet.env names, as containers here have its addresses; otherwise
 * the newest, which is what we went over to.
 */
static bool is_better(const struct lease_survey *s, const struct ovnet_registry_kv *kv,
	const struct ovnet_lease *lease)
{
	bool wanted = ovnet_prefix4_equal(&lease->subnet, &s->previous);
	bool was_wanted = ovnet_prefix4_equal(&s->mine.lease.subnet, &s->previous);

	if (s->mine.kv.key == NULL || wanted != was_wanted)
		return s->mine.kv.key == NULL || wanted;
	return kv->create_revision > s->mine.kv.create_revision;
}

static void survey_key(struct lease_survey *s, const struct ovnet_registry_kv *kv, const char *ip)
{
	struct ovnet_lease l = {0};
	char ignored[200];

	if (ovnet_lease_key_parse(kv->key + s->skip, &l) < 0)
		return;
	add_taken(s, &l, kv->create_revision);
	if (!may_be_mine(kv, ip))
		return;
	/* A reservation made by hand may lack all but the PublicIP, which is set even so. */
	(void)ovnet_lease_value_parse(kv->value, kv->value_len, &l, ignored, sizeof(ignored));
	if (!ovnet_addr_equal(&l.public_ip, &s->public_ip))
		return;
	s->n_ours++;
	if (!ovnet_lease_fits(s->netconf, &l))
		keep(&s->unfit, kv, &l);
	else if (is_better(s, kv, &l))
		keep(&s->mine, kv, &l);
}

void lease_survey_add(struct lease_survey *s, const struct ovnet_registry_kv *kvs, size_t n)
{
	char ip[OVNET_ADDR_STRLEN];

	ovnet_addr_text(&s->public_ip, ip, sizeof(ip));
	for (size_t i = 0; i < n; i++)
		survey_key(s, &kvs[i], ip);
}

static bool is_same_key(const struct ovnet_lease *a, const struct ovnet_lease *b)
{
	return ovnet_prefix4_equal(&a->subnet, &b->subnet) && a->has_v6 == b->has_v6 &&
	       (!a->has_v6 || ovnet_prefix6_equal(&a->subnet6, &b->subnet6));
}

/* What has no address in it is nobody's, and a key of ours is no rival. */
static bool is_anothers(
	const struct lease_survey *s, const struct lease_listing *l, struct ovnet_lease *lease)
{
	char name[OVNET_LEASE_KEY_MAX], ignored[200];
	const struct ovnet_registry_kv *kv =
		lease_listing_find(l, ovnet_lease_key_text(lease, name, sizeof(name)));

	if (kv == NULL)
		return false;
	(void)ovnet_lease_value_parse(kv->value, kv->value_len, lease, ignored, sizeof(ignored));
	return lease->public_ip.family != 0 && !ovnet_addr_equal(&lease->public_ip, &s->public_ip);
}

bool lease_survey_older(
	const struct lease_survey *s, const struct lease_listing *l, struct ovnet_lease *out)
{
	const struct ovnet_lease *mine = &s->mine.lease;

	for (size_t i = 0; i < s->n; i++) {
		if (s->created[i] >= s->mine.kv.create_revision ||
			is_same_key(&s->taken[i], mine) || !ovnet_lease_overlap(&s->taken[i], mine))
			continue;
		*out = s->taken[i];
		if (is_anothers(s, l, out))
			return true;
	}
	return false;
}
