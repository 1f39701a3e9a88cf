/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/parts.h"

#include <string.h>

#include "bed/path.h"

#define MTU 1450

struct parts parts;

static char nothing[] = "", device[] = "ovnet0";

static void configure(struct conf *c)
{
	c->etcd.endpoints = c->node.state_dir = nothing;
	c->node.public_ip = c->node.public_ipv6 = nothing;
	c->host.device = device;
	c->host.rules_resync = 5;
	c->dpdk.workers = 2;
}

int parts_open(void **state)
{
	static const struct ovnet_kernel_events deaf = {0};
	static const struct underlay_events unheard = {0};

	(void)state;
	memset(&parts, 0, sizeof(parts));
	configure(&parts.conf);
	fake_reset();
	parts.base = event_base_new();
	assert_non_null(parts.base);
	parts_kernel(&deaf, NULL);
	parts.engine = (struct engine){.conf = &parts.conf,
		.base = parts.base,
		.warnings = &parts.warnings,
		.pool = bed_pool};
	node_init(&parts.node, &parts.conf, &parts.warnings);
	assert_int_equal(engine_tables_init(&parts.engine), 0);
	assert_int_equal(ports_init(&parts.ports, &parts.engine), 0);
	underlay_init(&parts.underlay, parts.kernel, &parts.ports, &parts.node, &unheard, NULL);
	return 0;
}

int parts_close(void **state)
{
	(void)state;
	ports_fini(&parts.ports);
	engine_tables_fini(&parts.engine);
	ovnet_kernel_close(parts.kernel);
	event_base_free(parts.base);
	return 0;
}

void parts_kernel(const struct ovnet_kernel_events *events, void *arg)
{
	ovnet_kernel_close(parts.kernel);
	parts.kernel = ovnet_kernel_open(parts.base, events, arg);
	assert_non_null(parts.kernel);
	parts.underlay.kernel = parts.kernel;
}

void parts_lease(const char *netconf, const char *own, const char *own6)
{
	struct node *n = &parts.node;
	char err[256];

	if (ovnet_netconf_parse(netconf, strlen(netconf), &n->netconf, err, sizeof(err)) < 0)
		fail_msg("%s: %s", netconf, err);
	assert_int_equal(ovnet_prefix4_parse(own, &n->own.subnet), 0);
	n->own.has_v6 = own6 != NULL;
	if (own6 != NULL)
		assert_int_equal(ovnet_prefix6_parse(own6, &n->own.subnet6), 0);
	n->overlay_mtu = MTU;
	node_advance(n, NODE_CONFIGURED);
}

void parts_turn(void)
{
	assert_true(event_base_loop(parts.base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

const char *parts_warning(const char *key)
{
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (strcmp(parts.warnings.row[i].key, key) == 0)
			return parts.warnings.row[i].text;
	return "";
}

struct ovnet_addr parts_addr(const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return a;
}

int parts_run(const char *suite, const struct CMUnitTest *tests, size_t n)
{
	if (bed_eal("0") < 0)
		return EXIT_FAILURE;
	return _cmocka_run_group_tests(suite, tests, n, NULL, NULL);
}
