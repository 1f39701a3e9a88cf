/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_table.h"

#include <inttypes.h>
#include <search.h>
#include <stddef.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/number6.h"
#include "base/text_hash.h"
#include "lease/lease_judge.h"
#include "loop/log_budget.h"

OVNET_LOG_TYPE(lease)

#define RECORDS_MAX (1u << 20) /* 16 times the largest network there is; beyond it is abuse */
#define INVALID_MAX 1024       /* listed one by one */
#define WHY_MAX     192
#define LONG_NAME   200 /* longer names are known by their beginning and a hash */

struct record {
	TAILQ_ENTRY(record) link;
	TAILQ_ENTRY(record) blocked_link;
	char *name;
	struct ovnet_lease lease;
	bool announced; /* told to the caller, and in the subnet trees */
	bool blocked;   /* good in itself, but overlaps */
	uint32_t mark;
	int64_t created; /* when the key came to be, as etcd counts */
	char *why;       /* refused; NULL otherwise */
};

struct lease_table {
	struct lease_table_conf conf;
	const struct ovnet_netconf *netconf;
	struct ovnet_lease own;
	bool has_own;
	TAILQ_HEAD(records, record) records;
	struct records blocked_ones;
	uint32_t mark;
	struct record *sweeping; /* the next one to look at */
	void *by_name;           /* struct record */
	/*
	 * struct ovnet_lease. Leases in there do not overlap, so "overlaps" may count as equal:
	 * a search finds whatever is in the way.
	 */
	void *by_subnet, *by_subnet6;
	void *by_public; /* struct ovnet_lease */
	uint32_t n, peers, invalid, blocked;
	bool unsettled;
	struct log_budget budget;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

static int by_subnet(const void *a, const void *b)
{
	const struct ovnet_prefix4 *x = &((const struct ovnet_lease *)a)->subnet;
	const struct ovnet_prefix4 *y = &((const struct ovnet_lease *)b)->subnet;

	if (ovnet_prefix4_overlap(x, y))
		return 0;
	return x->addr_host < y->addr_host ? -1 : 1;
}

static int by_subnet6(const void *a, const void *b)
{
	const struct ovnet_prefix6 *x = &((const struct ovnet_lease *)a)->subnet6;
	const struct ovnet_prefix6 *y = &((const struct ovnet_lease *)b)->subnet6;
	u128 mask = ~host_bits6(x->len < y->len ? x->len : y->len);
	u128 m = number6(x->addr) & mask, n = number6(y->addr) & mask;

	return (m > n) - (m < n);
}

static int by_public(const void *a, const void *b)
{
	uint32_t x = ((const struct ovnet_lease *)a)->public_ip.v4_be;
	uint32_t y = ((const struct ovnet_lease *)b)->public_ip.v4_be;

	return (x > y) - (x < y);
}

static const struct ovnet_lease *twin(struct lease_table *t, const struct ovnet_lease *l)
{
	void *found = tfind(l, &t->by_public, by_public);

	return found != NULL ? *(const struct ovnet_lease **)found : NULL;
}

static const struct ovnet_lease *in_the_way(struct lease_table *t, const struct ovnet_lease *l)
{
	void *found = tfind(l, &t->by_subnet, by_subnet);

	if (found == NULL && l->has_v6)
		found = tfind(l, &t->by_subnet6, by_subnet6);
	return found != NULL ? *(const struct ovnet_lease **)found : NULL;
}

static void plant(struct lease_table *t, struct ovnet_lease *l)
{
	must(tsearch(l, &t->by_subnet, by_subnet));
	if (l->has_v6)
		must(tsearch(l, &t->by_subnet6, by_subnet6));
}

static void uproot(struct lease_table *t, struct ovnet_lease *l)
{
	tdelete(l, &t->by_subnet, by_subnet);
	if (l->has_v6)
		tdelete(l, &t->by_subnet6, by_subnet6);
}

/* What the record of this key is called: keys may have a megabyte each, and there may be many. */
static const char *known_as(const char *name, char *buf, size_t size)
{
	size_t cut = LONG_NAME;

	if (strnlen(name, LONG_NAME + 1) <= LONG_NAME)
		return name;
	while (cut > 0 && ((unsigned char)name[cut] & 0xc0) == 0x80)
		cut--;
	snprintf(buf, size, "%.*s... (%zu bytes, hash %016" PRIx64 ")", (int)cut, name,
		strlen(name), text_hash(name));
	return buf;
}

static struct record *find(struct lease_table *t, const char *name)
{
	void *found = tfind(&(struct record){.name = (char *)name}, &t->by_name, by_name);

