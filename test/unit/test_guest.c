/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers read of guests: published whole, freed when nobody can have it any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "path/guest.h"

static struct ovnet_path_shared *shared_new(void)
{
	struct ovnet_path_shared *s = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*s), 64));

	assert_non_null(s);
	memset(s, 0, sizeof(*s));
	assert_int_equal(ovnet_rcu_init(&s->rcu, 1), 0);
	assert_int_equal(ovnet_rcu_reader_add(&s->rcu, 0), 0);
	ovnet_rcu_reader_online(&s->rcu, 0);
	return s;
}

static void shared_free(struct ovnet_path_shared *s)
{
	ovnet_rcu_reader_offline(&s->rcu, 0);
	assert_int_equal(ovnet_rcu_reader_remove(&s->rcu, 0), 0);
	ovnet_guests_fini(s);
	ovnet_rcu_fini(&s->rcu);
	free(s);
}

static struct ovnet_guest *guest_new(rte_be32_t addr)
{
	struct ovnet_guest *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->has4 = true;
	g->addr4 = addr;
	return g;
}

static void a_worker_keeps_what_it_has_loaded(void **state)
{
	(void)state;
	struct ovnet_path_shared *s = shared_new();
	const uint16_t last = OVNET_MAX_PORTS - 1;

	ovnet_guest_publish(s, last, guest_new(1));
	const struct ovnet_guest *seen = ovnet_guest_of(s, last);
	ovnet_guest_publish(s, last, guest_new(2));
	ovnet_guest_publish(s, 0, guest_new(3));
	/* Still readable (under ASan a finding otherwise), though no longer published. */
	assert_int_equal(ovnet_rcu_reclaim(&s->rcu), 1);
	assert_int_equal(seen->addr4, 1);
	assert_int_equal(ovnet_guest_of(s, last)->addr4, 2);
	assert_int_equal(ovnet_guest_of(s, 0)->addr4, 3);
	ovnet_rcu_reader_quiescent(&s->rcu, 0);
	assert_int_equal(ovnet_rcu_reclaim(&s->rcu), 0);
	shared_free(s);
}

static void nobody_is_there_any_more(void **state)
{
	(void)state;
	struct ovnet_path_shared *s = shared_new();

	ovnet_guest_publish(s, 5, NULL);
	assert_int_equal(s->rcu.pending, 0);
	ovnet_guest_publish(s, 5, guest_new(1));
	assert_null(ovnet_guest_of(s, 4));
	ovnet_guest_publish(s, 5, NULL);
	assert_null(ovnet_guest_of(s, 5));
	assert_int_equal(s->rcu.pending, 1);
	ovnet_guest_publish(s, 6, guest_new(1)); /* the end finds it */
	shared_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_keeps_what_it_has_loaded),
		cmocka_unit_test(nobody_is_there_any_more),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
