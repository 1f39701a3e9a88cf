/* SPDX-License-Identifier: BSD-3-Clause */
/* What anybody may write into the tree, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lease/lease_table.h"

#define GOOD "{\"PublicIP\":\"192.0.2.9\"}"

static struct lease_table *table;
static struct ovnet_netconf netconf;
static unsigned sets, dels;
static char why[512], listed_key[512];
static unsigned listed;

static void on_set(void *arg, const struct ovnet_lease *l)
{
	(void)arg, (void)l;
	sets++;
}

static void on_del(void *arg, const struct ovnet_lease *l)
{
	(void)arg, (void)l;
	dels++;
}

static int64_t created; /* of what is put */

static void put_len(const char *name, const char *value, size_t len)
{
	static int64_t revision;
	struct ovnet_registry_kv kv = {.key = name,
		.value = value,
		.value_len = len,
		.mod_revision = ++revision,
		.create_revision = created};

	lease_table_put(table, name, &kv);
	lease_table_settle(table);
}

static void put(const char *name, const char *value)
{
	put_len(name, value, strlen(value));
}

static void take(const char *name)
{
	lease_table_remove(table, name);
	lease_table_settle(table);
}

static void on_invalid(void *arg, const char *key, const char *text)
{
	(void)arg;
	snprintf(listed_key, sizeof(listed_key), "%s", key);
	snprintf(why, sizeof(why), "%s", text);
	listed++;
}

/* The only invalid one, for this reason. */
static void refused_for(const char *text)
{
	listed = 0;
	why[0] = '\0';
	lease_table_each_invalid(table, on_invalid, NULL);
	assert_int_equal(listed, 1);
	assert_int_equal(lease_table_invalid(table), 1);
	if (strstr(why, text) == NULL)
		fail_msg("refused for \"%s\", not \"%s\"", why, text);
}

static void refused(const char *name, const char *value, const char *text)
{
	uint32_t peers = lease_table_peers(table);

	put(name, value);
	refused_for(text);
	assert_int_equal(lease_table_peers(table), peers);
	take(name);
	assert_int_equal(lease_table_invalid(table), 0);
}

static int set_up(void **state)
{
	static const char conf[] = "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";
	struct ovnet_lease own = {
		.subnet = {0x0a050700, 24}, .public_ip = ovnet_addr_v4(0xc0000201)};
	char err[128];

	(void)state;
	sets = dels = 0;
	if (ovnet_netconf_parse(conf, strlen(conf), &netconf, err, sizeof(err)) < 0)
		return -1;
	table = lease_table_new(&(struct lease_table_conf){
		.public_ip = own.public_ip, .peer_set = on_set, .peer_del = on_del});
	lease_table_set_netconf(table, &netconf);
	lease_table_set_own(table, &own);
	put("10.5.200.0-24", "{\"PublicIP\":\"192.0.2.200\"}");
	assert_int_equal(lease_table_peers(table), 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lease_table_free(table);
	return 0;
}

static void public_ips(void **state)
{
	(void)state;
	static const char *const nobody[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5",
		"239.255.255.255", "240.0.0.1", "255.255.255.255", "", "host", "192.0.2.9/32",
		"::1", "fd00::1", "192.0.2.256"};
	char value[128];

	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		snprintf(value, sizeof(value), "{\"PublicIP\":\"%s\"}", nobody[i]);
		refused("10.5.9.0-24", value, "is no IPv4 address of a host");
	}
	refused("10.5.9.0-24", "{}", "has no PublicIP");
	refused("10.5.9.0-24", "{\"PublicIP\":7}", "PublicIP has to be a string");
	refused("10.5.9.0-24", "{\"PublicIP\":\"192.0.2.1\"}", "carries our own PublicIP");
	refused("10.5.9.0-24", "{\"PublicIP\":\"10.5.9.1\"}",
		"inside the overlay (10.5.0.0 to 10.5.255.255)");
	refused("10.5.9.0-24", "{\"PublicIP\":\"192.0.2.200\"}",
		"that of lease 10.5.200.0-24 as well");
}

