/* SPDX-License-Identifier: BSD-3-Clause */
/* flannel's layout, made in the real kernel, beside what flanneld itself asks the kernel for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "bed/host.h"
#include "kernel/flannel_layout.h"

#define MANY 300 /* more than four requests hold */
/* All that a device is, but for its name, index and addresses. */
#define DEVICE(dev)                                                      \
	"ip -d -j link show dev " dev                                    \
	" | jq -c '.[0] | [.flags, .mtu, .txqlen, .qdisc, .promiscuity," \
	" .inet6_addr_gen_mode, .linkinfo]'"
#define FIRST_ROUTES "ip -4 route show dev flannel.1 | head -2 | sed 's/ *$//'"

static const struct ovnet_mac our_mac = {{2, 0, 0, 0, 0, 9}};

static uint32_t index_of(struct lab *l, const char *name)
{
	struct ovnet_link link;

	assert_int_equal(ovnet_kernel_link_by_name(l->k, name, &link), 0);
	return link.ifindex;
}

static struct ovnet_flannel_peer peer_of(const char *subnet, const char *public_ip)
{
	struct ovnet_flannel_peer p = {.subnet = net(subnet), .public_ip = ip(public_ip)};

	p.mac = (struct ovnet_mac){{2, 0, 0, 0, 1, 1}};
	return p;
}

static struct ovnet_flannel_layout layout_of(struct lab *l, unsigned n)
{
	struct ovnet_flannel_layout f = {.kind = OVNET_FLANNEL_VXLAN, .n_peers = n};
	struct ovnet_flannel_device *d = &f.device[0];

	*d = (struct ovnet_flannel_device){.mtu = MTU,
		.addr = net(OWN),
		.vni = 1,
		.port = 8472,
		.lower = l->u0,
		.local = ip("10.168.0.1"),
		.mac = our_mac};
	ovnet_flannel_device_name(d->name, AF_INET, d->vni);
	assert_string_equal(d->name, "flannel.1");
	f.peers = calloc(n, sizeof(*f.peers));
	assert_non_null(f.peers);
	for (unsigned i = 0; i < n; i++) {
		f.peers[i] = peer_of("10.6.0.0/24", "10.168.0.1");
		f.peers[i].subnet.v4.addr_host += i << 8;
		f.peers[i].public_ip = ovnet_addr_v4(0x0aa80002 + i);
		f.peers[i].mac.b[4] = (uint8_t)(i >> 8);
		f.peers[i].mac.b[5] = (uint8_t)i;
	}
	return f;
}

/* By the words flanneld's netlink library has for them, in `ip`'s language. */
static void make_flannels(const char *name, const char *local, const char *base, unsigned mtu)
{
	sh("ip link add %s address 02:00:00:00:00:09 mtu %u txqueuelen 0 type vxlan id 7 dev u0 "
	   "local %s dstport 8473 nolearning",
		name, mtu, local);
	sh("echo 0 > /proc/sys/net/ipv6/conf/%s/accept_ra", name);
	sh("ip addr add %s dev %s && ip link set %s up", base, name, name);
}

