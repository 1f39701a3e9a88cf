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
#include <sys/stat.h>
#include <unistd.h>

#include "lease/flannel/subnet_env.h"

static char dir[64], path[128];

static void slurp(const char *name, char *out, size_t size)
{
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	out[fread(out, 1, size - 1, f)] = '\0';
	fclose(f);
}

static void spill(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The values of a file flanneld wrote; writing them again has to give that file. */
static void check_fixture(const char *name)
{
	struct ovnet_subnet_env env = {.ip_masq = true};
	char fixture[512], wanted[512], got[512], line[128], *save = NULL;

	snprintf(fixture, sizeof(fixture), "%s/flannel/%s.subnet.env", OVNET_FIXTURES, name);
	slurp(fixture, wanted, sizeof(wanted));
	strcpy(got, wanted);
	for (char *l = strtok_r(got, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		snprintf(line, sizeof(line), "%.100s", l);
		char *v = strchr(line, '=');
		assert_non_null(v);
		*v++ = '\0';
		if (strcmp(line, "FLANNEL_NETWORK") == 0)
			assert_int_equal(ovnet_prefix4_parse(v, &env.network), 0);
		if (strcmp(line, "FLANNEL_SUBNET") == 0)
			assert_int_equal(ovnet_prefix4_parse(v, &env.subnet), 0);
		if (strcmp(line, "FLANNEL_IPV6_NETWORK") == 0)
			assert_int_equal(ovnet_prefix6_parse(v, &env.network6), 0);
		if (strcmp(line, "FLANNEL_IPV6_SUBNET") == 0)
			assert_int_equal(ovnet_prefix6_parse(v, &env.subnet6), 0);
		if (strcmp(line, "FLANNEL_MTU") == 0)
			env.mtu = (uint16_t)atoi(v);
	}
	env.has_v6 = env.network6.len != 0;
	assert_int_equal(ovnet_subnet_env_write(path, &env), 0);
	slurp(path, got, sizeof(got));
	assert_string_equal(got, wanted);

	struct ovnet_prefix4 subnet;
	struct ovnet_prefix6 subnet6;
	assert_int_equal(ovnet_subnet_env_read(path, &subnet, &subnet6), 0);
	assert_true(ovnet_prefix4_equal(&subnet, &env.subnet));
	assert_true(ovnet_prefix6_equal(&subnet6, &env.subnet6));
}

static void byte_for_byte_as_flanneld(void **state)
{
	(void)state;
	check_fixture("v0.20.2-udp");
	check_fixture("v0.20.2-vxlan");
	check_fixture("v0.20.2-host-gw");
	check_fixture("v0.20.2-vxlan-dualstack");
	check_fixture("v0.28.9-shim-vxlan");
}

static const struct ovnet_subnet_env some = {
	.network = {0x0a050000, 16}, .subnet = {0x0a053a00, 24}, .mtu = 1450};

static void folders_and_modes(void **state)
{
	(void)state;
	char deep[160], tmp[160], text[512];
	struct stat st;
	mode_t old = umask(0077);

	snprintf(deep, sizeof(deep), "%s/run/flannel/subnet.env", dir);
	int rc = ovnet_subnet_env_write(deep, &some);
	umask(old);
	assert_int_equal(rc, 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	slurp(deep, text, sizeof(text));
	assert_string_equal(text, "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.58.1/24\n"
				  "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n");
	snprintf(tmp, sizeof(tmp), "%s/run/flannel/.subnet.env", dir);
	assert_int_equal(access(tmp, F_OK), -1);
	unlink(deep);
	for (const char *const *d = (const char *const[]){"run/flannel", "run", NULL}; *d; d++) {
		snprintf(deep, sizeof(deep), "%s/%s", dir, *d);
		assert_int_equal(stat(deep, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0755);
		rmdir(deep);
	}
}

/* The longest values there are, too: nothing is cut. */
static void what_containers_are_left(void **state)
{
	struct ovnet_subnet_env env = some;
	struct ovnet_prefix4 subnet;
	struct ovnet_prefix6 subnet6;
	char text[1200];

	(void)state;
	env.fixed_cidr = (struct ovnet_prefix4){0x0a053a00, 25};
	env.first = ovnet_addr_v4(0x0a053a02);
	env.last = ovnet_addr_v4(0x0a053abf);
	assert_int_equal(ovnet_subnet_env_write(path, &env), 0);
	slurp(path, text, sizeof(text));
	assert_string_equal(text,
		"FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.58.1/24\nFLANNEL_MTU=1450\n"
		"FLANNEL_IPMASQ=false\nOVNET_FIXED_CIDR=10.5.58.0/25\n"
		"OVNET_RANGE_START=10.5.58.2\nOVNET_RANGE_END=10.5.58.191\n");
	assert_int_equal(ovnet_subnet_env_read(path, &subnet, &subnet6), 0);
	assert_true(ovnet_prefix4_equal(&subnet, &some.subnet));
	env.has_v6 = true;
	env.network6.len = env.subnet6.len = 112;
	memset(env.network6.addr, 0xfd, 14);
	memset(env.subnet6.addr, 0xfd, 14);
	env.first6 = env.last6 = (struct ovnet_addr){.family = AF_INET6};
	memset(env.first6.v6, 0xfd, 16);
	memset(env.last6.v6, 0xfe, 16);
	assert_int_equal(ovnet_subnet_env_write(path, &env), 0);
	slurp(path, text, sizeof(text));
	assert_non_null(
		strstr(text, "OVNET_RANGE_END=10.5.58.191\n"
			     "OVNET_IPV6_RANGE_START=fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd\n"
			     "OVNET_IPV6_RANGE_END=fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe\n"));
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_int_equal(ovnet_subnet_env_read(path, &subnet, &subnet6), 0);
	assert_true(ovnet_prefix6_equal(&subnet6, &env.subnet6));
}

static void a_planted_link_is_not_followed(void **state)
{
	(void)state;
	char tmp[160], victim[160], text[64];

	snprintf(tmp, sizeof(tmp), "%s/.subnet.env", dir);
	snprintf(victim, sizeof(victim), "%s/victim", dir);
	FILE *f = fopen(victim, "w");
	assert_non_null(f);
	fputs("precious", f);
	fclose(f);
	assert_int_equal(symlink(victim, tmp), 0);
	assert_int_equal(ovnet_subnet_env_write(path, &some), 0);
	slurp(victim, text, sizeof(text));
	assert_string_equal(text, "precious");
	unlink(victim);
}

static void impossible_places(void **state)
{
	(void)state;
	char below[200];

	spill("x");
	snprintf(below, sizeof(below), "%s/subnet.env", path);
	assert_int_equal(ovnet_subnet_env_write(below, &some), -ENOTDIR);
	assert_int_equal(ovnet_subnet_env_write("", &some), -EINVAL);
	assert_int_equal(ovnet_subnet_env_write("/tmp/", &some), -EINVAL);
	/* A folder stands where the file should: nothing may be left beside it. */
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(ovnet_subnet_env_write(path, &some), -EISDIR);
	snprintf(below, sizeof(below), "%s/.subnet.env", dir);
	assert_int_equal(access(below, F_OK), -1);
	rmdir(path);
}

static void what_scripts_make_of_it_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t addr; /* 0: nothing usable */
	} table[] = {
		{"FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.58.1/24\n", 0x0a053a00},
		{"FLANNEL_SUBNET=\"10.5.58.1/24\"", 0x0a053a00},
		{"export FLANNEL_SUBNET='10.5.58.1/24' \r\n", 0x0a053a00},
		{"# x\n\n  FLANNEL_SUBNET=10.5.58.1/24 # mine\n", 0x0a053a00},
		{"FLANNEL_SUBNET=nonsense\nFLANNEL_SUBNET=10.5.59.1/24\n", 0x0a053b00},
		/* mk-docker-opts.sh -d onto the daemon's own file. */
		{"DOCKER_OPT_BIP=\"--bip=172.17.34.1/24\"\nDOCKER_NETWORK_OPTIONS=\" "
		 "--bip=172.17.34."
		 "1/24 --ip-masq=false --mtu=1450\"\n",
			0},
		{"", 0},
		{"FLANNEL_SUBNET=\n", 0},
		{"FLANNEL_SUBNET=10.5.58.1\n", 0},
		{"FLANNEL_SUBNET=0.0.0.0/0\n", 0},
		{"XFLANNEL_SUBNET=10.5.58.1/24\n", 0},
		{"FLANNEL_SUBNET=10.5.58.1/240\n", 0},
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ovnet_prefix4 p;
		struct ovnet_prefix6 p6;
		spill(table[i].text);
		int rc = ovnet_subnet_env_read(path, &p, &p6);
		if (rc != (table[i].addr != 0 ? 0 : -ENOENT) || p.addr_host != table[i].addr)
			fail_msg("%s: %d, %x", table[i].text, rc, p.addr_host);
	}
	unlink(path);
	struct ovnet_prefix4 p;
	struct ovnet_prefix6 p6;
	assert_int_equal(ovnet_subnet_env_read(path, &p, &p6), -ENOENT);
}

/* Either half may be there without the other. */
static void ipv6_half_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *subnet6;
		uint8_t len;
	} table[] = {
		{"FLANNEL_IPV6_NETWORK=fd05::/48\nFLANNEL_IPV6_SUBNET=fd05:0:0:3a::1/64\n",
			"fd05:0:0:3a::/64", 0},
		{"FLANNEL_SUBNET=10.5.58.1/24\nexport FLANNEL_IPV6_SUBNET=\"fd05:0:0:3a::1/64\"",
			"fd05:0:0:3a::/64", 24},
		{"FLANNEL_SUBNET=10.5.58.1/24\nFLANNEL_IPV6_SUBNET=10.5.58.1/24\n", "::/0", 24},
		{"FLANNEL_SUBNET=10.5.58.1/24\nFLANNEL_IPV6_SUBNET=fd05::1/129\n", "::/0", 24},
		{"FLANNEL_SUBNET=10.5.58.1/24\nFLANNEL_IPV6_SUBNET=8000::/1\n", "8000::/1", 24},
		{"FLANNEL_SUBNET=10.5.58.1/24\nFLANNEL_IPV6_SUBNETS=fd05::1/64\n", "::/0", 24},
	};
	struct ovnet_prefix4 p;
	struct ovnet_prefix6 p6, wanted;

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(ovnet_prefix6_parse(table[i].subnet6, &wanted), 0);
		spill(table[i].text);
		assert_int_equal(ovnet_subnet_env_read(path, &p, &p6), 0);
		assert_int_equal(p.len, table[i].len);
		if (!ovnet_prefix6_equal(&p6, &wanted))
			fail_msg("%s", table[i].text);
	}
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ovnet-env-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/subnet.env", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(byte_for_byte_as_flanneld),
		case_of(folders_and_modes),
		case_of(what_containers_are_left),
		case_of(a_planted_link_is_not_followed),
		case_of(impossible_places),
		case_of(what_scripts_make_of_it_is_read),
		case_of(ipv6_half_is_read),
	};
	return cmocka_run_group_tests_name("subnet_env", tests, NULL, NULL);
}
