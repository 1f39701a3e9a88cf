/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bed/fib.h"

static const struct ovnet_overlay overlay16 = {
	.network = {0x0a050000, 16},
	.own = {0x0a050100, 24},
	.udp_port = 8472,
	.vni = 1,
	.src_port_min = 32768,
	.src_port_max = 60999,
};

static int set_peer(uint32_t addr, uint8_t len, uint32_t public_host)
{
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {addr, len}},
		.public_addr = ovnet_addr_v4(public_host)};

	return ovnet_fib_set_peer(bed.w, &conf);
}

static int del_peer(uint32_t addr, uint8_t len)
{
	return ovnet_fib_del_peer(bed.w, &(struct ovnet_prefix){AF_INET, .v4 = {addr, len}});
}

static int set_endpoint(uint32_t addr, uint16_t port, const struct ovnet_mac *mac)
{
	return ovnet_fib_set_endpoint(
		bed.w, &(struct ovnet_prefix){AF_INET, .v4 = {addr, 32}}, port, mac == NULL, mac);
}

static int del_endpoint(uint32_t addr)
{
	return ovnet_fib_del_endpoint(bed.w, &(struct ovnet_prefix){AF_INET, .v4 = {addr, 32}});
}

static const struct ovnet_peer *lookup(uint32_t addr)
{
	return ovnet_fib_lookup(ovnet_fib_view(&bed.fib), addr);
}

static bool known(uint32_t public_host)
{
	const struct ovnet_addr addr = ovnet_addr_v4(public_host);

	return ovnet_fib_is_source(&bed.fib, &addr);
}

static void refusals_say_why(void **state)
{
	(void)state;
	struct ovnet_overlay o = overlay16;
	struct ovnet_mac mac = {{2, 0, 0, 0, 0, 1}};

	assert_int_equal(set_peer(0x0a050200, 24, 1), -ENOENT);
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 0, true, NULL), -ENOENT);
	assert_int_equal(set_endpoint(0x0a050101, 0, NULL), -ENOENT);
	o.own.addr_host = 0x0a060100;
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), -EINVAL);
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 15, 0), -EINVAL);
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 33, 0), -EINVAL);
	o = (struct ovnet_overlay){.network = {0, 1}, .own = {0, 24}};
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), -E2BIG);
	assert_null(ovnet_fib_view(&bed.fib));

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	assert_int_equal(set_peer(0x0a060200, 24, 1), -EINVAL);
	assert_int_equal(set_peer(0x0a050201, 24, 1), -EINVAL);
	assert_int_equal(set_peer(0x0a040000, 15, 1), -EINVAL);
	assert_int_equal(set_peer(0x0a050100, 24, 1), -EEXIST);
	assert_int_equal(set_peer(0x0a050180, 25, 1), -EEXIST);
	assert_int_equal(set_peer(0x0a050000, 23, 1), -EEXIST);
	assert_int_equal(set_peer(0x0a050200, 24, 1), 0);
	assert_int_equal(set_peer(0x0a050280, 25, 1), -EEXIST);
	assert_int_equal(set_peer(0x0a050200, 23, 1), -EEXIST);
	assert_int_equal(del_peer(0x0a050300, 24), -ENOENT);
	assert_int_equal(del_peer(0x0a050200, 25), -ENOENT);
	assert_int_equal(set_endpoint(0x0a050200, 1, &mac), -EINVAL);
	assert_int_equal(del_endpoint(0x0a050102), -ENOENT);
}

static void replacing_keeps_the_id_and_the_old_whole(void **state)
{
	(void)state;
	assert_int_equal(ovnet_rcu_reader_add(&bed.rcu, 0), 0);
	ovnet_rcu_reader_online(&bed.rcu, 0);
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	assert_int_equal(set_peer(0x0a050200, 24, 7), 0);
	const struct ovnet_peer *old = lookup(0x0a0502fe);
	assert_int_equal(set_peer(0x0a050200, 24, 8), 0);
	const struct ovnet_peer *new = lookup(0x0a0502fe);

	assert_ptr_not_equal(old, new);
	assert_int_equal(old->id, new->id);
	assert_int_equal(
		old->public_addr.v4_be, htonl(7)); /* still readable: no quiescent state yet */
	assert_true(known(8));
	assert_false(known(7));
	assert_int_not_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
	ovnet_rcu_reader_quiescent(&bed.rcu, 0);
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
}

