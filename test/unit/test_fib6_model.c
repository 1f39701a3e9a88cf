/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "bed/fib6.h"

/* What the tables should say: a list of disjoint subnets. */
#define MODEL_MAX 2048

struct shape {
	u128 network;
	uint8_t len, subnet_len;
};

struct model {
	struct ovnet_prefix6 subnet;
	u128 public; /* 0: none */
};

static int model_find(const struct model *m, const struct ovnet_prefix6 *p, bool exact)
{
	for (int i = 0; i < MODEL_MAX; i++)
		if (m[i].public != 0 && (exact ? ovnet_prefix6_equal(&m[i].subnet, p)
					       : ovnet_prefix6_overlap(&m[i].subnet, p)))
			return i;
	return -1;
}

static void model_set(struct model *m, u128 addr, uint8_t len, u128 public)
{
	const struct ovnet_prefix6 p = prefix_of(addr, len);
	int at = model_find(m, &p, true);
	bool taken = at < 0 && model_find(m, &p, false) >= 0;

	taken |= ovnet_prefix6_overlap(&ovnet_fib_view(&bed.fib)->overlay.own6, &p);
	assert_int_equal(set_peer(addr, len, public), taken ? -EEXIST : 0);
	if (taken)
		return;
	for (int i = 0; at < 0 && i < MODEL_MAX; i++)
		if (m[i].public == 0)
			at = i;
	assert_in_range(at, 0, MODEL_MAX - 1);
	m[at] = (struct model){p, public};
}

static void model_del(struct model *m, u128 addr, uint8_t len)
{
	const struct ovnet_prefix6 p = prefix_of(addr, len);
	int at = model_find(m, &p, true);

	assert_int_equal(del_peer(addr, len), at < 0 ? -ENOENT : 0);
	if (at >= 0)
		m[at].public = 0;
}

static void model_check(const struct model *m, u128 addr)
{
	const struct ovnet_prefix6 p = prefix_of(addr, 128);
	int at = model_find(m, &p, false);

	assert_true(found(addr) == (at < 0 ? 0 : m[at].public));
}

/* Crowds on ten bits behind the network, so that many lengths get in each other's way. */
static u128 crowded(const struct shape *s, uint64_t *seed)
{
	u128 low = A(next_random(seed), (uint64_t)next_random(seed) << 32 | next_random(seed));
	u128 a = s->network | (u128)(next_random(seed) & 0x3ff) << (118 - s->len);

	return next_random(seed) % 4 == 0 ? a | (low & ~mask_of(s->len + 10)) : a;
}

static void model_step(struct model *m, const struct shape *s, uint64_t *seed)
{
	uint8_t odd = (uint8_t)(s->len + 4 + next_random(seed) % 40);
	uint8_t len = next_random(seed) % 4 != 0 ? s->subnet_len : odd;
	u128 addr = crowded(s, seed) & mask_of(len);

	if (next_random(seed) % 3 != 0)
		model_set(m, addr, len, 1 + next_random(seed) % 50);
	else
		model_del(m, addr, len);
	model_check(m, crowded(s, seed));
	model_check(m, addr - 1);
	model_check(m, addr | ~mask_of(len));
	model_check(m, (addr | ~mask_of(len)) + 1);
	ovnet_rcu_reclaim(&bed.rcu);
}

static void random_changes_match_a_model(void **state)
{
	(void)state;
	static const struct shape in[] = {{A(0xfd05000100020000, 0), 48, 58},
		{A(0xfd05000100000000, 0), 32, 42}, {A(0xfd05000100020300, 0), 56, 66},
		{A(0xfd05000000000000, 0), 40, 64}, {A(0xfd05000000000007, 0), 64, 90}};
	static struct model m[MODEL_MAX];
	uint64_t seed = 1;

	for (unsigned round = 0; round < 5; round++) {
		const struct shape *s = &in[round];
		u128 own = s->network | (u128)5 << (128 - s->subnet_len);

		memset(m, 0, sizeof(m));
		for (unsigned step = 0; step < 2000; step++) {
			if (step % 500 == 0)
				assert_int_equal(set_overlay(s->network, s->len, own, s->subnet_len,
							 s->subnet_len),
					0);
			model_step(m, s, &seed);
		}
		for (unsigned public = 1; public <= 50; public ++) {
			bool want = false;
			for (unsigned i = 0; i < MODEL_MAX; i++)
				want |= m[i].public == public;
			assert_int_equal(known(public), want);
		}
		assert_int_equal(set_overlay(0, 0, 0, 0, 0), 0);
	}
}

static void a_full_table_comes_and_goes(void **state)
{
	(void)state;
	const u128 net = A(NET48, 0);
	double start = seconds();

	assert_int_equal(set_overlay(net, 48, 0, 0, 64), 0);
	for (uint64_t i = 0; i < 65536; i++)
		assert_int_equal(set_peer(A(NET48 + i, 0), 64, A(0xfd01, i << 16)), 0);
	assert_int_equal(set_overlay(net, 48, 0, 0, 62), 0); /* all behind the index at once */
	for (uint64_t i = 0; i < 65536; i++) {
		assert_true(found(A(NET48 + i, i)) == A(0xfd01, i << 16));
		assert_true(known(A(0xfd01, i << 16)));
	}
	assert_int_equal(set_overlay(net, 48, 0, 0, 64), 0);
	assert_null(atomic_load(&ovnet_fib_view(&bed.fib)->ranges6));
	for (uint64_t i = 0; i < 65536; i++)
		assert_int_equal(del_peer(A(NET48 + i, 0), 64), 0);
	assert_null(lookup(A(NET48 + 77, 0)));
	assert_false(known(A(0xfd01, 77 << 16)));
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
	assert_true(seconds() - start < 10); /* quadratic would be minutes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(random_changes_match_a_model),
		CASE(a_full_table_comes_and_goes),
	};
	return cmocka_run_group_tests_name("fib6_model", tests, NULL, NULL);
}
