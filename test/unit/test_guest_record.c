/* SPDX-License-Identifier: BSD-3-Clause */
/* What who lives behind an attach port is told, from configuration and lease. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guests/record.h"

static struct conf conf;
static struct node node;
static struct conf_port port;

static struct ovnet_prefix prefix(const char *text)
{
	struct ovnet_prefix p;

	assert_int_equal(ovnet_prefix_parse(text, &p), 0);
	return p;
}

static int set_up(void **state)
{
	static char empty[] = "", name[] = "web.1_";

	(void)state;
	conf = (struct conf){.vm = {.dns = empty, .domain = empty, .routes = empty}};
	conf.vm.lease_time = 3600;
	node = (struct node){.conf = &conf, .overlay_mtu = 1450};
	node.own.subnet = prefix("10.5.1.0/24").v4;
	port = (struct conf_port){.name = name, .dhcp = true, .n_addresses = 1};
	port.addresses[0] = prefix("10.5.1.7/32");
	port.mac = (struct ovnet_mac){{2, 0, 0, 0, 0, 7}};
	port.has_mac = true;
	return 0;
}

static struct ovnet_guest *record(void)
{
	struct ovnet_guest *g;

	assert_int_equal(guest_record(&conf, &node, &port, &g), 0);
	assert_non_null(g);
	return g;
}

static void nothing(void)
{
	struct ovnet_guest *g;

	assert_int_equal(guest_record(&conf, &node, &port, &g), 0);
	assert_null(g);
}

static void one_address_and_the_gateway(void **state)
{
	(void)state;
	struct ovnet_guest *g = record();

	assert_true(g->has4);
	assert_false(g->has6);
	assert_int_equal(g->addr4, RTE_BE32(0x0a050107));
	assert_int_equal(g->mask4, RTE_BE32(0xffffff00));
	assert_int_equal(g->router4, RTE_BE32(0x0a050101));
	assert_int_equal(g->server4, RTE_BE32(0x0a050101));
	assert_memory_equal(&g->mac, &port.mac, sizeof(port.mac));
	assert_int_equal(g->mtu, 1450);
	assert_int_equal(g->lease_s, 3600);
	assert_string_equal(g->hostname, "web-1");
	assert_string_equal(g->domain, "");
	assert_int_equal(g->n_dns4 + g->n_dns6, 0);
	assert_int_equal(g->n_routes4, 1);
	assert_int_equal(g->routes4[0].to.len, 0);
	assert_int_equal(g->routes4[0].via, RTE_BE32(0x0a050101));
	free(g);
}

static void both_versions_and_all_there_is(void **state)
{
	(void)state;
	static char dns[] = "10.5.1.2,fd00:5:1::2,192.0.2.1", domain[] = "vm.example",
		    routes[] = "192.168.0.0/16,10.9.0.0/16 via 10.5.1.3";
	const uint8_t want6[16] = {0xfd, 0, 0, 5, 0, 1, [15] = 7};

	node.own.has_v6 = true;
	node.own.subnet6 = prefix("fd00:5:1::/64").v6;
	port.addresses[port.n_addresses++] = prefix("fd00:5:1::7/128");
	port.mtu = 1400;
	conf.vm.dns = dns;
	conf.vm.domain = domain;
	conf.vm.routes = routes;
	struct ovnet_guest *g = record();
	assert_true(g->has4 && g->has6);
	assert_memory_equal(g->addr6, want6, 16);
	assert_int_equal(g->net6.len, 64);
	assert_int_equal(g->mtu, 1400);
	assert_int_equal(g->n_dns4, 2);
	assert_int_equal(g->dns4[1], RTE_BE32(0xc0000201));
	assert_int_equal(g->n_dns6, 1);
	assert_int_equal(g->dns6[0][15], 2);
	assert_string_equal(g->domain, "vm.example");
	assert_int_equal(g->n_routes4, 3);
	assert_int_equal(g->routes4[0].to.addr_host, 0xc0a80000);
	assert_int_equal(g->routes4[0].via, g->router4);
	assert_int_equal(g->routes4[1].via, RTE_BE32(0x0a050103));
	assert_int_equal(g->routes4[2].to.len, 0);
	free(g);
}

static void a_default_route_of_its_own_stands_alone(void **state)
{
	(void)state;
	static char routes[] = "0.0.0.0/0 via 10.5.1.3";

	conf.vm.routes = routes;
	struct ovnet_guest *g = record();
	assert_int_equal(g->n_routes4, 1);
	assert_int_equal(g->routes4[0].via, RTE_BE32(0x0a050103));
	free(g);
}

static void who_has_nothing_of_ours_is_told_nothing(void **state)
{
	(void)state;
	port.addresses[0] = prefix("10.5.2.7/32"); /* a former lease's */
	nothing();
	port.addresses[0] = prefix("fd00:5:1::7/128"); /* the lease has none */
	nothing();
	port.addresses[0] = prefix("10.5.1.7/32");
	node.drained = true;
	nothing();
	node.drained = false;
	port.dhcp = false;
	nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_address_and_the_gateway, set_up),
		cmocka_unit_test_setup(both_versions_and_all_there_is, set_up),
		cmocka_unit_test_setup(a_default_route_of_its_own_stands_alone, set_up),
		cmocka_unit_test_setup(who_has_nothing_of_ours_is_told_nothing, set_up),
	};

	return cmocka_run_group_tests_name("guest_record", tests, NULL, NULL);
}