static void text_of(const char *cmd, char *text, size_t size)
{
	FILE *f = popen(cmd, "r");

	assert_non_null(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	pclose(f);
}

static void is_as_flannels(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct ovnet_prefix v6 = net("fd05:0:0:3a::/64");
	char want[2048];

	sh("ip -6 addr add fd00:168::1/64 dev u0 nodad && ip link set ovnet0 up");
	assert_int_equal(ovnet_host_route_set(l->k, dev, &v6), 0);
	struct ovnet_flannel_layout f = layout_of(l, 1);
	f.device[1] = f.device[0];
	ovnet_flannel_device_name(f.device[1].name, AF_INET6, 1);
	f.device[1].addr = net("fd05:0:0:9::/64");
	f.device[1].local = ip("fd00:168::1");
	f.peers = realloc(f.peers, 2 * sizeof(*f.peers));
	assert_non_null(f.peers);
	f.peers[f.n_peers++] = peer_of("fd05:0:0:3a::/64", "fd00:168::2");
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), 0);
	assert_int_equal(f.refused, 0);
	make_flannels("fl4", "10.168.0.1", "10.9.9.0/32", MTU);
	make_flannels("fl6", "fd00:168::1", "fd09::/128", 1430);
	text_of(DEVICE("fl4") " | sed s/8473/8472/ | sed 's/\"id\":7/\"id\":1/'", want,
		sizeof(want));
	assert_non_null(strstr(want, "vxlan"));
	prints(DEVICE("flannel.1"), want);
	text_of(DEVICE("fl6") " | sed s/8473/8472/ | sed 's/\"id\":7/\"id\":1/'", want,
		sizeof(want));
	assert_non_null(strstr(want, "vxlan"));
	prints(DEVICE("flannel-v6.1"), want);
	prints("cat /proc/sys/net/ipv6/conf/flannel*/accept_ra", "0\n0\n");
	prints("ip -j link show dev flannel.1 | jq -r '.[0].address'", "02:00:00:00:00:09\n");
	prints("ip -o -4 addr show dev flannel.1 | awk '{print $4}'", "10.5.9.0/32\n");
	prints("ip -o -6 addr show dev flannel-v6.1 scope global | awk '{print $4}'",
		"fd05:0:0:9::/128\n");
	prints("ip -4 route show dev flannel.1 | sed 's/ *$//'",
		"10.6.0.0/24 via 10.6.0.0 onlink\n");
	prints("ip -6 route show dev flannel-v6.1 | grep onlink",
		"fd05:0:0:3a::/64 via fd05:0:0:3a:: metric 1024 onlink pref medium\n");
	prints("ip neigh show dev flannel.1 | sed 's/ *$//'",
		"10.6.0.0 lladdr 02:00:00:00:00:00 PERMANENT\n");
	prints("ip -6 neigh show dev flannel-v6.1 | sed 's/ *$//'",
		"fd05:0:0:3a:: lladdr 02:00:00:00:01:01 PERMANENT\n");
	prints("bridge fdb show dev flannel.1",
		"02:00:00:00:00:00 dst 10.168.0.2 self permanent\n");
	prints("bridge fdb show dev flannel-v6.1",
		"02:00:00:00:01:01 dst fd00:168::2 self permanent\n");
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f), 0);
	prints("ip -o link | grep -c flannel", "0\n");
	ovnet_flannel_layout_free(&f);
	sh("ip link del fl4 && ip link del fl6");
}

static int hold_port(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What takes time comes before the port is free, and routes of ovnet's own are replaced. */
static void in_steps_beside_ovnets(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct ovnet_flannel_layout f = layout_of(l, MANY);
	int fd = hold_port(8472);

	assert_int_equal(lab_host_set_up(l, dev), 0);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(ovnet_host_route_set(l->k, dev, &f.peers[i].subnet), 0);
	assert_int_equal(ovnet_flannel_devices_make(l->k, &f), 0);
	for (unsigned i = 0; i <= MANY; i += 100) /* the last one is beyond the end */
		ovnet_flannel_peers_set(l->k, &f, i, 100);
	assert_int_equal(ovnet_flannel_devices_up(l->k, &f), -EADDRINUSE);
	prints("ip -4 route show dev ovnet0 | grep -c onlink", "300\n");
	close(fd);
	assert_int_equal(ovnet_flannel_devices_up(l->k, &f), 0);
	prints("ip neigh show dev flannel.1 nud permanent | wc -l", "300\n");
	prints("bridge fdb show dev flannel.1 | wc -l", "300\n");
	for (unsigned i = 0; i < MANY; i += 256)
		ovnet_flannel_routes_set(l->k, &f, i, 256);
	assert_int_equal(f.refused, 0);
	prints("ip -4 route show dev ovnet0 | grep -c onlink", "0\n");
	prints("ip -4 route show dev flannel.1 | grep -c onlink", "300\n");
	prints(FIRST_ROUTES, "10.6.0.0/24 via 10.6.0.0 onlink\n10.6.1.0/24 via 10.6.1.0 onlink\n");
	/* What is taken away is ovnet's, of this one device, and nothing of this. */
	assert_int_equal(lab_host_set_up(l, add_tun(l, "ovnet1")), 0);
	assert_int_equal(ovnet_kernel_take_away("ovnet0", NULL, NULL), 2);
	prints("ip -o link | grep -o ' ovnet[01]:'", " ovnet1:\n");
	assert_int_equal(ovnet_kernel_cleanup(false, NULL, NULL), 1);
	prints("ip -4 route show dev flannel.1 | grep -c onlink", "300\n");
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f), 0);
	ovnet_flannel_layout_free(&f);
}