static void ids_run_out_and_come_back_oldest_first(void **state)
{
	(void)state;
	ovnet_fib_writer_free(bed.w);
	bed.w = ovnet_fib_writer_new(&bed.fib, &bed.rcu, 3);
	assert_non_null(bed.w);
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	for (uint32_t i = 2; i < 5; i++)
		assert_int_equal(set_peer(0x0a050000 + (i << 8), 24, i), 0);
	assert_int_equal(set_peer(0x0a050500, 24, 5), -ENOSPC);
	assert_int_equal(set_peer(0x0a050400, 24, 9), 0); /* replacing needs no id */
	uint32_t second = lookup(0x0a050300)->id, first = lookup(0x0a050200)->id;
	assert_int_equal(del_peer(0x0a050300, 24), 0);
	assert_int_equal(del_peer(0x0a050200, 24), 0);
	assert_int_equal(set_peer(0x0a050600, 24, 6), 0);
	assert_int_equal(lookup(0x0a050600)->id, second);
	assert_int_equal(set_peer(0x0a050700, 24, 6), 0);
	assert_int_equal(lookup(0x0a050700)->id, first);
}

static void assert_nh_counts(uint32_t resolved, uint32_t pending, uint32_t failed)
{
	const struct ovnet_fib_nh_counts n = ovnet_fib_nh_counts(bed.w);

	assert_int_equal(n.resolved, resolved);
	assert_int_equal(n.pending, pending);
	assert_int_equal(n.failed, failed);
}

static void next_hops_are_shared_and_counted(void **state)
{
	(void)state;
	struct ovnet_addr gw = ovnet_addr_v4(0x0aa80001), other = ovnet_addr_v4(0x0aa80002);
	struct ovnet_mac dst = {{2, 0, 0, 0, 0, 1}}, src = {{2, 0, 0, 0, 0, 2}};

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	struct ovnet_nh_slot *nh = ovnet_fib_nh_get(bed.w, 3, &gw);
	assert_non_null(nh);
	assert_false(ovnet_nh_get(nh)->resolved);
	assert_int_equal(ovnet_nh_get(nh)->port, 3);
	assert_ptr_equal(ovnet_fib_nh_get(bed.w, 3, &gw), nh);
	assert_null(ovnet_fib_nh_find(bed.w, 2, &gw));
	assert_null(ovnet_fib_nh_find(bed.w, 3, &other));
	const struct ovnet_peer_conf conf = {.subnet = {AF_INET, .v4 = {0x0a050200, 24}}, .nh = nh};
	assert_int_equal(ovnet_fib_set_peer(bed.w, &conf), 0);
	ovnet_fib_nh_put(bed.w, nh);
	ovnet_fib_nh_put(bed.w, nh);
	assert_ptr_equal(ovnet_fib_nh_find(bed.w, 3, &gw), nh); /* the peer's own reference */
	assert_nh_counts(0, 1, 0);
	assert_int_equal(ovnet_fib_nh_fail(bed.w, nh), 0);
	assert_nh_counts(0, 0, 1);

	assert_int_equal(ovnet_fib_nh_set(bed.w, nh, &dst, &src), 0);
	const struct ovnet_nexthop *cur = ovnet_nh_get(lookup(0x0a050201)->nh);
	assert_true(cur->resolved);
	assert_nh_counts(1, 0, 0);
	assert_memory_equal(cur->eth, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
	assert_int_equal(ovnet_fib_nh_set(bed.w, nh, NULL, NULL), 0);
	assert_false(ovnet_nh_get(nh)->resolved);
	assert_nh_counts(0, 1, 0);
	assert_int_equal(del_peer(0x0a050200, 24), 0);
	assert_null(ovnet_fib_nh_find(bed.w, 3, &gw));
	assert_nh_counts(0, 0, 0);
}

static void endpoints_default_replace_and_go(void **state)
{
	(void)state;
	struct ovnet_mac mac = {{2, 0, 0, 0, 0, 9}};

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	assert_null(ovnet_fib_endpoint(v, 0x0a050101));
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 1, true, NULL), 0);
	assert_int_equal(set_endpoint(0x0a050101, 2, &mac), 0);
	assert_int_equal(set_endpoint(0x0a050101, 4, &mac), 0);
	assert_int_equal(ovnet_fib_endpoint(v, 0x0a050101)->port, 4);
	assert_true(ovnet_mac_equal(&ovnet_fib_endpoint(v, 0x0a050101)->mac, &mac));
	assert_int_equal(ovnet_fib_endpoint(v, 0x0a050102)->port, 1);
	assert_int_equal(ovnet_fib_endpoint(v, 0x08080808)->port, 1);
	assert_int_equal(del_endpoint(0x0a050101), 0);
	assert_int_equal(ovnet_fib_endpoint(v, 0x0a050101)->port, 1);
}

