/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One writer, two readers of endpoints of both families. Each has a MAC that says its port, so a
 * reader that sees them differ saw half of one, or a freed one. One address stays at its port
 * whatever goes on around it, one is never at any but the widest prefix, which is never gone.
 */
#include "bed/fib6.h"

#include <pthread.h>
#include <stdlib.h>

#define NET4   0x0a050100u
#define STILL  0xa7 /* an endpoint of its own, at port 7 */
#define WIDE   0x31 /* at the widest prefix only: ports from 1000 on */
#define BURSTS 20000u
#define CHURNS 20000u

static const u128 net6 = A(NET48 + 1, 0);

struct reader {
	pthread_t thread;
	unsigned id;
	_Atomic bool *stop;
	_Atomic uint64_t bursts;
	uint64_t torn, lost;
};

static const struct ovnet_endpoint *find(const struct ovnet_fib_view *v, bool v6, unsigned host)
{
	const struct ovnet_addr a = addr_of(net6 | host);

	return v6 ? ovnet_fib_endpoint6(v, a.v6) : ovnet_fib_endpoint(v, NET4 | host);
}

static void look(struct reader *r, const struct ovnet_fib_view *v, bool v6, uint64_t *seed)
{
	const struct ovnet_endpoint *e = find(v, v6, next_random(seed) % 256);

	r->torn += e == NULL || (e->mac.b[4] << 8 | e->mac.b[5]) != e->port;
	e = find(v, v6, STILL);
	r->lost += e == NULL || e->port != 7;
	e = find(v, v6, WIDE);
	r->lost += e == NULL || e->port < 1000;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t seed = r->id + 1;

	ovnet_rcu_reader_online(&bed.rcu, r->id);
	while (!atomic_load(r->stop)) {
		const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
		for (unsigned i = 0; i < 32; i++)
			look(r, v, i % 2, &seed);
		ovnet_rcu_reader_quiescent(&bed.rcu, r->id);
		atomic_fetch_add(&r->bursts, 1);
	}
	ovnet_rcu_reader_offline(&bed.rcu, r->id);
	return NULL;
}

static struct ovnet_prefix around(bool v6, unsigned host, unsigned bits)
{
	unsigned first = host & ~((1u << bits) - 1);

	return v6 ? subnet_of(net6 | first, (uint8_t)(128 - bits))
		  : (struct ovnet_prefix){AF_INET, .v4 = {NET4 | first, (uint8_t)(32 - bits)}};
}

static void put(bool v6, unsigned host, unsigned bits, uint16_t port)
{
	const struct ovnet_prefix at = around(v6, host, bits);
	const struct ovnet_mac mac = {{2, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port}};

	assert_int_equal(ovnet_fib_set_endpoint(bed.w, &at, port, false, &mac), 0);
}

static void churn(uint64_t *seed)
{
	bool v6 = next_random(seed) % 2;
	unsigned what = next_random(seed) % 8, bits = next_random(seed) % 8;
	unsigned host = next_random(seed) % 256;
	const struct ovnet_prefix at = around(v6, host, bits);

	if (what == 0)
		put(v6, 0, 8, (uint16_t)(1000 + host));
	else if (what == 1)
		put(v6, STILL, 0, 7);
	else if ((host ^ WIDE) >> bits == 0 || (bits == 0 && host == STILL))
		return;
	else if (what < 5)
		put(v6, host, bits, (uint16_t)(8 + host));
	else
		ovnet_fib_del_endpoint(bed.w, &at);
}

static void churn_on(struct reader *r)
{
	uint64_t seed = 42;

	for (unsigned n = 0; n < CHURNS || atomic_load(&r[0].bursts) < BURSTS ||
			     atomic_load(&r[1].bursts) < BURSTS;
		n++) {
		churn(&seed);
		if (n % 1000 == 0)
			assert_int_equal(set_overlay(A(NET48, 0), 48, net6, 64, 64), 0);
		ovnet_rcu_reclaim(&bed.rcu);
	}
}

static void readers_see_the_longest_prefix_all_the_time(void **state)
{
	(void)state;
	_Atomic bool stop = false;
	struct reader r[2];

	assert_int_equal(set_overlay(A(NET48, 0), 48, net6, 64, 64), 0);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		put(v6, 0, 8, 1000);
		put(v6, STILL, 0, 7);
	}
	for (unsigned i = 0; i < 2; i++) {
		r[i] = (struct reader){.id = i, .stop = &stop};
		assert_int_equal(ovnet_rcu_reader_add(&bed.rcu, i), 0);
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	churn_on(r);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].torn, 0);
		assert_int_equal(r[i].lost, 0);
	}
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(readers_see_the_longest_prefix_all_the_time)};

	return cmocka_run_group_tests_name("fib_endpoints_race", tests, NULL, NULL);
}