/* They differ in their scope, which means nothing to who forwards by them or replaces them. */
static void very_many(void **state)
{
	struct lab *l = *state;
	struct ovnet_flannel_layout f = layout_of(l, 1100);

	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), 0);
	assert_int_equal(f.refused, 0);
	prints("ip -4 route show dev flannel.1 | grep -c 'via .* onlink'", "1100\n");
	prints("ip -4 route show dev flannel.1 | grep -c 'scope 7 '", "6\n");
	prints("ip route get 10.6.7.9 | head -1 | sed 's/ uid.*//; s/ *$//'",
		"10.6.7.9 via 10.6.7.0 dev flannel.1 src 10.5.9.0\n");
	sh("ip route replace 10.6.7.0/24 via 10.6.7.0 dev flannel.1 onlink");
	prints("ip route show 10.6.7.0/24 | sed 's/ *$//'",
		"10.6.7.0/24 via 10.6.7.0 dev flannel.1 onlink\n");
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f), 0);
	ovnet_flannel_layout_free(&f);
}

static void all_or_nothing(void **state)
{
	struct lab *l = *state;
	struct ovnet_flannel_layout f = layout_of(l, 2);
	int fd = hold_port(8472);

	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), -EADDRINUSE);
	prints("ip -o link | grep -c flannel", "0\n");
	close(fd);
	/* A former attempt's is in nobody's way. */
	assert_int_equal(ovnet_flannel_devices_make(l->k, &f), 0);
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), 0);
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), -EEXIST); /* it is up */
	f.device[0].ifindex = index_of(l, "flannel.1");
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f), 0);
	sh("ip link add flannel.1 type bridge");
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), -EEXIST);
	prints("ip -o link show dev flannel.1 | wc -l", "1\n");
	sh("ip link del flannel.1");
	ovnet_flannel_layout_free(&f);
}

static void by_routes_alone(void **state)
{
	struct lab *l = *state;
	struct ovnet_flannel_layout f = layout_of(l, 3);

	sh("ip addr add 10.168.0.1/24 dev u0");
	f.kind = OVNET_FLANNEL_HOST_GW;
	f.device[0] = (struct ovnet_flannel_device){0};
	for (unsigned i = 0; i < 3; i++)
		f.peers[i].direct = true;
	f.peers[0].link = l->u0;
	f.peers[2].public_ip = ip("192.0.2.9"); /* not on this link */
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), 0);
	prints("ip -4 route show dev u0 | grep via | sed 's/ *$//'",
		"10.6.0.0/24 via 10.168.0.2\n10.6.1.0/24 via 10.168.0.3\n");
	assert_int_equal(f.refused, 1);
	sh("ip route del 10.6.0.0/24 && ip route del 10.6.1.0/24");
	ovnet_flannel_layout_free(&f);
}

static void hostile_leases_are_left_out(void **state)
{
	struct lab *l = *state;
	struct ovnet_flannel_layout f = layout_of(l, 8);

	f.peers[0].subnet = (struct ovnet_prefix){AF_INET, .v4 = {0, 0}};
	f.peers[1].subnet = net("127.0.0.0/8");
	f.peers[2].subnet = (struct ovnet_prefix){AF_INET, .v4 = {0x0a060201, 24}};
	f.peers[3].public_ip = ip("255.255.255.255");
	f.peers[4].mac = (struct ovnet_mac){{1, 0, 0x5e, 0, 0, 1}};
	f.peers[5].mac = (struct ovnet_mac){0};
	f.peers[6] = peer_of("fd05:0:0:3a::/64", "fd00:168::2"); /* and no device for it */
	assert_int_equal(ovnet_flannel_layout_build(l->k, &f), 0);
	assert_int_equal(f.refused, 7);
	prints("ip -4 route show dev flannel.1 | sed 's/ *$//'",
		"10.6.7.0/24 via 10.6.7.0 onlink\n");
	prints("ip neigh show dev flannel.1 | wc -l", "1\n");
	prints("bridge fdb show dev flannel.1 | wc -l", "1\n");
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f), 0);
	ovnet_flannel_layout_free(&f);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(is_as_flannels),
		CASE(in_steps_beside_ovnets),
		CASE(very_many),
		CASE(all_or_nothing),
		CASE(by_routes_alone),
		CASE(hostile_leases_are_left_out),
	};
	int skip = netns_enter();

	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		printf("SKIP: no /dev/net/tun\n");
		return 77;
	}
	return skip != 0 ? skip : cmocka_run_group_tests_name("flannel_layout", tests, NULL, NULL);
}