static void a_new_overlay_keeps_what_fits(void **state)
{
	(void)state;
	struct ovnet_overlay o = overlay16;

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 1, true, NULL), 0);
	assert_int_equal(set_endpoint(0x0a050101, 2, NULL), 0);
	assert_int_equal(set_endpoint(0x0a0501f0, 3, NULL), 0);
	assert_int_equal(set_peer(0x0a050200, 24, 2), 0);
	assert_int_equal(set_peer(0x0a050300, 24, 3), 0);
	assert_int_equal(set_peer(0x0a058000, 18, 4), 0);
	assert_int_equal(set_peer(0x0a05f000, 24, 5), 0);
	uint32_t id = lookup(0x0a050300)->id;

	/* Half the network, half of our subnet moved onto a peer's, another SubnetLen. */
	o.network.len = 17;
	o.own = (struct ovnet_prefix4){0x0a050100, 25};
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 25, 0), 0);
	assert_int_equal(ovnet_fib_endpoint(ovnet_fib_view(&bed.fib), 0x0a050101)->port, 2);
	assert_int_equal(ovnet_fib_endpoint(ovnet_fib_view(&bed.fib), 0x0a0501f0)->port, 1);
	assert_int_equal(lookup(0x0a0503ff)->id, id);
	assert_int_equal(lookup(0x0a050200)->public_addr.v4_be, htonl(2));
	assert_null(lookup(0x0a058000));
	assert_null(lookup(0x0a05f000));
	assert_false(known(4));
	o.own = (struct ovnet_prefix4){0x0a050200, 24};
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), 0);
	assert_null(lookup(0x0a050201));
	assert_null(
		ovnet_fib_get_peer(bed.w, &(struct ovnet_prefix){AF_INET, .v4 = {0x0a050200, 24}}));
	assert_int_equal(lookup(0x0a050301)->id, id);
	assert_int_equal(del_endpoint(0x0a050101), -ENOENT);
}

/* The model: what each /28 of the /16 belongs to. */
struct model {
	struct ovnet_prefix4 subnet;
	uint32_t public_host; /* 0: none */
};

static int model_find(const struct model *m, unsigned n, const struct ovnet_prefix4 *p, bool exact)
{
	for (unsigned i = 0; i < n; i++)
		if (m[i].public_host != 0 && (exact ? ovnet_prefix4_equal(&m[i].subnet, p)
						    : ovnet_prefix4_overlap(&m[i].subnet, p)))
			return (int)i;
	return -1;
}

static void model_set(struct model *m, unsigned n, struct ovnet_prefix4 p, uint32_t public_host)
{
	int at = model_find(m, n, &p, true);
	int want = at < 0 && model_find(m, n, &p, false) >= 0 ? -EEXIST : 0;

	if (ovnet_prefix4_overlap(&p, &overlay16.own))
		want = -EEXIST;
	assert_int_equal(set_peer(p.addr_host, p.len, public_host), want);
	if (want != 0)
		return;
	for (unsigned i = 0; at < 0 && i < n; i++)
		if (m[i].public_host == 0)
			at = (int)i;
	assert_in_range(at, 0, n - 1);
	m[at] = (struct model){p, public_host};
}

