/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

static char err[256];

static struct node *start_node(void)
{
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	return n;
}

static struct ovnet_lease_own own_of(const struct node *n)
{
	struct ovnet_lease_own own;

	assert_true(ovnet_lease_client_own(n->client, &own));
	return own;
}

static bool has_ttl(const struct node *n)
{
	char text[600];

	live_ctl(&etcd, text, sizeof(text), (char *)"get", (char *)key_of(n), (char *)"-w",
		(char *)"fields");
	assert_non_null(strstr(text, "\"Lease\" : "));
	return strstr(text, "\"Lease\" : 0\n") == NULL;
}

static void order(struct node *n, enum ovnet_lease_order what)
{
	unsigned before = n->ordered;
	int rc;

	while ((rc = ovnet_lease_client_order(n->client, what, err, sizeof(err))) == -EBUSY)
		run_ms(20);
	assert_int_equal(rc, 0);
	wait_for(n->ordered == before + 1, 3000);
	assert_string_equal(n->order_error, "");
}

static void shown_as_it_is(void **state)
{
	(void)state;
	struct ovnet_lease_own own;

	assert_true(live_put(&etcd, at("other"), "x"));
	struct node *n = start(0);
	assert_false(ovnet_lease_client_own(n->client, &own));
	assert_int_equal(ovnet_lease_client_order(n->client, OVNET_LEASE_RESERVE, err, sizeof(err)),
		-ENOENT);
	stop(n);
	n = start_node();
	own = own_of(n);
	assert_string_equal(own.key, key_of(n));
	assert_true(own.held && !own.reserved && own.handle != 0 && own.revision > 0);
	assert_true(own.expires_at - time(NULL) > 86000);
	assert_true(time(NULL) - own.since < 5);
}

static void reserved_over_a_restart_and_released(void **state)
{
	(void)state;
	struct node *n = start_node();
	struct ovnet_lease first = n->own;

	assert_int_equal(ovnet_lease_client_order(n->client, OVNET_LEASE_RELEASE, err, sizeof(err)),
		-EALREADY);
	order(n, OVNET_LEASE_RESERVE);
	assert_false(has_ttl(n));
	assert_true(own_of(n).reserved);
	assert_int_equal(status(n).expires_at, 0);
	assert_int_equal(ovnet_lease_client_order(n->client, OVNET_LEASE_RESERVE, err, sizeof(err)),
		-EALREADY);
	/* The second writing for peers that miss events leaves it one. */
	run_ms(5500);
	assert_false(has_ttl(n));

	stop(n);
	n = start(0);
	n->mac.b[5] = 9;
	wait_for(ready(n), 5000);
	assert_true(ovnet_lease_equal(&n->own, &first));
	assert_true(own_of(n).reserved);
	assert_false(has_ttl(n));
	order(n, OVNET_LEASE_RELEASE);
	assert_true(has_ttl(n));
	assert_false(own_of(n).reserved);
	assert_true(status(n).expires_at - time(NULL) > 86000);
	assert_int_equal(n->acquired, 1);
}

/* By the key alone, as with flannel: who deletes it ends the reservation, not the lease. */
static void deleted_reservation_is_a_lease_again(void **state)
{
	(void)state;
	struct node *n = start_node();

	order(n, OVNET_LEASE_RESERVE);
	assert_false(live_has_ttl(&etcd, key_of(n)));
	assert_true(live_del(&etcd, key_of(n)));
	wait_for(live_has_ttl(&etcd, key_of(n)), 4000);
	wait_for(!own_of(n).reserved, 1000);
	assert_true(status(n).expires_at - time(NULL) > 86000);
	assert_int_equal(n->acquired, 1);
	order(n, OVNET_LEASE_RESERVE);
	assert_true(own_of(n).reserved);
}

static void removed_and_not_claimed_again(void **state)
{
	(void)state;
	char value[256];
	struct node *n = start_node();

	order(n, OVNET_LEASE_REMOVE);
	run_ms(1000);
	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_equal(value, "");
	assert_false(own_of(n).held);
	assert_int_equal(
		ovnet_lease_client_order(n->client, OVNET_LEASE_REMOVE, err, sizeof(err)), -ENOENT);
}

static void refused_when_it_is_not_ours_or_etcd_is_away(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char value[256];

	struct node *n = start_node();
	assert_true(live_put(&etcd, key_of(n), "{\"PublicIP\":\"10.168.0.66\"}"));
	wait_for(n->lost == 1, 3000);
	for (int what = OVNET_LEASE_RESERVE; what <= OVNET_LEASE_REMOVE; what++)
		assert_int_equal(ovnet_lease_client_order(
					 n->client, (enum ovnet_lease_order)what, err, sizeof(err)),
			-EPERM);
	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_equal(value, "{\"PublicIP\":\"10.168.0.66\"}");
	stop(n);

	live_start(&second);
	conf.registry_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), VXLAN));
	n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	assert_int_equal(ovnet_lease_client_order(n->client, OVNET_LEASE_RESERVE, err, sizeof(err)),
		-EAGAIN);
	assert_non_null(strstr(err, "etcd is away"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(shown_as_it_is),
		live(reserved_over_a_restart_and_released),
		on_all(deleted_reservation_is_a_lease_again),
		live(removed_and_not_claimed_again),
		live(refused_when_it_is_not_ours_or_etcd_is_away),
	};
	return cmocka_run_group_tests_name("lease_order", tests, start_all, stop_all);
}
