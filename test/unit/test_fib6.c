/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed/fib6.h"

static int set_peer4(uint32_t addr, uint32_t public_host)
{
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {addr, 24}},
		.public_addr = ovnet_addr_v4(public_host)};

	return ovnet_fib_set_peer(bed.w, &conf);
}

static void refusals_say_why(void **state)
{
	(void)state;
	const u128 net = A(NET48, 0);
	const struct ovnet_addr four = ovnet_addr_v4(1);
	struct ovnet_peer_conf conf = {.subnet = subnet_of(net, 64), .public_addr = four};

	assert_int_equal(set_peer(net, 64, 1), -ENOENT);
	assert_int_equal(set_endpoint(net, 128, 0, NULL), -ENOENT);
	assert_int_equal(del_endpoint(net, 128), -ENOENT);
	assert_int_equal(set_overlay(net, 48, 0, 0, 47), -EINVAL);
	assert_int_equal(set_overlay(net, 48, 0, 0, 129), -EINVAL);
	assert_int_equal(set_overlay(net | 1, 48, 0, 0, 64), -EINVAL);
	assert_int_equal(set_overlay(net, 129, 0, 0, 130), -EINVAL);
	assert_int_equal(set_overlay(0, 0, net, 64, 64), -EINVAL);
	assert_int_equal(set_overlay(net, 48, A(NET48 + 0x10000, 0), 64, 64), -EINVAL);
	assert_int_equal(set_overlay(net, 48, net | 1, 64, 64), -EINVAL);
	assert_int_equal(set_overlay(net, 48, net, 47, 64), -EINVAL);
	assert_int_equal(set_overlay(net, 48, net, 129, 64), -EINVAL);
	assert_null(ovnet_fib_view(&bed.fib));

	assert_int_equal(set_overlay(net, 48, A(NET48 + 1, 0), 64, 64), 0);
	assert_int_equal(set_peer(A(NET48 + 0x10000, 0), 64, 1), -EINVAL);
	assert_int_equal(set_peer(A(NET48 - 1, 0), 64, 1), -EINVAL);
	assert_int_equal(set_peer(A(NET48 + 2, 1), 64, 1), -EINVAL);
	assert_int_equal(set_peer(net, 47, 1), -EINVAL);
	assert_int_equal(set_peer(net, 129, 1), -EINVAL);
	assert_int_equal(ovnet_fib_set_peer(bed.w, &conf), -EINVAL);
	conf = (struct ovnet_peer_conf){
		.subnet = subnet_of(net, 64), .allowed = &four, .n_allowed = 1};
	assert_int_equal(ovnet_fib_set_peer(bed.w, &conf), -EINVAL);
	conf.subnet.family = 0;
	assert_int_equal(ovnet_fib_set_peer(bed.w, &conf), -EINVAL);
	assert_int_equal(set_peer(A(NET48 + 1, 0), 64, 1), -EEXIST);
	assert_int_equal(set_peer(A(NET48 + 1, 1), 128, 1), -EEXIST);
	assert_int_equal(set_peer(net, 48, 1), -EEXIST);
	assert_int_equal(set_peer(A(NET48 + 2, 0), 64, 1), 0);
	assert_int_equal(set_peer(A(NET48 + 2, 0), 63, 1), -EEXIST);
	assert_int_equal(set_peer(A(NET48 + 2, 7), 128, 1), -EEXIST);
	assert_int_equal(del_peer(A(NET48 + 3, 0), 64), -ENOENT);
	assert_int_equal(del_peer(A(NET48 + 2, 0), 65), -ENOENT);
	assert_int_equal(del_peer(A(NET48 + 2, 0), 200), -ENOENT);
	assert_int_equal(set_overlay(0, 0, 0, 0, 0), 0);
	assert_int_equal(set_peer(A(NET48 + 2, 0), 64, 1), -EINVAL);
}

