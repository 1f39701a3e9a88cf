/* SPDX-License-Identifier: BSD-3-Clause */
/* The lease logic over a file: who finds its lease there, and what a changed file changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lease/lease_client.h"
#include "lease/registry/file/static_registry.h"

#define CONFIG "\"config\":{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"
#define LEASE(subnet, ip, mac)                                                               \
	"\"" subnet "\":{\"PublicIP\":\"" ip "\",\"BackendType\":\"vxlan\",\"BackendData\":" \
	"{\"VtepMAC\":\"" mac "\"}}"
#define OURS   LEASE("10.5.1.0-24", "192.0.2.1", "02:00:00:00:00:01")
#define PEER_2 LEASE("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")
#define PEER_3 LEASE("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03")

static struct event_base *base;
static char dir[64], path[96];
static struct ovnet_lease own;
static struct ovnet_lease last_set, last_del;
static unsigned acquired, synced, sets, dels;

static void write_file(const char *text)
{
	char temp[128];

	snprintf(temp, sizeof(temp), "%s/new", dir);
	FILE *f = fopen(temp, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(temp, path), 0);
}

static int on_attrs(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *previous,
	struct ovnet_lease *mine)
{
	(void)arg, (void)conf;
	mine->has_vtep_mac = true;
	mine->vtep_mac = previous != NULL ? previous->vtep_mac : (struct ovnet_mac){{2, 9}};
	return 0;
}

static void on_acquired(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *mine)
{
	(void)arg, (void)conf;
	own = *mine;
	acquired++;
}

static void on_set(void *arg, const struct ovnet_lease *lease)
{
	(void)arg;
	last_set = *lease;
	sets++;
}

static void on_del(void *arg, const struct ovnet_lease *lease)
{
	(void)arg;
	last_del = *lease;
	dels++;
}

static void on_synced(void *arg)
{
	(void)arg;
	synced++;
}

static void on_fatal(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

static void run_until(const unsigned *counter, unsigned value)
{
	static const struct timeval step = {.tv_usec = 10000};

	for (int i = 0; i < 1000 && *counter < value; i++) {
		event_base_loopexit(base, &step);
		event_base_dispatch(base);
	}
	assert_int_equal(*counter, value);
}

static void run_until_told(const struct ovnet_lease_client *c, const char *error)
{
	static const struct timeval step = {.tv_usec = 10000};
	struct ovnet_lease_status s = {.error = ""};

	for (int i = 0; i < 1000 && strstr(s.error, error) == NULL; i++) {
		event_base_loopexit(base, &step);
		event_base_dispatch(base);
		ovnet_lease_client_status(c, &s);
	}
	assert_non_null(strstr(s.error, error));
}

static struct ovnet_lease_client *start(void)
{
	static const struct ovnet_lease_callbacks cbs = {
		.attrs = on_attrs,
		.acquired = on_acquired,
		.peer_set = on_set,
		.peer_del = on_del,
		.synced = on_synced,
		.fatal = on_fatal,
	};
	const struct ovnet_lease_conf conf = {
		.registry = &ovnet_registry_static,
		.registry_conf = {.endpoints = path, .timeout_ms = 1000},
		.prefix = "/coreos.com/network",
		.public_ip = ovnet_addr_v4(0xc0000201),
		.renew_margin_s = 3600,
		.ttl_s = 86400,
	};
	acquired = synced = sets = dels = 0;
	struct ovnet_lease_client *c = ovnet_lease_client_new(base, &conf, &cbs, NULL);
	assert_non_null(c);
	return c;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ovnet-static-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/leases.json", dir);
	base = event_base_new();
	return base != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	event_base_free(base);
	unlink(path);
	return rmdir(dir);
}

static void our_lease_is_found_by_public_ip(void **state)
{
	(void)state;
	struct ovnet_lease_status s;

	write_file("{" CONFIG ",\"leases\":{" OURS "," PEER_2 "}}");
	struct ovnet_lease_client *c = start();
	run_until(&synced, 1);
	assert_int_equal(own.subnet.addr_host, 0x0a050100);
	assert_int_equal(own.vtep_mac.b[5], 1);
	assert_int_equal(sets, 1);
	assert_int_equal(last_set.vtep_mac.b[5], 2);
	ovnet_lease_client_status(c, &s);
	assert_string_equal(s.transport, "static");
	assert_string_equal(s.error, "");
	assert_int_equal(s.expires_at, 0);
	ovnet_lease_client_free(c);
}

static void a_changed_file_changes_only_what_differs(void **state)
{
	(void)state;
	write_file("{" CONFIG ",\"leases\":{" OURS "," PEER_2 "," PEER_3 "}}");
	struct ovnet_lease_client *c = start();
	run_until(&synced, 1);
	assert_int_equal(sets, 2);
	/* Peer 2 gets another MAC, peer 3 leaves. */
	write_file("{" CONFIG ",\"leases\":{" OURS
		   "," LEASE("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:22") "}}");
	run_until(&dels, 1);
	run_until(&sets, 3);
	assert_int_equal(last_del.subnet.addr_host, 0x0a050300);
	assert_int_equal(last_set.vtep_mac.b[5], 0x22);
	assert_int_equal(acquired, 1);
	ovnet_lease_client_free(c);
}

static void a_broken_file_changes_nothing(void **state)
{
	(void)state;
	static const char *const broken[] = {"", "{", "[]", "{\"config\":{}}",
		"{" CONFIG ",\"leases\":[]}", "{" CONFIG ",\"leases\":{" PEER_2 "," PEER_2 "}}"};
	struct ovnet_lease_status s;

	write_file("{" CONFIG ",\"leases\":{" OURS "," PEER_2 "}}");
	struct ovnet_lease_client *c = start();
	run_until(&synced, 1);
	for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		write_file(broken[i]);
	write_file("{" CONFIG ",\"leases\":{" OURS "," PEER_2 "," PEER_3 "}}");
	run_until(&sets, 2);
	assert_int_equal(dels, 0);
	assert_int_equal(last_set.subnet.addr_host, 0x0a050300);
	ovnet_lease_client_status(c, &s);
	assert_int_equal(s.peers, 2);
	ovnet_lease_client_free(c);
}

static void it_waits_for_the_file_and_for_our_lease(void **state)
{
	(void)state;

	unlink(path);
	struct ovnet_lease_client *c = start();
	write_file("{" CONFIG ",\"leases\":{" PEER_2 "}}");
	run_until_told(c, "put the lease of this node there");
	assert_int_equal(acquired, 0);
	write_file("{" CONFIG ",\"leases\":{" OURS "," PEER_2 "}}");
	run_until(&synced, 1);
	assert_int_equal(acquired, 1);
	ovnet_lease_client_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_lease_is_found_by_public_ip),
		cmocka_unit_test(a_changed_file_changes_only_what_differs),
		cmocka_unit_test(a_broken_file_changes_nothing),
		cmocka_unit_test(it_waits_for_the_file_and_for_our_lease),
	};
	return cmocka_run_group_tests_name("static_registry", tests, set_up, tear_down);
}