static void one_public_ip_one_lease(void **state)
{
	(void)state;
	put("10.5.9.0-24", GOOD);
	put("10.5.10.0-24", GOOD);
	put("10.5.10.0-24", GOOD);
	refused_for("that of lease 10.5.9.0-24");
	assert_int_equal(lease_table_peers(table), 2);
	/* Of one age, the first one was never out. */
	assert_int_equal(dels, 0);
	/* The first one moves away: the second comes in; it comes back: refused. */
	put("10.5.9.0-24", "{\"PublicIP\":\"192.0.2.8\"}");
	assert_int_equal(lease_table_peers(table), 3);
	assert_int_equal(lease_table_invalid(table), 0);
	put("10.5.9.0-24", GOOD);
	refused_for("that of lease 10.5.10.0-24");
	take("10.5.10.0-24");
	assert_int_equal(lease_table_peers(table), 2);
	assert_int_equal(lease_table_invalid(table), 0);
}

/* A node that went over to another subnet: what it had before is in nobody's way. */
static void newest_of_one_public_ip(void **state)
{
	(void)state;
	created = 5;
	put("10.5.9.0-24", GOOD);
	created = 7;
	put("10.5.10.0-24", GOOD);
	refused_for("that of lease 10.5.10.0-24");
	assert_string_equal(listed_key, "10.5.9.0-24");
	assert_int_equal(dels, 1);
	created = 6;
	put("10.5.11.0-24", "{\"PublicIP\":\"192.0.2.11\"}");
	put("10.5.11.0-24", GOOD);
	assert_int_equal(lease_table_invalid(table), 2);
	assert_int_equal(lease_table_peers(table), 2);
	/* Written again, it is as old as ever. */
	created = 5;
	put("10.5.9.0-24", GOOD);
	assert_int_equal(lease_table_invalid(table), 2);
	/* The last one is the one before, whichever was seen first. */
	take("10.5.10.0-24");
	refused_for("that of lease 10.5.11.0-24");
	/* A key that was there and changes hands is judged by its age as well. */
	created = 8;
	put("10.5.200.0-24", GOOD);
	assert_int_equal(lease_table_peers(table), 1);
	assert_int_equal(lease_table_invalid(table), 2);
	take("10.5.200.0-24");
	refused_for("that of lease 10.5.11.0-24");
	created = 0;
}

/* After a listing: what is in it stays, and so does what came beside it. */
static void swept_is_what_is_not_marked(void **state)
{
	(void)state;
	put("10.5.9.0-24", GOOD);
	put("10.5.10.0-24", "{\"PublicIP\":\"192.0.2.10\"}");
	for (unsigned round = 0; round < 2; round++) {
		lease_table_unmark(table);
		lease_table_mark(table, "10.5.9.0-24");
		put("10.5.11.0-24", "{\"PublicIP\":\"192.0.2.11\"}");
		assert_false(lease_table_sweep(table, 1));
		assert_true(lease_table_sweep(table, 10));
		assert_int_equal(dels, 2 + 2 * round);
		assert_int_equal(lease_table_peers(table), 2);
		put("10.5.10.0-24", "{\"PublicIP\":\"192.0.2.10\"}");
		put("10.5.200.0-24", "{\"PublicIP\":\"192.0.2.200\"}");
		take("10.5.11.0-24");
		dels--;
	}
}

static void subnets(void **state)
{
	(void)state;
	refused("10.5.7.0-24", GOOD, "our own subnet under another owner, 192.0.2.9");
	refused("10.5.0.0-16", GOOD, "overlaps our own lease 10.5.7.0-24");
	refused("10.5.6.0-23", GOOD, "overlaps our own lease 10.5.7.0-24");
	refused("10.5.7.128-25", GOOD, "overlaps our own lease 10.5.7.0-24");
	refused("10.5.200.64-26", GOOD, "overlaps the lease 10.5.200.0-24");
	refused("10.5.192.0-18", GOOD, "overlaps the lease 10.5.200.0-24");
	refused("10.6.1.0-24", GOOD, "not inside the network 10.5.0.0/16");
	refused("10.4.0.0-15", GOOD, "not inside the network");
	refused("0.0.0.0-0", GOOD, "not inside the network");
	assert_int_equal(dels, 0);
	/* Ours moves: what it kept out comes in, what it covers now goes out. */
	put("10.5.7.0-24", GOOD);
	lease_table_set_own(table, &(struct ovnet_lease){.subnet = {0x0a05c800, 24}});
	assert_int_equal(lease_table_peers(table), 1);
	refused_for("our own subnet under another owner, 192.0.2.200");
	lease_table_set_own(table, NULL);
	assert_int_equal(lease_table_peers(table), 2);
	assert_int_equal(lease_table_invalid(table), 0);
}