/* Networks and lengths, from one subnet to more than the index has, on every side of 64 bits. */
static const struct {
	u128 network;
	uint8_t len, subnet_len;
	uint32_t slots;
} shapes[] = {
	{A(0x8000000000000000, 0), 1, 1, 1},
	{A(0x8000000000000000, 0), 1, 2, 2},
	{A(0, 0), 1, 64, OVNET_FIB_SLOTS6},
	{A(0xe000000000000000, 0), 3, 5, 4},
	{A(0xfd05000000000000, 0), 16, 36, OVNET_FIB_SLOTS6},
	{A(0xfd05000000000000, 0), 16, 37, OVNET_FIB_SLOTS6},
	{A(0xfd05000100000000, 0), 32, 64, OVNET_FIB_SLOTS6},
	{A(0xfd05000000010000, 0), 48, 64, 65536},
	{A(0xfd05000000010000, 0), 48, 56, 256},
	{A(0xffffffffffff0000, 0), 48, 64, 65536},
	{A(0, 0), 48, 64, 65536},
	{A(0xfd05000000010003, 0), 64, 64, 1},
	{A(0xfd05000000010003, 0), 64, 80, 65536},
	{A(0xfd05000000010003, 0), 64, 65, 2},
	{A(0xfd05000000010003, 0), 64, 128, OVNET_FIB_SLOTS6},
	{A(0xfd05000000010000, 0), 62, 66, 16},
	{A(0xfc00000000000000, 0), 7, 65, 0},
	{A(0xfe00000000000000, 0), 8, 72, OVNET_FIB_SLOTS6},
	{A(0xfe00000000000000, 0), 8, 73, 0},
	{A(0xfd05000000010000, 0), 60, 72, 4096},
	{A(0xffffffffffffffff, 0xfffffffffffffffc), 126, 128, 4},
	{A(0xfd05000000010003, 7), 128, 128, 1},
};

static void every_shape_of_network_has_exact_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const typeof(shapes[0]) *s = &shapes[i];
		u128 end = s->network | ~mask_of(s->len), last = end & mask_of(s->subnet_len);
		u128 top = s->network | ~mask_of(s->subnet_len);

		assert_int_equal(set_overlay(s->network, s->len, 0, 0, s->subnet_len), 0);
		assert_int_equal(ovnet_fib_view(&bed.fib)->n_slots6, s->slots);
		assert_int_equal(set_peer(s->network, s->subnet_len, 1), 0);
		assert_int_equal(set_peer(last, s->subnet_len, 2), 0);
		assert_true(found(s->network) == (last == s->network ? 2 : 1));
		assert_true(found(top) == found(s->network));
		assert_true(found(last) == 2);
		assert_true(found(end) == 2);
		assert_true(found(s->network - 1) == 0);
		assert_true(found(end + 1) == 0);
		assert_true(found(s->network ^ (u128)1 << 127) == 0);
		assert_true(found(s->network ^ (u128)1 << (128 - s->len)) == 0);
		if (last > top + 1) {
			assert_true(found(top + 1) == 0);
			assert_true(found(last - 1) == 0);
		}
		assert_int_equal(del_peer(last, s->subnet_len), 0);
		assert_true(found(end) == 0);
		assert_true(found(s->network) == (last == s->network ? 0 : 1));
		assert_int_equal(
			del_peer(s->network, s->subnet_len), last == s->network ? -ENOENT : 0);
		assert_null(lookup(s->network));
		assert_false(known(1) || known(2));
	}
}

static void beyond_the_index_and_back(void **state)
{
	(void)state;
	const u128 net = A(0xfd05000000000000, 0);
	const u128 last = A(0xfd05000000000000 + OVNET_FIB_SLOTS6 - 1, 0);
	const u128 next = A(0xfd05000000000000 + OVNET_FIB_SLOTS6, 0);
	const struct ovnet_fib_view *v;

	assert_int_equal(set_overlay(net, 32, 0, 0, 64), 0);
	v = ovnet_fib_view(&bed.fib);
	assert_int_equal(set_peer(last, 64, 1), 0);
	assert_null(atomic_load(&v->ranges6));
	assert_int_equal(set_peer(next, 64, 2), 0);
	assert_int_equal(set_peer(A(0xfd050000ffffffff, 0), 64, 3), 0);
	assert_int_equal(set_peer(A(0xfd05000080000000, 0), 33, 4), -EEXIST);
	assert_int_equal(set_peer(A(0xfd05000000000000, 0x10000), 112, 5), 0);
	assert_int_equal(atomic_load(&v->ranges6)->n, 3);
	assert_true(found(last | 5) == 1);
	assert_true(found(next | 5) == 2);
	assert_true(found(next + A(1, 0)) == 0);
	assert_true(found(A(0xfd050000ffffffff, 9)) == 3);
	assert_true(found(A(0xfd05000000000000, 0x1ffff)) == 5);
	assert_true(found(A(0xfd05000000000000, 0x20000)) == 0);

	/* Other lengths of the subnets: the same peers, other places. */
	for (uint8_t len = 32; len <= 128; len += 16) {
		assert_int_equal(set_overlay(net, 32, 0, 0, len), 0);
		assert_true(found(last | 5) == 1);
		assert_true(found(next | 5) == 2);
		assert_true(found(A(0xfd050000ffffffff, 9)) == 3);
		assert_true(found(A(0xfd05000000000000, 0x1ffff)) == 5);
	}
	assert_int_equal(set_overlay(net, 32, 0, 0, 64), 0);
	assert_int_equal(atomic_load(&ovnet_fib_view(&bed.fib)->ranges6)->n, 3);
	assert_int_equal(del_peer(next, 64), 0);
	assert_int_equal(del_peer(A(0xfd050000ffffffff, 0), 64), 0);
	assert_int_equal(del_peer(A(0xfd05000000000000, 0x10000), 112), 0);
	assert_null(atomic_load(&ovnet_fib_view(&bed.fib)->ranges6));
	assert_true(found(last | 5) == 1);
}

