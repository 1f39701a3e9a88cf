/* SPDX-License-Identifier: BSD-3-Clause */
/* Which part of the lease's subnet is the VMs'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "node/vm_pool.h"

static char why[512];

static struct ovnet_prefix4 net(const char *text)
{
	struct ovnet_prefix4 p;

	assert_int_equal(ovnet_prefix4_parse(text, &p), 0);
	return p;
}

static int pool_of(const char *text, const char *subnet, struct ovnet_prefix4 *pool)
{
	const struct ovnet_prefix4 own = net(subnet);

	why[0] = '\0';
	return node_vm_pool(text, &own, pool, why, sizeof(why));
}

static void is(const char *text, const char *subnet, const char *want, uint32_t room)
{
	const struct ovnet_prefix4 own = net(subnet);
	struct ovnet_prefix4 pool;
	char got[OVNET_PREFIX_STRLEN];

	assert_int_equal(pool_of(text, subnet, &pool), 0);
	assert_string_equal(ovnet_prefix4_text(&pool, got, sizeof(got)), want);
	assert_int_equal(node_vm_pool_room(&pool, &own), room);
}

static void not(const char *text, const char *subnet, const char *because)
{
	struct ovnet_prefix4 pool;

	assert_int_equal(pool_of(text, subnet, &pool), -EINVAL);
	if (strstr(why, because) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, because);
	assert_non_null(strstr(why, "give a part")); /* the cure */
}

static void a_length_is_the_last_block(void **state)
{
	(void)state;
	is("/26", "10.5.1.0/24", "10.5.1.192/26", 63);
	is("/25", "10.5.1.0/24", "10.5.1.128/25", 127);
	is("/31", "10.5.1.0/24", "10.5.1.254/31", 1);
	is("/24", "10.5.0.0/16", "10.5.255.0/24", 255);
	is("/31", "10.5.1.4/30", "10.5.1.6/31", 1);
}

static void a_prefix_is_itself(void **state)
{
	(void)state;
	is("10.5.1.64/26", "10.5.1.0/24", "10.5.1.64/26", 64);
	is("10.5.1.192/26", "10.5.1.0/24", "10.5.1.192/26", 63);
	is("10.5.1.7/32", "10.5.1.0/24", "10.5.1.7/32", 1);
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	not("/24", "10.5.1.0/24", "is all of");
	not("10.5.1.0/24", "10.5.1.0/24", "is all of");
	not("/20", "10.5.1.0/24", "is not in");
	not("10.5.0.0/16", "10.5.1.0/24", "is not in");
	not("10.5.2.192/26", "10.5.1.0/24", "is not in");
	not("10.5.1.0/26", "10.5.1.0/24", "gateway");
	not("10.5.1.0/32", "10.5.1.0/24", "gateway");
	not("10.5.1.1/32", "10.5.1.0/24", "gateway");
	not("/32", "10.5.1.0/24", "broadcast");
	not("10.5.1.255/32", "10.5.1.0/24", "broadcast");
	not("/26", "10.5.1.0/26", "is all of");
	assert_non_null(strstr(why, "10.5.1.32/27"));
}

static void none_says_how_to_have_one(void **state)
{
	struct ovnet_prefix4 pool;

	(void)state;
	assert_int_equal(pool_of("", "10.5.1.0/24", &pool), -ENOENT);
	assert_non_null(strstr(why, "10.5.1.0/24"));
	assert_non_null(strstr(why, "vm.pool"));
}

static void hosts(void **state)
{
	const struct ovnet_prefix4 own = net("10.5.1.0/24");

	(void)state;
	assert_false(node_is_host_addr(&own, 0x0a050100));
	assert_false(node_is_host_addr(&own, 0x0a050101));
	assert_true(node_is_host_addr(&own, 0x0a050102));
	assert_true(node_is_host_addr(&own, 0x0a0501fe));
	assert_false(node_is_host_addr(&own, 0x0a0501ff));
	assert_false(node_is_host_addr(&own, 0x0a050202));
}

/* `prefix` NULL: no address is left. */
static void left(const char *subnet, const char *pool, const char *prefix, const char *first,
	const char *last)
{
	char text[OVNET_PREFIX_STRLEN];
	struct node_containers c;
	struct ovnet_prefix4 own, taken;
	struct ovnet_addr a;

	assert_int_equal(ovnet_prefix4_parse(subnet, &own), 0);
	assert_int_equal(ovnet_prefix4_parse(pool, &taken), 0);
	assert_int_equal(node_containers(&own, &taken, &c), prefix != NULL);
	if (prefix == NULL)
		return;
	assert_string_equal(ovnet_prefix4_text(&c.prefix, text, sizeof(text)), prefix);
	a = ovnet_addr_v4(c.first_host);
	assert_string_equal(ovnet_addr_text(&a, text, sizeof(text)), first);
	a = ovnet_addr_v4(c.last_host);
	assert_string_equal(ovnet_addr_text(&a, text, sizeof(text)), last);
}

static void the_rest_is_containers(void **state)
{
	(void)state;
	left("10.5.1.0/24", "10.5.1.192/26", "10.5.1.0/25", "10.5.1.2", "10.5.1.191");
	left("10.5.1.0/24", "10.5.1.64/26", "10.5.1.128/25", "10.5.1.128", "10.5.1.254");
	left("10.5.1.0/24", "10.5.1.128/26", "10.5.1.0/25", "10.5.1.2", "10.5.1.127");
	left("10.5.1.0/24", "10.5.1.128/25", "10.5.1.0/25", "10.5.1.2", "10.5.1.127");
	left("10.5.1.0/24", "10.5.1.2/32", "10.5.1.128/25", "10.5.1.3", "10.5.1.254");
	left("10.5.1.0/24", "10.5.1.254/31", "10.5.1.0/25", "10.5.1.2", "10.5.1.253");
	left("10.5.0.0/16", "10.5.255.0/24", "10.5.0.0/17", "10.5.0.2", "10.5.254.255");
	left("10.5.1.0/30", "10.5.1.3/32", "10.5.1.0/31", "10.5.1.2", "10.5.1.2");
	left("10.5.1.0/30", "10.5.1.2/31", NULL, NULL, NULL);
	left("10.5.1.0/30", "10.5.1.2/32", NULL, NULL, NULL);
}

static void twin(const char *subnet6, const char *want)
{
	const struct ovnet_prefix4 own = net("10.5.1.0/24");
	struct ovnet_addr addr = {.family = AF_INET6};
	struct ovnet_prefix6 own6;
	char text[OVNET_ADDR_STRLEN];

	assert_int_equal(ovnet_prefix6_parse(subnet6, &own6), 0);
	bool has = node_twin_addr(&own, &own6, 0x0a0501c3, addr.v6);
	assert_int_equal(has, want != NULL);
	if (has)
		assert_string_equal(ovnet_addr_text(&addr, text, sizeof(text)), want);
}

static void twins_have_the_same_number(void **state)
{
	(void)state;
	twin("fd05:0:0:3::/64", "fd05:0:0:3::c3");
	twin("fd05::1:100/120", "fd05::1:1c3");
	twin("fd05::1:180/121", NULL);
	twin("fd05::3/128", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_is_the_last_block),
		cmocka_unit_test(a_prefix_is_itself),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(none_says_how_to_have_one),
		cmocka_unit_test(hosts),
		cmocka_unit_test(twins_have_the_same_number),
		cmocka_unit_test(the_rest_is_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
