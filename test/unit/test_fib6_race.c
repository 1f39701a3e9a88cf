/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One writer, two readers. Peers are published with address, allowed source and header in step: a
 * reader that sees them differ saw half of one. What nobody changes has to be there all the time,
 * what was never there never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bed/fib6.h"

#define POOL 400 /* subnets that come and go, each with a public address of its own */

static const u128 still = A(NET48 + 0xffff, 0), own_net = A(NET48 + 0xfffe, 0);

struct reader {
	pthread_t thread;
	unsigned id;
	_Atomic bool *stop;
	uint64_t seen, torn, lost;
};

static struct ovnet_addr public_of(uint32_t n)
{
	return addr_of(A(0xfd01000000000000 | n, n * 0x9e3779b97f4a7c15u));
}

static bool is_torn(const struct ovnet_peer *p, const struct ovnet_addr *a)
{
	return memcmp(p->public_addr.v6, p->rewrite.bytes + 20, 16) != 0 ||
	       memcmp(p->public_addr.v6, p->allowed[0].v6, 16) != 0 ||
	       !ovnet_prefix6_contains(&p->subnet.v6, a->v6);
}

static bool is_lost(const struct ovnet_fib_view *v)
{
	const struct ovnet_addr at = addr_of(still | 5), pub = public_of(POOL);
	const struct ovnet_addr never = addr_of(A(0xfd02, 1)), own = addr_of(own_net | 7);

	return ovnet_fib_lookup6(v, at.v6) == NULL || ovnet_fib_lookup6(v, never.v6) != NULL ||
	       !ovnet_fib_is_source(&bed.fib, &pub) || ovnet_fib_is_source(&bed.fib, &never) ||
	       !ovnet_fib_is_local(&bed.fib, &own) || ovnet_fib_is_local(&bed.fib, &never) ||
	       !ovnet_fib_listed(&bed.fib, &own, &at) || ovnet_fib_listed(&bed.fib, &never, &at) ||
	       ovnet_fib_endpoint6(v, own.v6)->port != 7 ||
	       ovnet_fib_endpoint6(v, at.v6)->port != 1;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t seed = r->id + 1;

	ovnet_rcu_reader_online(&bed.rcu, r->id);
	while (!atomic_load(r->stop)) {
		const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
		for (unsigned i = 0; i < 64; i++) {
			const struct ovnet_addr a =
				addr_of(A(NET48 + next_random(&seed) % POOL, next_random(&seed)));
			const struct ovnet_peer *p = ovnet_fib_lookup6(v, a.v6);
			r->seen += p != NULL;
			r->torn += p != NULL && is_torn(p, &a);
			r->lost += is_lost(v);
		}
		ovnet_rcu_reader_quiescent(&bed.rcu, r->id);
	}
	ovnet_rcu_reader_offline(&bed.rcu, r->id);
	return NULL;
}

static int set_stamped(const struct ovnet_prefix *subnet, uint32_t n)
{
	const struct ovnet_addr pub = public_of(n);
	struct ovnet_peer_conf conf = {
		.subnet = *subnet, .public_addr = pub, .allowed = &pub, .n_allowed = 1};

	memcpy(conf.rewrite.bytes + 20, pub.v6, sizeof(pub.v6));
	return ovnet_fib_set_peer(bed.w, &conf);
}

/* What stays is once alone, once behind another. */
static void churn_lists(uint64_t *seed)
{
	const struct ovnet_addr own = addr_of(own_net | 7);
	const struct ovnet_addr other = addr_of(own_net | (next_random(seed) % 16));
	const struct ovnet_addr local[] = {other, own};
	const struct ovnet_ingress_rule rules[] = {
		{other, subnet_of(still, 64)}, {own, subnet_of(still, 64)}};
	uint32_t skip = next_random(seed) % 2;

	assert_int_equal(
		ovnet_fib_set_ingress(bed.w, local + skip, 2 - skip, rules + skip, 2 - skip), 0);
	if (ovnet_addr_equal(&own, &other))
		return;
	if (skip)
		assert_int_equal(set_endpoint(number6(other.v6), 128, 3, NULL), 0);
	else
		del_endpoint(number6(other.v6), 128);
}

/* Each time a subnet comes it has another public address; `live`: the present one's number. */
static void churn(uint64_t *seed, uint32_t *live)
{
	static uint32_t last = POOL;
	uint32_t n = next_random(seed) % POOL;
	uint8_t len = n % 8 != 0 ? 64 : (uint8_t)(62 + n / 8 % 6);
	const struct ovnet_prefix subnet = subnet_of(A(NET48 + n, 0) & mask_of(len), len);
	const struct ovnet_addr was = public_of(live[n]);
	bool known = live[n] != 0;

	if (!known) {
		if (ovnet_fib_get_peer(bed.w, &subnet) == NULL && set_stamped(&subnet, ++last) == 0)
			live[n] = last;
	} else if (next_random(seed) % 2 == 0) {
		assert_int_equal(ovnet_fib_del_peer(bed.w, &subnet), 0);
		live[n] = 0;
	} else {
		assert_int_equal(set_stamped(&subnet, ++last), 0);
		live[n] = last;
	}
	const struct ovnet_addr is = public_of(live[n]);
	assert_int_equal(ovnet_fib_is_source(&bed.fib, &is), live[n] != 0);
	assert_false(known && ovnet_fib_is_source(&bed.fib, &was));
	ovnet_rcu_reclaim(&bed.rcu);
}

static void open_tables(uint64_t *seed)
{
	const struct ovnet_prefix always = subnet_of(still, 64);
	const struct ovnet_addr own = addr_of(own_net | 7);

	assert_int_equal(set_overlay(A(NET48, 0), 48, own_net, 64, 64), 0);
	assert_int_equal(set_stamped(&always, POOL), 0);
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 1, true, NULL), 0);
	assert_int_equal(set_endpoint(number6(own.v6), 128, 7, NULL), 0);
	churn_lists(seed);
}

static void readers_see_only_whole_objects(void **state)
{
	(void)state;
	static uint32_t live[POOL];
	_Atomic bool stop = false;
	struct reader r[2];
	uint64_t seed = 42;
	uint8_t subnet_len = 64;

	memset(live, 0, sizeof(live));
	open_tables(&seed);
	for (unsigned i = 0; i < 2; i++) {
		r[i] = (struct reader){.id = i, .stop = &stop};
		assert_int_equal(ovnet_rcu_reader_add(&bed.rcu, i), 0);
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	for (double end = seconds() + 1; seconds() < end;) {
		for (unsigned i = 0; i < 200; i++) {
			churn(&seed, live);
			churn_lists(&seed);
		}
		subnet_len = subnet_len == 64 ? 62 : 64;
		assert_int_equal(set_overlay(A(NET48, 0), 48, own_net, 64, subnet_len), 0);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].torn, 0);
		assert_int_equal(r[i].lost, 0);
		assert_int_not_equal(r[i].seen, 0);
	}
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(readers_see_only_whole_objects)};

	return cmocka_run_group_tests_name("fib6_race", tests, NULL, NULL);
}