static void a_new_overlay_retires_what_does_not_fit(void **state)
{
	(void)state;
	const u128 net = A(NET48, 0);

	assert_int_equal(set_overlay(net, 48, A(NET48 + 1, 0), 64, 64), 0);
	for (uint64_t i = 2; i < 6; i++)
		assert_int_equal(set_peer(A(NET48 + i, 0), 64, i), 0);
	assert_int_equal(set_peer(A(NET48 + 6, 0), 66, 6), 0);
	assert_int_equal(set_peer(A(NET48 + 0x8000, 0), 64, 7), 0);
	assert_int_equal(set_peer4(0x0a050200, 9), 0);
	uint32_t id = lookup(A(NET48 + 4, 1))->id;

	/* Our subnet is now where two peers are, the network half of what it was. */
	assert_int_equal(set_overlay(net, 49, A(NET48 + 2, 0), 63, 64), 0);
	assert_null(lookup(A(NET48 + 2, 1)));
	assert_null(lookup(A(NET48 + 3, 1)));
	assert_null(lookup(A(NET48 + 0x8000, 1)));
	assert_false(known(2) || known(3) || known(7));
	assert_true(known(4) && known(5) && known(6));
	assert_int_equal(lookup(A(NET48 + 4, 1))->id, id);
	assert_true(found(A(NET48 + 6, 1)) == 6);
	assert_int_equal(del_peer(A(NET48 + 2, 0), 64), -ENOENT);

	/* No IPv6 any more: IPv4 does not mind. */
	assert_int_equal(set_overlay(0, 0, 0, 0, 0), 0);
	assert_null(lookup(A(NET48 + 4, 1)));
	assert_false(known(4));
	assert_non_null(ovnet_fib_lookup(ovnet_fib_view(&bed.fib), 0x0a050201));
	assert_int_equal(ovnet_rcu_reclaim(&bed.rcu), 0);
}

