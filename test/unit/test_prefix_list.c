/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/prefix_list.h"

static struct ovnet_addr ip(const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return a;
}

static struct ovnet_prefix net(const char *text)
{
	struct ovnet_prefix p;

	assert_int_equal(ovnet_prefix_parse(text, &p), 0);
	return p;
}

static void is(const struct ovnet_prefix_list *l, const char *want)
{
	char got[4096] = "", text[OVNET_PREFIX_STRLEN];

	for (unsigned i = 0; i < l->n; i++) {
		size_t n = strlen(got);
		snprintf(got + n, sizeof(got) - n, "%s%s", i == 0 ? "" : " ",
			ovnet_prefix_text(&l->items[i], text, sizeof(text)));
	}
	assert_string_equal(got, want);
}

static void range(const char *first, const char *last, const char *want)
{
	struct ovnet_prefix_list l = {0};
	struct ovnet_addr from = ip(first), to = ip(last);

	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	is(&l, want);
	ovnet_prefix_list_free(&l);
}

static void a_range_is_few_prefixes(void **state)
{
	(void)state;
	range("10.5.0.0", "10.5.255.255", "10.5.0.0/16");
	range("10.5.0.1", "10.5.0.1", "10.5.0.1/32");
	range("0.0.0.0", "255.255.255.255", "0.0.0.0/0");
	range("255.255.255.255", "255.255.255.255", "255.255.255.255/32");
	range("10.5.0.2", "10.5.0.1", "");
	range("10.10.0.0", "10.99.15.255",
		"10.10.0.0/15 10.12.0.0/14 10.16.0.0/12 10.32.0.0/11 10.64.0.0/11 10.96.0.0/15 "
		"10.98.0.0/16 10.99.0.0/20");
	range("10.0.0.1", "10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32");
	range("fd05::", "fd05:0:0:ffff:ffff:ffff:ffff:ffff", "fd05::/48");
	range("fd05:0:0:1::", "fd05:0:0:4:ffff:ffff:ffff:ffff",
		"fd05:0:0:1::/64 fd05:0:0:2::/63 fd05:0:0:4::/64");
	range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0");
}

static void the_longest_ranges(void **state)
{
	(void)state;
	struct ovnet_prefix_list l = {0};
	struct ovnet_addr from = ip("0.0.0.1"), to = ip("255.255.255.254");
	struct ovnet_addr from6 = ip("::1"), to6 = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");

	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	assert_int_equal(l.n, 62);
	assert_int_equal(ovnet_prefix_list_range(&l, &from6, &to6), 0);
	assert_int_equal(l.n, 62 + 254);
	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to6), -EINVAL);
	ovnet_prefix_list_free(&l);
}

static void without(struct ovnet_prefix_list *l, const char *hole, const char *want)
{
	struct ovnet_prefix p = net(hole);

	assert_int_equal(ovnet_prefix_list_without(l, &p), 0);
	is(l, want);
}

static void what_is_taken_out_splits_its_neighbours(void **state)
{
	(void)state;
	struct ovnet_prefix_list l = {0}, m = {0};
	struct ovnet_addr from = ip("10.5.0.0"), to = ip("10.5.2.255");

	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	is(&l, "10.5.0.0/23 10.5.2.0/24");
	without(&l, "10.6.0.0/24", "10.5.0.0/23 10.5.2.0/24");
	without(&l, "fd05::/64", "10.5.0.0/23 10.5.2.0/24");
	without(&l, "10.5.1.64/26", "10.5.0.0/24 10.5.1.0/26 10.5.1.128/25 10.5.2.0/24");
	without(&l, "10.5.1.64/26", "10.5.0.0/24 10.5.1.0/26 10.5.1.128/25 10.5.2.0/24");
	without(&l, "10.5.1.0/24", "10.5.0.0/24 10.5.2.0/24");
	without(&l, "10.5.0.255/32",
		"10.5.0.0/25 10.5.0.128/26 10.5.0.192/27 10.5.0.224/28 10.5.0.240/29 "
		"10.5.0.248/30 10.5.0.252/31 10.5.0.254/32 10.5.2.0/24");
	assert_false(ovnet_prefix_list_equal(&l, &m));
	without(&l, "0.0.0.0/0", "");
	assert_true(ovnet_prefix_list_equal(&l, &m));
	ovnet_prefix_list_free(&l);

	from = ip("fd05::");
	to = ip("fd05:0:0:3:ffff:ffff:ffff:ffff");
	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	without(&l, "fd05:0:0:2::/64", "fd05::/63 fd05:0:0:3::/64");
	without(&l, "::/0", "");
	ovnet_prefix_list_free(&l);
	l.items = NULL;
	from = ip("::");
	to = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	without(&l, "8000::/1", "::/1");
	ovnet_prefix_list_free(&l);
}

static void what_is_in_a_list_is_found(void **state)
{
	(void)state;
	struct ovnet_prefix_list l = {0};
	struct ovnet_addr from = ip("10.5.1.0"), to = ip("10.5.3.255"), out = ip("10.5.4.0");
	struct ovnet_addr other = ip("fd05::1");
	struct ovnet_prefix a = net("10.5.2.0/23"), b = net("10.5.2.0/24");

	assert_int_equal(ovnet_prefix_list_range(&l, &from, &to), 0);
	assert_ptr_equal(ovnet_prefix_list_find(&l, &to), &l.items[1]);
	assert_null(ovnet_prefix_list_find(&l, &out));
	assert_null(ovnet_prefix_list_find(&l, &other));
	assert_true(ovnet_prefix_list_has(&l, &a));
	assert_false(ovnet_prefix_list_has(&l, &b));
	assert_true(ovnet_prefix_covers(&a, &b) && !ovnet_prefix_covers(&b, &a));
	a = ovnet_prefix_of_addr(&out);
	b = net("10.5.4.0/32");
	assert_true(ovnet_prefix_equal(&a, &b));
	a = ovnet_prefix_of_addr(&other);
	b = net("fd05::1/128");
	assert_true(ovnet_prefix_equal(&a, &b));
	ovnet_prefix_list_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_few_prefixes),
		cmocka_unit_test(the_longest_ranges),
		cmocka_unit_test(what_is_taken_out_splits_its_neighbours),
		cmocka_unit_test(what_is_in_a_list_is_found),
	};
	return cmocka_run_group_tests_name("prefix_list", tests, NULL, NULL);
}