	return found != NULL ? *(struct record **)found : NULL;
}

static struct record *add(struct lease_table *t, const char *name)
{
	if (t->n == RECORDS_MAX) {
		if (log_budget_take(&t->budget))
			LOG(ERR, "more than %u keys in the lease tree: lease %.80s is ignored",
				RECORDS_MAX, name);
		return NULL;
	}
	struct record *r = must(calloc(1, sizeof(*r)));
	r->name = must(strdup(name));
	r->mark = t->mark;
	must(tsearch(r, &t->by_name, by_name));
	TAILQ_INSERT_TAIL(&t->records, r, link);
	t->n++;
	return r;
}

static void accept_again(struct lease_table *t, struct record *r)
{
	if (r->why == NULL)
		return;
	free(r->why);
	r->why = NULL;
	t->invalid--;
	if (r->blocked)
		TAILQ_REMOVE(&t->blocked_ones, r, blocked_link);
	t->blocked -= r->blocked;
	r->blocked = false;
}

static void withdraw(struct lease_table *t, struct record *r)
{
	if (!r->announced)
		return;
	r->announced = false;
	t->peers--;
	uproot(t, &r->lease);
	tdelete(&r->lease, &t->by_public, by_public);
	t->unsettled = true;
	t->conf.peer_del(t->conf.arg, &r->lease);
}

static void log_refusal(struct lease_table *t, const struct record *r)
{
	if (!log_budget_take(&t->budget))
		return;
	LOG(WARN, "lease %.100s is refused, the others are not affected: %s", r->name, r->why);
	if (t->budget.left_out > 0)
		LOG(WARN, "%u refused leases before it were not logged: ovnetctl leases --invalid",
			t->budget.left_out);
	t->budget.left_out = 0;
}

static void refuse(struct lease_table *t, struct record *r, bool blocked, const char *why)
{
	withdraw(t, r);
	bool again = r->why != NULL && strcmp(r->why, why) == 0;
	accept_again(t, r);
	r->why = must(strdup(why));
	r->blocked = blocked;
	t->invalid++;
	t->blocked += blocked;
	if (blocked)
		TAILQ_INSERT_TAIL(&t->blocked_ones, r, blocked_link);
	if (!again)
		log_refusal(t, r);
}

static struct record *record_of(const struct ovnet_lease *l)
{
	return (struct record *)((char *)(uintptr_t)l - offsetof(struct record, lease));
}

/*
 * A node goes over to another subnet by a new key; what it had before stays until its TTL is over,
 * and is nobody's. False: it is `r` that has to stand back.
 */
static bool outlives_twin(struct lease_table *t, const struct record *r,
	const struct ovnet_lease *l, const struct ovnet_lease *twin)
{
	struct record *other = record_of(twin);
	char why[WHY_MAX];

	if (r->created <= other->created)
		return false;
	lease_why_twin(twin, l, why, sizeof(why));
	refuse(t, other, true, why);
	return true;
}

/* `r->lease` is good in itself: does anything stand where it wants to be? */
static void place(struct lease_table *t, struct record *r)
{
	const struct ovnet_lease *other = in_the_way(t, &r->lease);
	const struct ovnet_lease *same = twin(t, &r->lease);
	char why[WHY_MAX];

	if (other != NULL || (same != NULL && !outlives_twin(t, r, &r->lease, same))) {
		if (other != NULL)
			lease_why_overlap(&r->lease, other, other == &t->own, why, sizeof(why));
		else
			lease_why_twin(&r->lease, same, why, sizeof(why));
		refuse(t, r, true, why);
		return;
	}
	accept_again(t, r);
	plant(t, &r->lease);
	must(tsearch(&r->lease, &t->by_public, by_public));
	r->announced = true;
	t->peers++;
	t->conf.peer_set(t->conf.arg, &r->lease);
}

/* One name, one subnet: its place in the subnet trees stays. */
static void change(struct lease_table *t, struct record *r, const struct ovnet_lease *l)
{
	const struct ovnet_lease *same = twin(t, l);
	char why[WHY_MAX];

	if (same != NULL && same != &r->lease && !outlives_twin(t, r, l, same)) {
		lease_why_twin(l, same, why, sizeof(why));
		refuse(t, r, true, why);
		r->lease = *l;
		return;
	}
	t->unsettled |= !ovnet_addr_equal(&r->lease.public_ip, &l->public_ip);
	tdelete(&r->lease, &t->by_public, by_public);
	r->lease = *l;
	must(tsearch(&r->lease, &t->by_public, by_public));
	t->conf.peer_set(t->conf.arg, &r->lease);
}

void lease_table_put(struct lease_table *t, const char *key, const struct ovnet_registry_kv *kv)
{
	const struct lease_judge judge = {.netconf = t->netconf,
		.public_ip = t->conf.public_ip,
		.public_ip6 = t->conf.public_ip6};
	char buf[LONG_NAME + 64], why[WHY_MAX];
	const char *name = known_as(key, buf, sizeof(buf));
	struct record *r = find(t, name);
	struct ovnet_lease l;

	if (r == NULL)
		r = add(t, name);
	if (r == NULL)
		return;
	r->created = kv->create_revision;
	if (lease_judge(&judge, key, kv->value, kv->value_len, &l, why, sizeof(why)) < 0) {
		refuse(t, r, false, why);
		return;
	}
	if (!r->announced) {
		r->lease = l;
		place(t, r);
		return;
	}
	if (!ovnet_lease_equal(&r->lease, &l))
		change(t, r, &l);
}

static void forget(struct lease_table *t, struct record *r)
{
	withdraw(t, r);
	accept_again(t, r);
	tdelete(r, &t->by_name, by_name);
	if (t->sweeping == r)
		t->sweeping = TAILQ_NEXT(r, link);
	TAILQ_REMOVE(&t->records, r, link);
	t->n--;
	free(r->name);
	free(r);
}

void lease_table_remove(struct lease_table *t, const char *name)
{
	char buf[LONG_NAME + 64];
	struct record *r = find(t, known_as(name, buf, sizeof(buf)));

	if (r != NULL)
		forget(t, r);
}

void lease_table_settle(struct lease_table *t)
{
	struct record *r;

	if (!t->unsettled)
		return;
	t->unsettled = false;
	/* One that is still in the way goes to the end. */
	for (uint32_t n = t->blocked; n > 0; n--) {
		r = TAILQ_FIRST(&t->blocked_ones);
		place(t, r);
	}
}

void lease_table_unmark(struct lease_table *t)
{
	t->mark++;
	t->sweeping = TAILQ_FIRST(&t->records);
}

void lease_table_mark(struct lease_table *t, const char *name)
{
	char buf[LONG_NAME + 64];
	struct record *r = find(t, known_as(name, buf, sizeof(buf)));

	if (r != NULL)
		r->mark = t->mark;
}

bool lease_table_sweep(struct lease_table *t, unsigned n)
{
	while (n-- > 0 && t->sweeping != NULL) {
		struct record *r = t->sweeping;
		t->sweeping = TAILQ_NEXT(r, link);
		if (r->mark != t->mark)
			forget(t, r);
	}
	return t->sweeping == NULL;
}

const struct ovnet_lease *lease_table_rival(const struct lease_table *t, int64_t before)
{
	const struct record *r;

	if (!t->has_own || t->blocked == 0)
		return NULL;
	TAILQ_FOREACH (r, &t->blocked_ones, blocked_link)
		if (r->created < before && ovnet_lease_overlap(&r->lease, &t->own))
			return &r->lease;
	return NULL;
}

bool lease_table_clash(struct lease_table *t, struct ovnet_lease *one, struct ovnet_lease *other)
{
	const struct ovnet_lease *found = lease_table_rival(t, INT64_MAX), *first = &t->own;
	const struct record *r;

	if (found == NULL)
		TAILQ_FOREACH (r, &t->blocked_ones, blocked_link) {
			first = in_the_way(t, &r->lease);
			found = first != NULL ? &r->lease : NULL;
			if (found != NULL)
				break;
		}
	if (found == NULL)
		return false;
	*one = *first;
	*other = *found;
	return true;
}

/* Whoever is in the way of a lease we hold yields to it. */
static void make_way(struct lease_table *t, const struct ovnet_lease *own)
{
	char why[WHY_MAX];
	struct record *r;

	if (in_the_way(t, own) == NULL)
		return;
	TAILQ_FOREACH (r, &t->records, link)
		if (r->announced && ovnet_lease_overlap(&r->lease, own)) {
			lease_why_overlap(&r->lease, own, true, why, sizeof(why));
			refuse(t, r, true, why);
		}
}

void lease_table_set_own(struct lease_table *t, const struct ovnet_lease *own)
{
	if (t->has_own)
		uproot(t, &t->own);
	t->has_own = own != NULL;
	if (own != NULL) {
		make_way(t, own);
		t->own = *own;
		plant(t, &t->own);
	}
	t->unsettled = true;
	lease_table_settle(t);
}

void lease_table_set_netconf(struct lease_table *t, const struct ovnet_netconf *netconf)
{
	t->netconf = netconf;
}

struct lease_table *lease_table_new(const struct lease_table_conf *conf)
{
	struct lease_table *t = must(calloc(1, sizeof(*t)));

