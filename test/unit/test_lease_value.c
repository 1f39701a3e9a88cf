/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lease/flannel/lease_value.h"
#include "lease/registry/etcd/base64.h"

static int parse(const char *json, struct ovnet_lease *l, char *err, size_t size)
{
	*l = (struct ovnet_lease){0};
	return ovnet_lease_value_parse(json, strlen(json), l, err, size);
}

static struct ovnet_lease good(const char *json)
{
	struct ovnet_lease l;
	char err[256] = "";

	if (parse(json, &l, err, sizeof(err)) != 0)
		fail_msg("%s: %s", json, err);
	return l;
}

/* `"Value" : "{\"PublicIP\":...}"` in etcdctl's fields format, unquoted in place. */
static char *field(char *line, const char *name)
{
	char *start = line + strlen(name), *in, *out;

	if (strncmp(line, name, strlen(name)) != 0)
		return NULL;
	for (in = out = start; *in != '\0' && *in != '"'; in++)
		*out++ = *in == '\\' ? *++in : *in;
	*out = '\0';
	return start;
}

static unsigned check_fixture(const char *name)
{
	char path[512], line[1024], key[128] = "", text[OVNET_LEASE_KEY_MAX], err[256], *v;
	const char *dir = "/coreos.com/network/subnets/";
	unsigned found = 0;

	snprintf(path, sizeof(path), "%s/flannel/%s.etcd.txt", OVNET_FIXTURES, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct ovnet_lease l = {0};
		if ((v = field(line, "\"Key\" : \"")) != NULL)
			snprintf(key, sizeof(key), "%.100s", v);
		if ((v = field(line, "\"Value\" : \"")) == NULL ||
			strncmp(key, dir, strlen(dir)) != 0)
			continue;
		assert_int_equal(ovnet_lease_key_parse(key + strlen(dir), &l), 0);
		assert_string_equal(
			ovnet_lease_key_text(&l, text, sizeof(text)), key + strlen(dir));
		assert_int_equal(ovnet_lease_value_parse(v, strlen(v), &l, err, sizeof(err)), 0);
		char *again = ovnet_lease_value_text(&l);
		assert_string_equal(again, v);
		free(again);
		found++;
	}
	fclose(f);
	return found;
}

static void what_flanneld_wrote_is_read_and_written_alike(void **state)
{
	(void)state;
	static const char *const names[] = {"v0.20.2-udp", "v0.20.2-vxlan", "v0.20.2-host-gw",
		"v0.20.2-vxlan-dualstack", "v0.28.9-shim-vxlan", "v0.28.9-shim-vxlan-dualstack"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(check_fixture(names[i]), 2);
}

static void every_era_is_read(void **state)
{
	(void)state;
	struct ovnet_lease l = good("{\"PublicIP\":\"10.168.0.12\"}");

	assert_int_equal(l.backend, OVNET_BACKEND_UDP);
	assert_int_equal(l.public_ip.family, AF_INET);
	l = good("{\"PublicIP\":\"10.168.0.12\",\"BackendType\":\"host-gw\"}");
	assert_int_equal(l.backend, OVNET_BACKEND_HOST_GW);
	l = good("{\"PublicIP\":\"10.168.0.12\",\"BackendType\":\"vxlan\",\"BackendData\":"
		 "{\"VtepMAC\":\"16:d7:16:e4:db:7f\"}}");
	assert_int_equal(l.backend, OVNET_BACKEND_VXLAN);
	assert_true(l.has_vtep_mac && !l.has_vtep_mac6);
	assert_int_equal(l.vni, 0);
	l = good("{\"publicip\":\"10.168.0.12\",\"BACKENDTYPE\":\"vxlan\",\"x\":{\"y\":[1]},"
		 "\"backenddata\":{\"vni\":70000,\"vtepmac\":\"16D7.16E4.DB7F\",\"z\":0}}");
	assert_int_equal(l.vni, 70000);
	assert_int_equal(l.vtep_mac.b[5], 0x7f);
	/* IPv6 data that does not parse costs IPv6 only. */
	l = good("{\"PublicIP\":\"10.168.0.12\",\"PublicIPv6\":\"fd00:168::12\",\"BackendType\":"
		 "\"vxlan\",\"BackendData\":{\"VtepMAC\":\"16:d7:16:e4:db:7f\"},"
		 "\"BackendV6Data\":{\"VtepMAC\":\"01:00:00:00:00:00\"}}");
	assert_true(l.has_vtep_mac && !l.has_vtep_mac6 && l.public_ip6.family == AF_INET6);
}

static void lease_types_are_exact(void **state)
{
	(void)state;
	static const char *const other[] = {
		"VXLAN", "Host-gw", "wireguard", "ipip", "none", " vxlan"};

	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		char json[128];
		snprintf(json, sizeof(json),
			"{\"PublicIP\":\"10.168.0.12\",\"BackendType\":\"%s\"}", other[i]);
		assert_int_equal(good(json).backend, OVNET_BACKEND_NONE);
	}
	assert_int_equal(
		good("{\"PublicIP\":\"1.2.3.4\",\"BackendType\":null}").backend, OVNET_BACKEND_UDP);
}