static void families_do_not_meet(void **state)
{
	(void)state;
	struct ovnet_mac mac = {{2, 0, 0, 0, 0, 1}}, other = {{2, 0, 0, 0, 0, 2}};
	struct ovnet_addr gw4 = ovnet_addr_v4(0x0a000001), gw6 = addr_of(A(0, 0x0a000001));

	memcpy(gw6.v6, &gw4.v4_be, sizeof(gw4.v4_be));
	assert_int_equal(set_overlay(A(0x0a05000000000000, 0), 16, 0, 0, 24), 0);
	assert_int_equal(set_peer4(0x0a050200, 0x0a000001), 0);
	assert_int_equal(set_peer(A(0x0a05020000000000, 0), 24, A(0x0a00000200000000, 0)), 0);
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	const struct ovnet_peer *p4 = ovnet_fib_lookup(v, 0x0a050201);
	const struct ovnet_peer *p6 = lookup(A(0x0a05020100000000, 0));
	assert_int_equal(p4->subnet.family, AF_INET);
	assert_int_equal(p6->subnet.family, AF_INET6);
	assert_int_not_equal(p4->id, p6->id);
	assert_true(known(A(0x0a00000200000000, 0)));
	assert_false(known(A(0x0a00000100000000, 0)));
	assert_false(ovnet_fib_is_source(&bed.fib, &(struct ovnet_addr){0}));

	struct ovnet_nh_slot *nh4 = ovnet_fib_nh_get(bed.w, 1, &gw4);
	struct ovnet_nh_slot *nh6 = ovnet_fib_nh_get(bed.w, 1, &gw6);
	assert_ptr_not_equal(nh4, nh6);
	gw6.v6[15]++;
	assert_null(ovnet_fib_nh_find(bed.w, 1, &gw6));
	gw6.v6[15]--;
	assert_ptr_equal(ovnet_fib_nh_find(bed.w, 1, &gw6), nh6);
	assert_null(ovnet_fib_nh_find(bed.w, 2, &gw6));
	assert_int_equal(ovnet_fib_nh_set(bed.w, nh6, &mac, &other), 0);
	assert_true(ovnet_nh_get(nh6)->resolved);
	assert_false(ovnet_nh_get(nh4)->resolved);
	ovnet_fib_nh_put(bed.w, nh6);
	assert_null(ovnet_fib_nh_find(bed.w, 1, &gw6));
	assert_ptr_equal(ovnet_fib_nh_find(bed.w, 1, &gw4), nh4);
}

static void endpoints_default_replace_and_go(void **state)
{
	(void)state;
	const struct ovnet_mac mac = {{2, 0, 0, 0, 0, 9}};
	const struct ovnet_addr outside = addr_of(A(NET48 + 2, 0));
	struct ovnet_addr own[300];

	assert_int_equal(set_overlay(A(NET48, 0), 48, A(NET48 + 1, 0), 64, 64), 0);
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	for (unsigned i = 0; i < 300; i++)
		own[i] = addr_of(A(NET48 + 1, (uint64_t)(i * 7919 % 300) << 40));
	assert_null(ovnet_fib_endpoint6(v, own[0].v6));
	assert_int_equal(set_endpoint(number6(outside.v6), 128, 2, NULL), -EINVAL);
	assert_int_equal(ovnet_fib_set_default_endpoint(bed.w, 1, true, NULL), 0);
	for (uint16_t i = 0; i < 300; i++)
		assert_int_equal(set_endpoint(number6(own[i].v6), 128, 9, NULL), 0);
	for (uint16_t i = 0; i < 300; i++)
		assert_int_equal(set_endpoint(number6(own[i].v6), 128, i, &mac), 0);
	assert_int_equal(atomic_load(&v->own6)->n, 300);
	for (uint16_t i = 0; i < 300; i++)
		assert_int_equal(ovnet_fib_endpoint6(v, own[i].v6)->port, i);
	assert_true(ovnet_mac_equal(&ovnet_fib_endpoint6(v, own[7].v6)->mac, &mac));
	assert_false(ovnet_fib_endpoint6(v, own[7].v6)->l3);
	assert_int_equal(ovnet_fib_endpoint6(v, outside.v6)->port, 1);
	assert_int_equal(del_endpoint(number6(outside.v6), 128), -ENOENT);
	assert_int_equal(del_endpoint(number6(own[5].v6), 128), 0);
	assert_int_equal(del_endpoint(number6(own[5].v6), 128), -ENOENT);
	assert_int_equal(ovnet_fib_endpoint6(v, own[5].v6)->port, 1);

	/* One that fits a smaller own subnet, then none, then no IPv6 at all. */
	const struct ovnet_addr low = addr_of(A(NET48 + 1, 0));
	assert_int_equal(set_endpoint(number6(low.v6), 128, 4, NULL), 0);
	assert_int_equal(set_overlay(A(NET48, 0), 48, A(NET48 + 1, 0), 90, 64), 0);
	v = ovnet_fib_view(&bed.fib);
	assert_int_equal(atomic_load(&v->own6)->n, 1);
	assert_int_equal(ovnet_fib_endpoint6(v, low.v6)->port, 4);
	assert_int_equal(ovnet_fib_endpoint6(v, own[7].v6)->port, 1);
	assert_int_equal(set_overlay(A(NET48, 0), 48, A(NET48 + 3, 0), 64, 64), 0);
	assert_null(atomic_load(&ovnet_fib_view(&bed.fib)->own6));
	assert_int_equal(set_overlay(0, 0, 0, 0, 0), 0);
	assert_int_equal(set_endpoint(number6(low.v6), 128, 2, NULL), -EINVAL);
	assert_int_equal(ovnet_fib_endpoint6(ovnet_fib_view(&bed.fib), low.v6)->port, 1);
}

