/* SPDX-License-Identifier: BSD-3-Clause */
/* The choice between etcd's v2 and v3 API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

static struct node *start_choosing(
	unsigned i, const struct ovnet_registry_ops *first, bool may_switch, const char *url)
{
	struct ovnet_lease_conf conf = conf_of(i);

	conf.registry = first;
	conf.other_registry = first == &ovnet_etcd_v2 ? &ovnet_etcd_v3_json : &ovnet_etcd_v2;
	conf.may_switch = may_switch;
	conf.registry_conf.endpoints = url;
	return start_with(i, &conf);
}

static void auto_takes_the_api_that_has_it(void **state)
{
	(void)state;
	struct node *early = start_choosing(0, &ovnet_etcd_v3_json, true, etcd.url);

	wait_for(strstr(status(early).error, "neither through its v3 API") != NULL, 3000);
	assert_non_null(strstr(status(early).error, at("config")));
	assert_non_null(strstr(status(early).error, "ETCDCTL_API=3 etcdctl --endpoints="));
	assert_true(live_put(&etcd, at("config"), VXLAN));
	wait_for(ready(early), 3000);
	assert_string_equal(status(early).transport, "v2");
	assert_true(live_has_ttl(&etcd, key_of(early)));

	struct node *late = start_choosing(1, &ovnet_etcd_v3_json, true, etcd.url);
	wait_for(ready(late) && late->n_peers == 1, 3000);
	assert_string_equal(status(late).transport, "v2");
	stop(late);

	/* With both there it is v3. */
	live_api = "3";
	assert_true(live_put(&etcd, at("config"), "{\"Network\":\"10.6.0.0/16\"}"));
	late = start_choosing(1, &ovnet_etcd_v3_json, true, etcd.url);
	wait_for(ready(late), 3000);
	assert_string_equal(status(late).transport, "v3/json");
	assert_true(live_has_ttl(&etcd, key_of(late)));
	assert_int_equal(late->n_peers, 0);
}

static void v3_config_that_comes_later_is_noticed(void **state)
{
	(void)state;
	struct node *n = start_choosing(0, &ovnet_etcd_v3_json, true, etcd.url);

	wait_for(status(n).error[0] != '\0', 3000);
	/* One that cannot be used is no reason to take that API for ever. */
	assert_true(live_put(&etcd, at("config"), "{\"Network\":\"10.5.0.0/29\"}"));
	wait_for(strstr(status(n).error, "v2 key") != NULL, 3000);
	live_api = "3";
	assert_true(live_put(&etcd, at("config"), VXLAN));
	wait_for(ready(n), 3000);
	assert_string_equal(status(n).transport, "v3/json");
}

static void given_api_names_the_other(void **state)
{
	(void)state;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start_choosing(0, &ovnet_etcd_v3_json, false, etcd.url);
	wait_for(strstr(status(n).error, "set etcd.api = \"v2\"") != NULL, 3000);
	assert_int_equal(status(n).state, OVNET_LEASE_WAIT_CONFIG);
	stop(n);
	n = start_choosing(0, &ovnet_etcd_v2, false, etcd.url);
	wait_for(ready(n), 3000);
	stop(n);

	assert_true(live_del(&etcd, at("config")));
	live_api = "3";
	assert_true(live_put(&etcd, at("config"), VXLAN));
	n = start_choosing(0, &ovnet_etcd_v2, false, etcd.url);
	wait_for(strstr(status(n).error, "set etcd.api = \"v3\"") != NULL, 3000);
	live_api = "2";
	assert_true(live_put(&etcd, at("config"), VXLAN));
	wait_for(ready(n), 3000);
	assert_string_equal(status(n).transport, "v2");
}

static void etcd_without_v2(void **state)
{
	(void)state;
	live_api = "3";
	second.only_v3 = true;
	live_start(&second);
	struct node *n = start_choosing(0, &ovnet_etcd_v2, false, second.url);
	wait_for(strstr(status(n).error, "--enable-v2=true") != NULL, 3000);
	assert_non_null(strstr(status(n).error, "no such key"));
	stop(n);
	n = start_choosing(0, &ovnet_etcd_v3_json, true, second.url);
	wait_for(strstr(status(n).error, "neither through its v3 API") != NULL, 3000);
	assert_true(live_put(&second, at("config"), VXLAN));
	wait_for(ready(n), 5000);
	assert_string_equal(status(n).transport, "v3/json");
}

/*
 * v3 answers, but with a refusal: what v2 has may be the leftovers of a migration. Passwords of
 * v3 mean nothing to v2.
 */
static void trouble_is_no_reason_to_switch(void **state)
{
	(void)state;
	static const char *const users[][3] = {{"user", "add", "root:pw"},
		{"user", "grant-role", "root"}, {"auth", "enable", NULL}};

	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	live_api = "3";
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
			live_ctl(&second, NULL, 0, (char *)users[i][0], (char *)users[i][1],
				(char *)users[i][2], (char *)(i == 1 ? "root" : NULL)),
			0);
	struct node *n = start_choosing(0, &ovnet_etcd_v3_json, true, second.url);
	wait_for(strstr(status(n).error, "set etcd.username") != NULL, 3000);
	run_ms(1500);
	assert_int_equal(n->acquired, 0);
	assert_int_equal(status(n).state, OVNET_LEASE_WAIT_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_v2(auto_takes_the_api_that_has_it),
		on_v2(v3_config_that_comes_later_is_noticed),
		on_v2(given_api_names_the_other),
		on_v2(etcd_without_v2),
		on_v2(trouble_is_no_reason_to_switch),
	};
	return cmocka_run_group_tests_name("lease_choice", tests, start_all, stop_all);
}