static void names(void **state)
{
	(void)state;
	static const char *const odd[] = {"", "/", "10.5.9.0", "10.5.9.0-", "10.5.9.0-33",
		"10.5.9.0-024", "10.5.9.1-24", "10.5.9.0-24/", "10.5.9.0-24&", "10.5.9.0-24&::1-64",
		" 10.5.9.0-24", "10.5.9.0-24x", "-24", "999.5.9.0-24", "a/b", "\xff\xfe", "%s%n"};
	const size_t huge = 1 << 20;
	char *name = malloc(huge + 1);

	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		refused(odd[i], GOOD, "no subnet such as");
	for (size_t len = 70; len <= huge; len *= 2) {
		memset(name, 'k', len);
		name[len] = '\0';
		refused(name, GOOD, "no subnet such as");
		assert_true(strlen(listed_key) < 270);
	}
	/* Long ones that differ at the end only are not taken for each other. */
	memset(name, 'k', 1000);
	strcpy(name + 1000, "1");
	put(name, GOOD);
	name[1000] = '2';
	put(name, GOOD);
	assert_int_equal(lease_table_invalid(table), 2);
	take(name);
	refused_for("no subnet such as");
	name[1000] = '1';
	take(name);
	assert_int_equal(lease_table_invalid(table), 0);
	/* Cut between characters: it stays a text. */
	for (size_t i = 0; i < 400; i += 2)
		memcpy(name + 1 + i, "\xc3\xa4", 2);
	name[401] = '\0';
	put(name, GOOD);
	refused_for("no subnet such as");
	assert_null(strstr(listed_key, "\xc3."));
	free(name);
}

static void values(void **state)
{
	(void)state;
	static const char *const other[][2] = {
		{"", "no valid JSON"},
		{"null", "no JSON object"},
		{"[]", "no JSON object"},
		{"7", "no JSON object"},
		{"{\"PublicIP\":\"192.0.2.9\"", "no valid JSON"},
		{"{\"PublicIP\":\"192.0.2.9\"} x", "no valid JSON"},
		{"{\"PublicIP\":\"192.0.2.9\\u0000\"}", "no valid JSON"},
		{"\xff\xfe", "no valid JSON"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":7}", "BackendType has to be"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\"}", "without BackendData"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\",\"BackendData\":{}}",
			"without a VtepMAC"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\",\"BackendData\":"
		 "{\"VtepMAC\":\"03:00:00:00:00:01\"}}",
			"no unicast MAC"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\",\"BackendData\":"
		 "{\"VtepMAC\":\"ff:ff:ff:ff:ff:ff\"}}",
			"no unicast MAC"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\",\"BackendData\":"
		 "{\"VtepMAC\":\"00:00:00:00:00:00\"}}",
			"no unicast MAC"},
		{"{\"PublicIP\":\"192.0.2.9\",\"BackendType\":\"vxlan\",\"BackendData\":"
		 "{\"VtepMAC\":\"02:00:00:00:00:01\",\"VNI\":-1}}",
			"VNI -1 is out of range"},
	};
	char big[5001];

	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		refused("10.5.9.0-24", other[i][0], other[i][1]);
	memset(big, '[', sizeof(big) - 1);
	big[4096] = '\0';
	refused("10.5.9.0-24", big, "no valid JSON");
	memset(big, ' ', sizeof(big) - 1);
	memcpy(big, GOOD, strlen(GOOD));
	big[4097] = '\0';
	refused("10.5.9.0-24", big, "longer than 4096");
	big[4096] = '\0';
	put("10.5.9.0-24", big);
	assert_int_equal(lease_table_peers(table), 2);
}

/* A peer turns bad and good again; the others hear nothing of it. */
static void bad_value_takes_only_its_own_lease(void **state)
{
	(void)state;
	put("10.5.9.0-24", GOOD);
	assert_int_equal(sets, 2);
	put("10.5.9.0-24", "broken");
	assert_int_equal(dels, 1);
	assert_int_equal(lease_table_peers(table), 1);
	put("10.5.9.0-24", GOOD);
	assert_int_equal(sets, 3);
	assert_int_equal(dels, 1);
}

