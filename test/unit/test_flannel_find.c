/* SPDX-License-Identifier: BSD-3-Clause */
/* What flanneld leaves (flannel-facts 5 to 7), made by `ip` as it is there, found and taken away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bed/kernel.h"
#include "kernel/flannel_find.h"

#define MAC "16:d7:16:e4:db:7f"

/* As the network config's SubnetMin and SubnetMax. */
static bool is_leasable(void *arg, const struct ovnet_addr *base)
{
	const struct ovnet_prefix networks[] = {net("10.5.0.0/16"), net("fd05::/48")};

	(void)arg;
	return ovnet_prefix_contains(&networks[base->family == AF_INET6], base);
}

static const struct ovnet_flannel_search *search(void)
{
	static struct ovnet_flannel_search s;

	s = (struct ovnet_flannel_search){.vni = 1,
		.port = 8472,
		.network = {net("10.5.0.0/16"), net("fd05::/48")},
		.subnet_len = {24, 64},
		.leasable = is_leasable};
	return &s;
}

static struct ovnet_flannel_found found(struct lab *l)
{
	struct ovnet_flannel_found f;

	assert_int_equal(ovnet_flannel_find(l->k, search(), &f), 0);
	return f;
}

static void make_vxlan(const char *name, unsigned vni, const char *addr)
{
	sh("ip link add %s address " MAC " type vxlan id %u dev u0 local 192.168.77.1 "
	   "dstport 8472 nolearning udpcsum",
		name, vni);
	sh("ip link set %s up && ip addr add %s dev %s", name, addr, name);
}

static void make_peer(unsigned n)
{
	sh("ip neigh add 10.5.%u.0 lladdr 02:00:00:00:00:%02x dev flannel.1 nud permanent", n, n);
	sh("bridge fdb add 02:00:00:00:00:%02x dev flannel.1 dst 192.168.77.2 self permanent", n);
	sh("ip route add 10.5.%u.0/24 via 10.5.%u.0 dev flannel.1 onlink", n, n);
}

static void vxlan_is_found_whole(void **state)
{
	struct lab *l = *state;
	const struct ovnet_prefix base = net("10.5.72.0/32");
	const struct ovnet_addr local = ip("192.168.77.1");

	make_vxlan("flannel.1", 1, "10.5.72.0/32");
	make_peer(3);
	make_peer(9);
	sh("ip -6 link add flannel-v6.1 type vxlan id 1 dev u0 local fd77::1 dstport 8472 "
	   "nolearning && ip link set flannel-v6.1 up && "
	   "ip addr add fd05:0:0:48::/128 dev flannel-v6.1 nodad");
	struct ovnet_flannel_found f = found(l);
	const struct ovnet_flannel_device *d = f.layout.device;
	assert_true(ovnet_flannel_found_any(&f));
	assert_int_equal(f.layout.kind, OVNET_FLANNEL_VXLAN);
	assert_string_equal(d[0].name, "flannel.1");
	assert_string_equal(d[1].name, "flannel-v6.1");
	assert_true(ovnet_prefix_equal(&d[0].addr, &base));
	assert_memory_equal(d[0].mac.b, "\x16\xd7\x16\xe4\xdb\x7f", 6);
	assert_int_equal(d[0].vni, 1);
	assert_int_equal(d[0].port, 8472);
	assert_int_equal(d[0].lower, l->u0);
	assert_true(ovnet_addr_equal(&d[0].local, &local));
	assert_true(d[0].up);
	assert_false(d[0].ours || f.foreign || f.held);
	assert_string_equal(f.other, "");
	assert_int_equal(f.layout.n_peers, 2);
	assert_int_equal(f.n_direct, 0);
	assert_int_equal(f.neighbours, 2);
	assert_int_equal(f.entries, 2);

	ovnet_flannel_devices_loosen(l->k, &f.layout);
	sh("test $(cat /proc/sys/net/ipv4/conf/flannel.1/rp_filter) = 2");
	assert_int_equal(ovnet_flannel_devices_received(l->k, &f.layout), 0);
	assert_int_equal(ovnet_flannel_devices_down(l->k, &f.layout), 0);
	/* The port is anybody's now. */
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8472)};
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f.layout), 0);
	sh("! ip link show flannel.1 2>/dev/null && ! ip link show flannel-v6.1 2>/dev/null");
	ovnet_flannel_found_free(&f);
	f = found(l);
	assert_false(ovnet_flannel_found_any(&f));
	assert_int_equal(f.layout.kind, OVNET_FLANNEL_NONE);
	ovnet_flannel_found_free(&f);
}

