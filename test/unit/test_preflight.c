/* SPDX-License-Identifier: BSD-3-Clause */
/* What `ovnetd --preflight` makes of what it sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "preflight/checks.h"

static struct preflight p;
static char root[64];
static size_t seen; /* lines */

static int set_up(void **state)
{
	(void)state;
	seen = 0;
	snprintf(root, sizeof(root), "/tmp/ovnet-preflight-XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	p = (struct preflight){.root = root, .check = "x", .conf = calloc(1, sizeof(struct conf))};
	((struct conf *)(uintptr_t)p.conf)->host.device = (char *)(uintptr_t) "ovnet0";
	return p.conf != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	for (size_t i = 0; i < p.n; i++) {
		free(p.lines[i].text);
		free(p.lines[i].fix);
	}
	free(p.lines);
	free((void *)(uintptr_t)p.conf);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* root/PATH, its folders made. */
static void file(const char *path, const char *text)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *s = strchr(full + strlen(root) + 1, '/'); s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		(void)mkdir(full, 0755);
		*s = '/';
	}
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* One line of that level with those words, the only one since the last look. */
static void said(enum preflight_level level, const char *words)
{
	size_t first = seen;

	seen = p.n;
	for (size_t i = first; i < p.n; i++) {
		assert_int_equal(p.lines[i].fix != NULL, p.lines[i].level != PREFLIGHT_OK);
		if (p.lines[i].level == level && strstr(p.lines[i].text, words) != NULL)
			return;
	}
	fail_msg("nobody said %d \"%s\" but \"%s\"", level, words,
		p.n > first ? p.lines[p.n - 1].text : "nothing");
}

static const struct link_facts good = {.name = "eth0",
	.kind = "",
	.up = true,
	.running = true,
	.has_address = true,
	.mtu = 1500,
	.rx_channels = 4};

static void test_links(void **state)
{
	struct link_facts f = good;

	(void)state;
	judge_link(&p, &f);
	said(PREFLIGHT_OK, "eth0: up, MTU 1500, 4 receive channels");
	f.up = f.running = false;
	judge_link(&p, &f);
	said(PREFLIGHT_FAIL, "is down");
	f = good;
	f.running = false;
	judge_link(&p, &f);
	said(PREFLIGHT_WARN, "no carrier");
	f = good;
	f.has_address = false;
	judge_link(&p, &f);
	said(PREFLIGHT_FAIL, "no IPv4 address");
	f = good;
	f.mtu = 1280;
	judge_link(&p, &f);
	said(PREFLIGHT_WARN, "below 1280");
	f = good;
	f.veth = true;
	judge_link(&p, &f);
	said(PREFLIGHT_WARN, "is a veth");
}

static void test_links_of_xdp(void **state)
{
	struct link_facts f = good;

	(void)state;
	f.mtu = 9000;
	f.bond = true;
	judge_link(&p, &f); /* sockets take all of that */
	said(PREFLIGHT_OK, "MTU 9000");
	f.bond = false;
	f.driver = CONF_DRIVER_AF_XDP;
	judge_link(&p, &f);
	said(PREFLIGHT_FAIL, "do not fit a frame");
	f.driver = CONF_DRIVER_AUTO;
	f.zero_copy = true;
	judge_link(&p, &f);
	said(PREFLIGHT_WARN, "do not fit a frame");
	f = good;
	f.driver = CONF_DRIVER_AF_XDP;
	f.bond = true;
	judge_link(&p, &f);
	said(PREFLIGHT_FAIL, "is a bond");
	f = good;
	f.driver = CONF_DRIVER_AF_XDP;
	f.rx_channels = OVNET_MAX_QUEUES + 1;
	judge_link(&p, &f);
	said(PREFLIGHT_FAIL, "receive channels");
	f.rx_channels = OVNET_MAX_QUEUES;
	f.kind = "vlan";
	judge_link(&p, &f);
	said(PREFLIGHT_WARN, "generic form");
}

static void test_docker(void **state)
{
	struct ovnet_prefix4 network, own;
	struct docker_facts f = {.network = &network, .own = &own};

	(void)state;
	assert_int_equal(ovnet_prefix4_parse("172.17.0.0/16", &network), 0);
	assert_int_equal(ovnet_prefix4_parse("172.17.34.0/24", &own), 0);
	f.addr = ovnet_addr_v4(0xac112201);
	judge_docker(&p, &f);
	said(PREFLIGHT_OK, "172.17.34.1, in this node's subnet 172.17.34.0/24");
	f.addr = ovnet_addr_v4(0xac110001); /* docker's own default, walkthrough B */
	judge_docker(&p, &f);
	said(PREFLIGHT_FAIL, "172.17.0.1, which is in the overlay's network");
	f.own = NULL;
	judge_docker(&p, &f);
	said(PREFLIGHT_FAIL, "172.17.0.1");
	f.addr = ovnet_addr_v4(0x0a010101);
	judge_docker(&p, &f);
	said(PREFLIGHT_WARN, "outside of the overlay");
	f.network = NULL;
	judge_docker(&p, &f);
	said(PREFLIGHT_OK, "nothing to compare");
}

#define LINK_DEFAULT \
	"[Match]\nOriginalName=*\n\n[Link]\nNamePolicy=keep\nMACAddressPolicy=persistent\n"

static void test_link_files(void **state)
{
	char policy[32];

	(void)state;
	assert_true(link_file_policy(LINK_DEFAULT, "ovnet-uplink0", policy, sizeof(policy)));
	assert_string_equal(policy, "persistent");
	assert_true(link_file_policy("# mine\n[Match]\n OriginalName=eth* ovnet* \n[Link]\n"
				     "MACAddressPolicy=none",
		"ovnet-uplink0", policy, sizeof(policy)));
	assert_string_equal(policy, "none");
	assert_false(link_file_policy("[Match]\nOriginalName=eth*\n[Link]\nMACAddressPolicy=none\n",
		"ovnet-uplink0", policy, sizeof(policy)));
	assert_false(link_file_policy("[Match]\nOriginalName=*\nDriver=virtio_net\n[Link]\n",
		"ovnet-uplink0", policy, sizeof(policy)));
	assert_false(link_file_policy("", "ovnet-uplink0", policy, sizeof(policy)));
	assert_false(link_file_policy("[Match\n=\n[", "ovnet-uplink0", policy, sizeof(policy)));
}

static void test_udev(void **state)
{
	(void)state;
	file("/usr/lib/systemd/network/99-default.link", LINK_DEFAULT);
	check_udev(&p);
	said(PREFLIGHT_OK, "does not run");
	file("/run/udev/control", "");
	check_udev(&p);
	said(PREFLIGHT_WARN, "99-default.link (MACAddressPolicy=persistent)");
	file("/etc/systemd/network/10-ovnet.link",
		"[Match]\nOriginalName=ovnet* flannel*\n[Link]\nMACAddressPolicy=none\n");
	check_udev(&p);
	said(PREFLIGHT_OK, "alone");
	/* Of one name the first folder's. */
	file("/etc/systemd/network/10-ovnet.link", "");
	file("/usr/lib/systemd/network/10-ovnet.link",
		"[Match]\nOriginalName=ovnet*\n[Link]\nMACAddressPolicy=none\n");
	check_udev(&p);
	said(PREFLIGHT_WARN, "persistent");
}

static void test_network_manager(void **state)
{
	(void)state;
	check_network_manager(&p);
	said(PREFLIGHT_OK, "does not run");
	file("/run/NetworkManager/x", "");
	check_network_manager(&p);
	said(PREFLIGHT_WARN, "may configure ovnet0");
	file("/etc/NetworkManager/conf.d/a.conf",
		"[keyfile]\nunmanaged-devices=mac:00:11:22:33:44:55;interface-name:veth*\n");
	check_network_manager(&p);
	said(PREFLIGHT_WARN, "may configure ovnet0");
	file("/usr/lib/NetworkManager/conf.d/b.conf",
		"[keyfile]\nunmanaged-devices=type:wifi;interface-name:ovnet*");
	check_network_manager(&p);
	said(PREFLIGHT_OK, "leaves ovnet0 alone");
	assert_true(nm_leaves_alone("unmanaged-devices+=interface-name:=ovnet0\n", "ovnet0"));
	assert_true(nm_leaves_alone("unmanaged-devices=*,except:interface-name:eth0", "ovnet0"));
	assert_false(nm_leaves_alone("#unmanaged-devices=*\n", "ovnet0"));
}

static void test_sysctls(void **state)
{
	(void)state;
	file("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
	file("/proc/sys/net/ipv4/conf/eth0/rp_filter", "0\n");
	p.n_links = 1;
	snprintf(p.links[0].link.name, sizeof(p.links[0].link.name), "eth0");
	check_rp_filter(&p);
	said(PREFLIGHT_OK, "does not keep");
	p.n_links = 2;
	snprintf(p.links[1].link.name, sizeof(p.links[1].link.name), "eth1");
	file("/proc/sys/net/ipv4/conf/eth1/rp_filter", "2\n");
	check_rp_filter(&p);
	said(PREFLIGHT_WARN, "on eth0: the kernel drops tunnel packets");
	p.n_links = 1;
	p.has_netconf = p.tree.netconf.direct_routing = true;
	check_rp_filter(&p);
	said(PREFLIGHT_WARN, "what peers route to our pods");

	check_br_netfilter(&p);
	said(PREFLIGHT_OK, "not loaded; nothing here seems to need it");
	file("/var/lib/kubelet/x", "");
	check_br_netfilter(&p);
	said(PREFLIGHT_WARN, "not loaded");
	file("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
	check_br_netfilter(&p);
	said(PREFLIGHT_WARN, "is 0");
	file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
	check_br_netfilter(&p);
	said(PREFLIGHT_OK, "loaded");
}

static void test_cgroups(void **state)
{
	char path[32];
	bool unified;

	(void)state;
	assert_true(cgroup_path("0::/system.slice/x.service\n", &unified, path, sizeof(path)));
	assert_true(unified);
	assert_string_equal(path, "/system.slice/x.service");
	assert_true(cgroup_path(
		"12:cpu,cpuacct:/a\n3:hugetlb:/b\n0::/c\n", &unified, path, sizeof(path)));
	assert_false(unified);
	assert_string_equal(path, "/b");
	assert_false(cgroup_path("", &unified, path, sizeof(path)));
	assert_false(cgroup_path("no colon", &unified, path, sizeof(path)));
	assert_false(cgroup_path("0::/longer than there is room for, a path that is cut\n",
		&unified, path, sizeof(path)));
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_links),
		case_of(test_links_of_xdp),
		case_of(test_docker),
		case_of(test_link_files),
		case_of(test_udev),
		case_of(test_network_manager),
		case_of(test_sysctls),
		case_of(test_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