static void random_changes_match_a_model(void **state)
{
	(void)state;
	static struct model m[4096];
	const unsigned n = sizeof(m) / sizeof(m[0]);
	uint64_t seed = 1;

	memset(m, 0, sizeof(m));
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	for (unsigned step = 0; step < 6000; step++) {
		uint8_t len =
			(uint8_t)(next_random(&seed) % 4 != 0 ? 24 : 18 + next_random(&seed) % 11);
		struct ovnet_prefix4 p = {
			(0x0a050000 | (next_random(&seed) & 0xffff)) & ovnet_mask4(len), len};
		if (next_random(&seed) % 3 != 0) {
			model_set(m, n, p, 1 + next_random(&seed) % 50);
		} else {
			int at = model_find(m, n, &p, true);
			assert_int_equal(del_peer(p.addr_host, len), at < 0 ? -ENOENT : 0);
			if (at >= 0)
				m[at].public_host = 0;
		}
		uint32_t a = 0x0a050000 | (next_random(&seed) & 0xffff);
		int at = model_find(m, n, &(struct ovnet_prefix4){a, 32}, false);
		const struct ovnet_peer *found = lookup(a);
		assert_int_equal(found == NULL, at < 0);
		if (at >= 0)
			assert_int_equal(found->public_addr.v4_be, htonl(m[at].public_host));
		ovnet_rcu_reclaim(&bed.rcu);
	}
	for (uint32_t pub = 1; pub <= 50; pub++) {
		bool want = false;
		for (unsigned i = 0; i < n; i++)
			want |= m[i].public_host == pub;
		assert_int_equal(known(pub), want);
	}
}

static void a_full_table_comes_and_goes(void **state)
{
	(void)state;
	const struct ovnet_overlay o = {.network = {0x0a000000, 8}, .own = {0x0aff0000, 24}};
	double start = seconds();

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), 0);
	for (uint32_t i = 0; i < 65280; i++)
		assert_int_equal(set_peer(0x0a000000 + (i << 8), 24, 0xac100000 + i), 0);
	for (uint32_t i = 0; i < 65280; i++) {
		assert_int_equal(
			lookup(0x0a000005 + (i << 8))->public_addr.v4_be, htonl(0xac100000 + i));
		assert_true(known(0xac100000 + i));
	}
	assert_false(known(0xac100000 + 65280));
	/* All behind the index at once. */
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 22, 0), 0);
	assert_int_equal(lookup(0x0a123456)->public_addr.v4_be, htonl(0xac101234));
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), 0);
	for (uint32_t i = 0; i < 65280; i++)
		assert_int_equal(del_peer(0x0a000000 + (i << 8), 24), 0);
	assert_null(lookup(0x0a123456));
	assert_false(known(0xac101234));
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
	assert_true(seconds() - start < 10); /* quadratic would be minutes */
}

/* Every peer is published with these three in step; a reader that sees them differ saw half of one.
 */
#define STAMP(pub) ((pub)*2654435761u)

struct reader {
	pthread_t thread;
	unsigned id;
	_Atomic bool *stop;
	uint64_t seen, torn;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t seed = r->id + 1;

	ovnet_rcu_reader_online(&bed.rcu, r->id);
	while (!atomic_load(r->stop)) {
		const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
		for (unsigned i = 0; i < 64; i++) {
			uint32_t a = 0x0a050000 | (next_random(&seed) & 0xffff);
			const struct ovnet_peer *p = ovnet_fib_lookup(v, a);
			if (p == NULL)
				continue;
			uint32_t stamp;
			memcpy(&stamp, p->rewrite.bytes + 20, sizeof(stamp));
			const struct ovnet_nexthop *nh = ovnet_nh_get(p->nh);
			r->seen++;
			r->torn += stamp != STAMP(p->public_addr.v4_be) ||
				   p->allowed[0].v4_be != stamp ||
				   !ovnet_prefix4_contains(&p->subnet.v4, a) ||
				   nh->eth[0] != nh->eth[11];
		}
		ovnet_rcu_reader_quiescent(&bed.rcu, r->id);
	}
	ovnet_rcu_reader_offline(&bed.rcu, r->id);
	return NULL;
}