	t->conf = *conf;
	TAILQ_INIT(&t->records);
	TAILQ_INIT(&t->blocked_ones);
	return t;
}

static void nothing(void *arg, const struct ovnet_lease *lease)
{
	(void)arg, (void)lease;
}

void lease_table_free(struct lease_table *t)
{
	if (t == NULL)
		return;
	t->conf.peer_del = nothing;
	while (!TAILQ_EMPTY(&t->records))
		forget(t, TAILQ_FIRST(&t->records));
	if (t->has_own)
		uproot(t, &t->own);
	free(t);
}

uint32_t lease_table_peers(const struct lease_table *t)
{
	return t->peers;
}

uint32_t lease_table_invalid(const struct lease_table *t)
{
	return t->invalid;
}

void lease_table_each(const struct lease_table *t,
	void (*fn)(void *arg, const struct ovnet_lease *lease, bool own), void *arg)
{
	const struct record *r;

	if (t->has_own)
		fn(arg, &t->own, true);
	TAILQ_FOREACH (r, &t->records, link)
		if (r->announced)
			fn(arg, &r->lease, false);
}

void lease_table_each_invalid(const struct lease_table *t,
	void (*fn)(void *arg, const char *key, const char *why), void *arg)
{
	const struct record *r;
	unsigned listed = 0;

	TAILQ_FOREACH (r, &t->records, link) {
		if (r->why == NULL)
			continue;
		if (listed++ == INVALID_MAX)
			return;
		fn(arg, r->name, r->why);
	}
}