#define IP  "\"PublicIP\":\"10.168.0.12\","
#define VX  "{" IP "\"BackendType\":\"vxlan\",\"BackendData\":"
#define MAC "\"VtepMAC\":\"16:d7:16:e4:db:7f\""

static void bad_values_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "{", "null", "[]", "\"x\"", "{}",
		"{\"PublicIP\":null}", "{\"PublicIP\":7}", "{\"PublicIP\":\"\"}",
		"{\"PublicIP\":\"10.168.0\"}", "{\"PublicIP\":\"10.168.0.12/24\"}",
		"{\"PublicIP\":\"0.0.0.0\"}", "{\"PublicIP\":\"127.0.0.1\"}",
		"{\"PublicIP\":\"239.1.1.1\"}", "{\"PublicIP\":\"255.255.255.255\"}",
		"{\"PublicIP\":\"fd00::1\"}", "{" IP "\"PublicIPv6\":\"10.0.0.1\"}",
		"{" IP "\"PublicIPv6\":\"ff02::1\"}", "{" IP "\"BackendType\":5}",
		"{" IP "\"BackendType\":\"vxlan\"}", VX "null}", VX "{}}", VX "\"x\"}",
		VX "{\"VtepMAC\":5}}", VX "{\"VtepMAC\":\"\"}}",
		VX "{\"VtepMAC\":\"00:00:00:00:00:00\"}}",
		VX "{\"VtepMAC\":\"01:00:5e:00:00:01\"}}",
		VX "{\"VtepMAC\":\"ff:ff:ff:ff:ff:ff\"}}", VX "{\"VtepMAC\":\"16:d7:16:e4:db\"}}",
		VX "{" MAC ",\"VNI\":-1}}", VX "{" MAC ",\"VNI\":\"1\"}}",
		VX "{" MAC ",\"VNI\":4294967296}}", "{" IP "\"x\":\"\xff\"}",
		"{\"PublicIP\":\"10.168.0.12\\u0000\"}"};
	struct ovnet_lease l;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char err[256] = "";
		if (parse(bad[i], &l, err, sizeof(err)) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(strlen(err) > 5);
	}
	/* Whose it is shows even so: a reservation by hand has no BackendData. */
	char err[256];
	assert_int_equal(parse(VX "{}}", &l, err, sizeof(err)), -EINVAL);
	assert_int_equal(l.public_ip.family, AF_INET);
	assert_false(l.has_vtep_mac);
}

static void length_and_cut_text(void **state)
{
	(void)state;
	static const char whole[] = VX "{\"VNI\":1," MAC "}}";
	char *text = malloc(5000), err[256];
	struct ovnet_lease l = {0};

	memset(text, ' ', 5000);
	memcpy(text, whole, strlen(whole));
	assert_int_equal(ovnet_lease_value_parse(text, 4096, &l, err, sizeof(err)), 0);
	assert_int_equal(ovnet_lease_value_parse(text, 4097, &l, err, sizeof(err)), -EINVAL);
	/* Every beginning of it, in a buffer of just that size for the address sanitiser. */
	for (size_t n = 0; n < strlen(whole); n++) {
		char *part = malloc(n + 1);
		memcpy(part, whole, n);
		assert_int_equal(ovnet_lease_value_parse(part, n, &l, err, sizeof(err)), -EINVAL);
		free(part);
	}
	free(text);
}