static void flood_is_bounded(void **state)
{
	(void)state;
	static char log[65536];
	int fd = memfd_create("log", MFD_CLOEXEC), stderr_fd = dup(2);
	char name[32];
	unsigned lines = 0;

	assert_int_equal(dup2(fd, 2), 2);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 5000; i++) {
			snprintf(name, sizeof(name), "stray-%u", i);
			put(name, round == 1 ? "a" : "b");
			if (round == 1)
				take(name);
		}
	assert_int_equal(dup2(stderr_fd, 2), 2);
	close(stderr_fd);
	assert_true(pread(fd, log, sizeof(log) - 1, 0) > 0);
	close(fd);
	for (const char *p = log; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_true(lines >= 20 && lines < 60);
	assert_non_null(strstr(log, "stray-0 is refused"));
	assert_int_equal(lease_table_invalid(table), 5000);
	listed = 0;
	lease_table_each_invalid(table, on_invalid, NULL);
	assert_int_equal(listed, 1024);
	assert_int_equal(lease_table_peers(table), 1);
	assert_int_equal(dels, 0);
}

#define on_a_table(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* flannel's own example: the nodes are in the Network as well, beside what is leased. */
static void nodes_may_be_in_the_network_outside_the_range(void **state)
{
	(void)state;
	static const char conf[] =
		"{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":20,\"SubnetMin\":\"10.10.0.0\","
		"\"SubnetMax\":\"10.99.0.0\",\"EnableIPv6\":true,"
		"\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd05:0:0:10::\","
		"\"IPv6SubnetMax\":\"fd05:0:0:20::\",\"Backend\":{\"Type\":\"vxlan\"}}";
	char err[128];

	assert_int_equal(ovnet_netconf_parse(conf, strlen(conf), &netconf, err, sizeof(err)), 0);
	take("10.5.200.0-24");
	lease_table_set_netconf(table, &netconf);
	put("10.20.16.0-20", "{\"PublicIP\":\"10.168.0.12\"}");
	assert_int_equal(lease_table_peers(table), 1);
	refused("10.21.0.0-20", "{\"PublicIP\":\"10.50.0.12\"}",
		"its PublicIP 10.50.0.12 is inside the overlay (10.10.0.0 to 10.99.15.255)");
	/* What is routed to a lease is lost to the underlay. */
	refused("10.168.0.0-20", "{\"PublicIP\":\"10.168.0.13\"}",
		"not between SubnetMin and SubnetMax of the network config (10.10.0.0 to "
		"10.99.15.255)");
	refused("10.99.16.0-20", "{\"PublicIP\":\"10.168.0.13\"}", "not between SubnetMin");
	refused("10.8.0.0-13", "{\"PublicIP\":\"10.168.0.13\"}", "not between SubnetMin");
	put("10.99.0.0-20&fd05:0:0:20::-64",
		"{\"PublicIP\":\"10.168.0.14\",\"PublicIPv6\":\"fd05::14\"}");
	assert_int_equal(lease_table_peers(table), 2);
	refused("10.99.0.0-21&fd05:0:0:21::-64", "{\"PublicIP\":\"10.168.0.15\"}",
		"its IPv6 subnet is not between IPv6SubnetMin and IPv6SubnetMax");
	refused("10.30.0.0-20&fd05:0:0:11::-64",
		"{\"PublicIP\":\"10.168.0.15\",\"PublicIPv6\":\"fd05:0:0:18::1\"}",
		"its PublicIPv6 fd05:0:0:18::1 is inside the overlay");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_table(public_ips),
		on_a_table(one_public_ip_one_lease),
		on_a_table(newest_of_one_public_ip),
		on_a_table(swept_is_what_is_not_marked),
		on_a_table(subnets),
		on_a_table(names),
		on_a_table(values),
		on_a_table(bad_value_takes_only_its_own_lease),
		on_a_table(flood_is_bounded),
		on_a_table(nodes_may_be_in_the_network_outside_the_range),
	};
	return cmocka_run_group_tests_name("lease_table", tests, NULL, NULL);
}