static void churn(struct ovnet_nh_slot *nh, uint64_t *seed)
{
	uint8_t len = (uint8_t)(next_random(seed) % 8 != 0 ? 24 : 25);
	uint32_t pub = next_random(seed), stamp = STAMP(pub);
	const struct ovnet_addr allowed = {AF_INET, .v4_be = stamp};
	struct ovnet_peer_conf conf = {
		.subnet = {AF_INET,
			.v4 = {(0x0a050000 | (next_random(seed) & 0xffff)) & ovnet_mask4(len),
				len}},
		.public_addr = {AF_INET, .v4_be = pub},
		.allowed = &allowed,
		.n_allowed = 1,
		.nh = nh};
	uint8_t b = (uint8_t)next_random(seed);
	struct ovnet_mac mac = {{b, b, b, b, b, b}};

	memcpy(conf.rewrite.bytes + 20, &stamp, sizeof(stamp));
	if (next_random(seed) % 4 == 0)
		ovnet_fib_del_peer(bed.w, &conf.subnet);
	else
		ovnet_fib_set_peer(bed.w, &conf);
	assert_int_equal(ovnet_fib_nh_set(bed.w, nh, &mac, &mac), 0);
	ovnet_rcu_reclaim(&bed.rcu);
}

static void readers_see_only_whole_objects(void **state)
{
	(void)state;
	_Atomic bool stop = false;
	struct reader r[2];
	uint64_t seed = 42;
	struct ovnet_addr gw = ovnet_addr_v4(0x0aa80001);

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	struct ovnet_nh_slot *nh = ovnet_fib_nh_get(bed.w, 0, &gw);
	for (unsigned i = 0; i < 2; i++) {
		r[i] = (struct reader){.id = i, .stop = &stop};
		assert_int_equal(ovnet_rcu_reader_add(&bed.rcu, i), 0);
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	for (double end = seconds() + 1; seconds() < end;) {
		for (unsigned i = 0; i < 200; i++)
			churn(nh, &seed);
		assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].torn, 0);
		assert_int_not_equal(r[i].seen, 0);
	}
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
}

static void without_a_subnet_of_our_own(void **state)
{
	(void)state;
	const struct ovnet_mac mac = {{2, 0, 0, 0, 0, 1}};
	struct ovnet_overlay o = overlay16;

	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	assert_int_equal(set_peer(0x0a050000, 24, 4), 0);
	assert_int_equal(set_peer(0x0a050100, 24, 5), -EEXIST);
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 0, true, &mac), 0);
	assert_int_equal(set_endpoint(0x0a050105, 3, &mac), 0);
	o.own = (struct ovnet_prefix4){0};
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &o, 24, 0), 0);
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	assert_int_equal(v->n_own, 0);
	assert_int_equal(ovnet_fib_endpoint(v, 0x0a050105)->port, 0);
	assert_int_equal(set_endpoint(0x0a050105, 3, &mac), -EINVAL);
	/* Peers stay, and another one may have what was ours. */
	assert_int_equal(ntohl(ovnet_fib_lookup(v, 0x0a050001)->public_addr.v4_be), 4);
	assert_int_equal(set_peer(0x0a050100, 24, 5), 0);
	assert_int_equal(ntohl(ovnet_fib_lookup(v, 0x0a050105)->public_addr.v4_be), 5);
	assert_int_equal(ovnet_fib_set_overlay(bed.w, &overlay16, 24, 0), 0);
	assert_null(ovnet_fib_lookup(ovnet_fib_view(&bed.fib), 0x0a050105));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_subnet_of_our_own),
		CASE(refusals_say_why),
		CASE(replacing_keeps_the_id_and_the_old_whole),
		CASE(ids_run_out_and_come_back_oldest_first),
		CASE(next_hops_are_shared_and_counted),
		CASE(endpoints_default_replace_and_go),
		CASE(a_new_overlay_keeps_what_fits),
		CASE(random_changes_match_a_model),
		CASE(a_full_table_comes_and_goes),
		CASE(readers_see_only_whole_objects),
	};
	return cmocka_run_group_tests_name("fib", tests, NULL, NULL);
}