static void keys(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "-", "10.5.1.0", "10.5.1.0-", "10.5.1.0/24",
		"10.5.1.1-24", "10.5.1.0-32", "10.5.1.0-024", "10.5.1.0--4", "10.5.1.0-24 ",
		" 10.5.1.0-24", "10.5.1-24", "10.5.1.0-24x", "x10.5.1.0-24", "300.5.1.0-24",
		"10.5.1.0-24&", "10.5.1.0-24&fd05:0:0:3a::", "10.5.1.0-24&FD05:0:0:3a::-64",
		"10.5.1.0-24&fd05:0:0:3a::1-64", "10.5.1.0-24&fd05:0:0:3a::-128",
		"10.5.1.0-24&fd05:0:0:3a::-64&", "10.5.1.0-24&::ffff:1.2.3.0-120", "a/10.5.1.0-24",
		"fd05:0:0:3a::-64", "10.5.1.0-24\xff",
		"10.5.1.0-24&"
		"00000000000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000000000"};
	struct ovnet_lease l;
	char text[OVNET_LEASE_KEY_MAX];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ovnet_lease_key_parse(bad[i], &l) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(ovnet_lease_key_parse("10.5.72.0-24", &l), 0);
	assert_false(l.has_v6);
	assert_int_equal(l.subnet.addr_host, 0x0a054800);
	assert_int_equal(l.subnet.len, 24);
	assert_int_equal(ovnet_lease_key_parse("10.5.58.0-24&fd05:0:0:3a::-64", &l), 0);
	assert_true(l.has_v6 && l.subnet6.len == 64);
	assert_string_equal(
		ovnet_lease_key_text(&l, text, sizeof(text)), "10.5.58.0-24&fd05:0:0:3a::-64");
	/* The longest there is. */
	const char *longest = "255.255.255.254-31&1111:2222:3333:4444:5555:6666:7777:8888-127";
	assert_int_equal(ovnet_lease_key_parse(longest, &l), 0);
	assert_string_equal(ovnet_lease_key_text(&l, text, sizeof(text)), longest);
}

static void equality(void **state)
{
	(void)state;
	struct ovnet_lease a = good(VX "{\"VNI\":1," MAC "}}"), b = a;

	assert_true(ovnet_lease_equal(&a, &b));
	b.vtep_mac.b[5]++;
	assert_false(ovnet_lease_equal(&a, &b));
	b = a;
	b.public_ip = ovnet_addr_v4(1);
	assert_false(ovnet_lease_equal(&a, &b));
	b = a;
	b.subnet.len = 25;
	assert_false(ovnet_lease_equal(&a, &b));
	b = a;
	b.backend = OVNET_BACKEND_HOST_GW;
	assert_false(ovnet_lease_equal(&a, &b));
	b = a;
	b.has_v6 = true;
	assert_false(ovnet_lease_equal(&a, &b));
	/* What is not there does not count. */
	b = a;
	b.vtep_mac6.b[0] = 7;
	b.subnet6.addr[0] = 7;
	assert_true(ovnet_lease_equal(&a, &b));
}

static void base64(void **state)
{
	(void)state;
	static const char *const rfc[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {
		"Z", "Zg=", "Zg", "====", "Z===", "Zm9v=m9v", "Zm9\n", "Zm-_"};
	unsigned char out[16];
	char text[16];

	for (unsigned i = 0; i < sizeof(rfc) / sizeof(rfc[0]); i++) {
		base64_encode(rfc[i][0], strlen(rfc[i][0]), text);
		assert_string_equal(text, rfc[i][1]);
		ssize_t n = base64_decode(rfc[i][1], strlen(rfc[i][1]), out);
		assert_int_equal(n, strlen(rfc[i][0]));
		assert_memory_equal(out, rfc[i][0], (size_t)n);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_flanneld_wrote_is_read_and_written_alike),
		cmocka_unit_test(every_era_is_read),
		cmocka_unit_test(lease_types_are_exact),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(length_and_cut_text),
		cmocka_unit_test(keys),
		cmocka_unit_test(equality),
		cmocka_unit_test(base64),
	};
	return cmocka_run_group_tests_name("lease_value", tests, NULL, NULL);
}