/* Of a former config: other VNI. Of another network: left alone, but who has our port is told. */
static void whose_a_device_is(void **state)
{
	struct lab *l = *state;

	make_vxlan("flannel.7", 7, "10.5.72.0/32");
	struct ovnet_flannel_found f = found(l);
	assert_string_equal(f.layout.device[0].name, "flannel.7");
	assert_false(f.foreign);
	ovnet_flannel_found_free(&f);
	sh("ip link del flannel.7");

	make_vxlan("flannel.7", 7, "10.6.72.0/32");
	f = found(l);
	assert_false(ovnet_flannel_found_any(&f));
	assert_string_equal(f.other, "flannel.7");
	ovnet_flannel_found_free(&f);
	sh("ip link set flannel.7 down");
	f = found(l);
	assert_string_equal(f.other, "");
	ovnet_flannel_found_free(&f);
	sh("ip link del flannel.7");

	make_vxlan("flannel.1", 1, "10.6.72.0/32");
	sh("ip link set flannel.1 alias '" OVNET_FLANNEL_ALIAS "'");
	f = found(l);
	assert_true(f.foreign && f.layout.device[0].ours);
	assert_string_equal(f.other, "");
	ovnet_flannel_found_free(&f);
	sh("ip link del flannel.1");

	sh("ip link add flannel.x type bridge && ip addr add 10.5.72.0/32 dev flannel.x");
	f = found(l);
	assert_false(ovnet_flannel_found_any(&f));
	ovnet_flannel_found_free(&f);
	sh("ip link del flannel.x");
}

static void routes_without_a_device(void **state)
{
	struct lab *l = *state;

	sh("ip route add 10.5.3.0/24 via 192.168.77.2 dev u0");
	sh("ip -6 route add fd05:0:0:3::/64 via fd77::2 dev u0");
	/* Not as flanneld's: another protocol, no gateway, another length, elsewhere. */
	sh("ip route add 10.5.4.0/24 via 192.168.77.2 dev u0 proto static");
	sh("ip route add 10.5.5.0/24 dev u0");
	sh("ip route add 10.5.6.0/23 via 192.168.77.2 dev u0");
	sh("ip route add 10.6.3.0/24 via 192.168.77.2 dev u0");
	struct ovnet_flannel_found f = found(l);
	assert_int_equal(f.layout.kind, OVNET_FLANNEL_HOST_GW);
	assert_int_equal(f.n_direct, 2);
	assert_int_equal(f.layout.n_peers, 2);
	assert_true(f.layout.peers[0].direct);
	assert_int_equal(f.layout.peers[0].link, l->u0);
	/* Ours takes the place of one of them; it stays. */
	sh("ip route replace 10.5.3.0/24 via 192.168.77.2 dev u0 proto 111");
	assert_int_equal(ovnet_flannel_direct_remove(l->k, &f.layout), 1);
	ovnet_flannel_found_free(&f);
	sh("test $(ip route show proto 111 | wc -l) = 1");
	sh("test $(ip route | grep -c '^10[.][56][.].*u0') = 5");
	f = found(l);
	assert_int_equal(f.n_direct, 0);
	ovnet_flannel_found_free(&f);
}

/* udp's TUN goes with its process: where it has a carrier somebody has it open. */
static void a_tun_is_a_process_s(void **state)
{
	struct lab *l = *state;
	struct ifreq ifr = {.ifr_name = "flannel0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	sh("ip addr add 10.5.72.0/32 dev flannel0 && ip link set flannel0 up");
	sh("ip route add 10.5.0.0/16 dev flannel0");
	struct ovnet_flannel_found f = found(l);
	assert_int_equal(f.layout.kind, OVNET_FLANNEL_UDP);
	assert_string_equal(f.layout.device[0].name, "flannel0");
	assert_true(f.held);
	assert_int_equal(f.layout.n_peers, 1);
	ovnet_flannel_found_free(&f);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	f = found(l);
	assert_true(ovnet_flannel_found_any(&f));
	assert_false(f.held);
	assert_int_equal(ovnet_flannel_devices_remove(l->k, &f.layout), 0);
	ovnet_flannel_found_free(&f);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(vxlan_is_found_whole),
		CASE(whose_a_device_is),
		CASE(routes_without_a_device),
		CASE(a_tun_is_a_process_s),
	};
	int rc = netns_enter();

	return rc != 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}