static void ingress_rules_cover_what_they_say(void **state)
{
	(void)state;
	const struct ovnet_addr out4 = ovnet_addr_v4(0x0aa80001), out6 = addr_of(A(0xfd01, 1));
	const struct ovnet_addr in4 = ovnet_addr_v4(0xc0a80005), in6 = addr_of(A(NET48, 5));
	const struct ovnet_addr far4 = ovnet_addr_v4(0xc0a80105), far6 = addr_of(A(NET48 + 1, 5));
	struct ovnet_addr local[2] = {out4, out6};
	struct ovnet_ingress_rule rules[] = {
		{out4, {AF_INET, .v4 = {0xc0a80000, 24}}},
		{out4, {AF_INET6, .v6 = prefix_of(A(NET48, 0), 64)}},
		{out6, {AF_INET6, .v6 = prefix_of(A(NET48 + 1, 0), 64)}},
	};

	assert_false(ovnet_fib_listed(&bed.fib, &out4, &in4));
	assert_false(ovnet_fib_is_local(&bed.fib, &out4));
	assert_int_equal(ovnet_fib_set_ingress(bed.w, local, 2, rules, 3), 0);
	memset(local, 0xff, sizeof(local)); /* copied */
	memset(rules, 0xff, sizeof(rules));
	assert_true(ovnet_fib_listed(&bed.fib, &out4, &in4));
	assert_true(ovnet_fib_listed(&bed.fib, &out4, &in6));
	assert_true(ovnet_fib_listed(&bed.fib, &out6, &far6));
	assert_false(ovnet_fib_listed(&bed.fib, &out4, &far4));
	assert_false(ovnet_fib_listed(&bed.fib, &out4, &far6));
	assert_false(ovnet_fib_listed(&bed.fib, &out6, &in6));
	assert_false(ovnet_fib_listed(&bed.fib, &in4, &in4));
	assert_true(ovnet_fib_is_local(&bed.fib, &out4));
	assert_true(ovnet_fib_is_local(&bed.fib, &out6));
	assert_false(ovnet_fib_is_local(&bed.fib, &in4));
	assert_false(ovnet_fib_is_local(&bed.fib, &in6));

	assert_int_equal(ovnet_fib_set_ingress(bed.w, &in6, 1, NULL, 0), 0);
	assert_true(ovnet_fib_is_local(&bed.fib, &in6));
	assert_false(ovnet_fib_is_local(&bed.fib, &out4));
	assert_false(ovnet_fib_listed(&bed.fib, &out4, &in4));
	/* As many as a load balancer has, in no order. */
	enum { MANY = 5000 };
	static struct ovnet_addr many[MANY];
	for (uint32_t i = 0; i < MANY; i++) {
		many[i] = i % 2 ? ovnet_addr_v4(0xc0a80000 + i * 2654435761u % 65536)
				: addr_of(A(NET48 + 1, (uint64_t)(i * 40503u % 65536)));
	}
	assert_int_equal(ovnet_fib_set_ingress(bed.w, many, MANY, NULL, 0), 0);
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(ovnet_fib_is_local(&bed.fib, &many[i]));
	assert_false(ovnet_fib_is_local(&bed.fib, &in4));
	assert_false(ovnet_fib_is_local(&bed.fib, &in6));
	assert_int_equal(ovnet_fib_set_ingress(bed.w, NULL, 0, NULL, 0), 0);
	assert_null(atomic_load(&bed.fib.ingress));
	/* One stays for the end: freed with the writer. */
	assert_int_equal(ovnet_fib_set_ingress(bed.w, &in6, 1, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refusals_say_why),
		CASE(every_shape_of_network_has_exact_edges),
		CASE(beyond_the_index_and_back),
		CASE(a_new_overlay_retires_what_does_not_fit),
		CASE(families_do_not_meet),
		CASE(endpoints_default_replace_and_go),
		CASE(ingress_rules_cover_what_they_say),
	};
	return cmocka_run_group_tests_name("fib6", tests, NULL, NULL);
}
