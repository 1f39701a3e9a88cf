/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of VMs. */
#include "bed/conf_run.h"
#include "conf/vm_value.h"

static void refused_vm(const char *member, const char *value, const char *form)
{
	char text[512];

	snprintf(text, sizeof(text), "vm = {\n %s = \"%s\";\n};\n", member, value);
	refused(text, 2, form);
}

static void pools(void **state)
{
	struct conf_vm_pool pool;

	(void)state;
	assert_int_equal(conf_vm_pool("", &pool), 0);
	assert_false(pool.given);
	assert_int_equal(conf_vm_pool("/26", &pool), 0);
	assert_true(pool.given && pool.last);
	assert_int_equal(pool.net.len, 26);
	assert_int_equal(conf_vm_pool("10.5.1.192/26", &pool), 0);
	assert_true(pool.given && !pool.last);
	assert_int_equal(pool.net.addr_host, 0x0a0501c0);
	refused_vm("pool", "10.5.1.200/26", "without host bits");
	refused_vm("pool", "10.5.1.200", "a length such as");
	refused_vm("pool", "/", "a length such as");
	refused_vm("pool", "/0", "a length such as");
	refused_vm("pool", "/33", "a length such as");
	refused_vm("pool", "/26 ", "a length such as");
	refused_vm("pool", "/0026", "a length such as");
	refused_vm("pool", "0.0.0.0/0", "a length such as");
	refused_vm("pool", "fd00::/64", "a length such as");
}

static void name_servers(void **state)
{
	struct ovnet_addr dns[2 * CONF_VM_MAX_DNS];
	char text[OVNET_ADDR_STRLEN];

	(void)state;
	assert_int_equal(conf_vm_dns("", dns), 0);
	assert_int_equal(conf_vm_dns("10.5.1.2 , fd00::2", dns), 2);
	assert_string_equal(ovnet_addr_text(&dns[1], text, sizeof(text)), "fd00::2");
	assert_int_equal(conf_vm_dns("1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,fd00::1,fd00::2,fd00::3,"
				     "fd00::4",
				 dns),
		8);
	refused_vm("dns", "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5", "at most 4");
	refused_vm("dns", "10.5.1.2,", "at most 4");
	refused_vm("dns", ",10.5.1.2", "at most 4");
	refused_vm("dns", " ", "at most 4");
	refused_vm("dns", "10.5.1", "at most 4");
	refused_vm("dns", "224.0.0.1", "at most 4");
}

static void routes_of_guests(void **state)
{
	struct conf_vm_route r[CONF_VM_MAX_ROUTES];
	char text[OVNET_ADDR_STRLEN], many[512] = "10.0.0.0/8";

	(void)state;
	assert_int_equal(conf_vm_routes("", r), 0);
	assert_int_equal(
		conf_vm_routes("192.168.0.0/16, 10.9.0.0/16 via 10.5.1.7,0.0.0.0/0", r), 3);
	assert_int_equal(r[0].to.addr_host, 0xc0a80000);
	assert_int_equal(r[0].via.family, 0);
	assert_int_equal(r[1].to.len, 16);
	assert_string_equal(ovnet_addr_text(&r[1].via, text, sizeof(text)), "10.5.1.7");
	assert_int_equal(r[2].to.len, 0);
	refused_vm("routes", "192.168.0.1/16", "IPv4 prefixes");
	refused_vm("routes", "192.168.0.0", "IPv4 prefixes");
	refused_vm("routes", "192.168.0.0/16 via", "IPv4 prefixes");
	refused_vm("routes", "192.168.0.0/16 via 0.0.0.0", "IPv4 prefixes");
	refused_vm("routes", "192.168.0.0/16 via fd00::1", "IPv4 prefixes");
	refused_vm("routes", "fd00::/64", "IPv4 prefixes");
	for (unsigned i = 1; i < CONF_VM_MAX_ROUTES; i++)
		strcat(many, ",10.0.0.0/8");
	assert_int_equal(conf_vm_routes(many, r), CONF_VM_MAX_ROUTES);
	strcat(many, ",10.0.0.0/8");
	refused_vm("routes", many, "at most 15");
}

static void names_and_times(void **state)
{
	char dir[2 * CONF_VM_DIR_MAX] = "/";
	struct run r;

	(void)state;
	load_file(&r, "vm = { domain = \"a-1.example.com\"; lease-time = 120; };\n");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.vm.lease_time, 120);
	assert_string_equal(r.conf.vm.domain, "a-1.example.com");
	done(&r);
	refused_vm("domain", "-a.example.com", "a domain such as");
	refused_vm("domain", "a-.example.com", "a domain such as");
	refused_vm("domain", "example.com.", "a domain such as");
	refused_vm("domain", "a..com", "a domain such as");
	refused_vm("domain", "a b.com", "a domain such as");
	refused_vm("socket-dir", "run/vm", "an absolute path");
	refused_vm("socket-dir", "/run/vm/", "an absolute path");
	refused_vm("socket-dir", "/", "an absolute path");
	refused_vm("socket-owner", "a b", "a user, ");
	refused_vm("socket-owner", "a:", "a user, ");
	memset(dir + 1, 'd', CONF_VM_DIR_MAX);
	refused_vm("socket-dir", dir, "at most 86 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools),
		cmocka_unit_test(name_servers),
		cmocka_unit_test(routes_of_guests),
		cmocka_unit_test(names_and_times),
	};
	return cmocka_run_group_tests_name("conf_vm", tests, make_file, remove_file);
}
