/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

#define says(n, part) (strstr((n)->config, (part)) != NULL)

static void differences_are_named(void **state)
{
	(void)state;
	static const char *const other =
		"{\"Network\":\"10.6.0.0/16\",\"SubnetLen\":25,\"EnableIPv6\":true,"
		"\"IPv6Network\":\"fd05::/48\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7,"
		"\"Port\":4789,\"MTU\":1400,\"DirectRouting\":true}}";
	struct ovnet_netconf a, b;
	char err[256], text[600], cut[16];

	assert_int_equal(ovnet_netconf_parse(VXLAN, strlen(VXLAN), &a, err, sizeof(err)), 0);
	assert_int_equal(ovnet_netconf_parse(other, strlen(other), &b, err, sizeof(err)), 0);
	assert_string_equal(ovnet_netconf_differences(&a, &a, text, sizeof(text)), "");
	assert_string_equal(ovnet_netconf_differences(&a, &b, text, sizeof(text)),
		"Network 10.5.0.0/16 -> 10.6.0.0/16, Backend.VNI 1 -> 7, Backend.Port 8472 -> "
		"4789, "
		"Backend.MTU 0 -> 1400, Backend.DirectRouting false -> true, SubnetLen 24 -> 25, "
		"SubnetMin 10.5.1.0 -> 10.6.0.128, SubnetMax 10.5.255.0 -> 10.6.255.128, "
		"EnableIPv6 false -> true");
	assert_string_equal(ovnet_netconf_differences(&a, &b, cut, sizeof(cut)), "Network 10.5.0.");
}

static void changes_are_told_and_change_nothing(void **state)
{
	(void)state;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	struct ovnet_lease own = n->own;

	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":2}}"));
	wait_for(says(n, "Backend.VNI 1 -> 2"), 3000);
	assert_true(says(n, "restart ovnetd"));
	assert_false(says(n, "no longer fits"));
	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.6.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"));
	wait_for(says(n, "Network 10.5.0.0/16 -> 10.6.0.0/16"), 3000);
	assert_true(says(n, "no longer fits"));
	assert_true(live_put(&etcd, at("config"), "{\"Network\":"));
	wait_for(says(n, "was broken"), 3000);
	assert_true(live_del(&etcd, at("config")));
	wait_for(says(n, "was deleted"), 3000);
	/* A neighbour of the key is none of it; the same in other words is the same. */
	assert_true(live_put(&etcd, at("config-old"), "{\"Network\":\"10.9.0.0/16\"}"));
	assert_true(live_put(&etcd, at("config"),
		"{ \"backend\": {\"type\": \"VXLAN\"}, \"network\": \"10.5.0.0/16\" }"));
	wait_for(n->config[0] == '\0', 3000);

	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->fatal, 0);
	assert_true(ovnet_lease_equal(&own, &n->own));
	/* Peers are judged by the network we are in. */
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
}

static void lease_that_fits_no_more_is_not_written_again(void **state)
{
	(void)state;
	char value[256];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.6.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"));
	wait_for(says(n, "no longer fits"), 3000);
	assert_true(live_del(&etcd, key_of(n)));
	wait_for(strstr(status(n).error, "does not fit the network config") != NULL, 3000);
	run_ms(500);
	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_equal(value, "");
	assert_int_equal(n->fatal, 0);
}

static void change_during_an_outage_is_seen_after_it(void **state)
{
	(void)state;
	struct live_etcd aside;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	conf.registry_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_del(&aside, at("config")));
	live_kill(&aside);
	live_start(&second);
	wait_for(says(n, "was deleted"), 20000);
	assert_true(live_put(&second, at("config"), VXLAN));
	wait_for(n->config[0] == '\0', 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_named),
		live(changes_are_told_and_change_nothing),
		live(lease_that_fits_no_more_is_not_written_again),
		live(change_during_an_outage_is_seen_after_it),
	};
	return cmocka_run_group_tests_name("lease_reconf", tests, start_all, stop_all);
}
