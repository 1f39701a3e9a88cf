/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "encap/rewrite.h"

void lane_go(const struct lane_bed *b, bool far)
{
	assert_int_equal(setns(far ? b->away : b->home, CLONE_NEWNET), 0);
}

struct ovnet_prefix4 lane_prefix(const char *text)
{
	struct ovnet_prefix4 p;

	assert_int_equal(ovnet_prefix4_parse(text, &p), 0);
	return p;
}

uint32_t lane_addr_be(const char *text)
{
	return ip(text).v4_be;
}

static struct ovnet_mac mac(const char *text)
{
	struct ovnet_mac m;

	assert_int_equal(ovnet_mac_parse(text, &m), 0);
	return m;
}

struct ovnet_lane_stats lane_stats(const struct lane_bed *b)
{
	struct ovnet_lane_stats s;

	ovnet_lane_stats(b->lane, &s);
	return s;
}

struct ovnet_lane_counters lane_counts(const struct lane_bed *b)
{
	struct ovnet_lane_counters c;

	ovnet_lane_peer_counters(b->lane, LANE_ID, &c);
	return c;
}

size_t lane_read(int fd, uint8_t *at, size_t size, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, timeout_ms) != 1)
		return 0;
	ssize_t n = read(fd, at, size);
	return n > 0 ? (size_t)n : 0;
}

void lane_drain(int fd)
{
	static uint8_t buf[70000];

	while (lane_read(fd, buf, sizeof(buf), 0) > 0)
		;
}

static int open_tun(void)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, "ovnet0");
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	assert_int_equal(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), 0);
	return fd;
}

static int open_wire(const struct lane_bed *b)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	const int one = 1;

	lane_go(b, true);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	at.sll_ifindex = (int)if_nametoindex("p0");
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	lane_go(b, false);
	return fd;
}

static int open_socket(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(LANE_OVERLAY)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = lane_addr_be(LANE_OWN_NODE);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int open_ns(const char *fmt, int pid)
{
	char path[64];

	snprintf(path, sizeof(path), fmt, pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Nobody says anything that was not asked for: no IPv6, no ARP. */
static void own_side(struct lane_bed *b)
{
	b->tun = open_tun();
	sh("sysctl -qw net.ipv6.conf.u0.disable_ipv6=1 net.ipv6.conf.ovnet0.disable_ipv6=1");
	sh("ip link set u0 address 02:00:00:00:77:01");
	sh("ip addr add 10.5.1.0/32 dev ovnet0 && ip link set ovnet0 mtu %d up", LANE_MTU);
	sh("ip addr add " LANE_OWN
	   "/32 dev lo && ip route add 10.5.0.0/16 dev ovnet0 src " LANE_OWN);
	sh("ip neigh replace " LANE_FAR_NODE " lladdr 02:00:00:00:77:02 dev u0 nud permanent");
	b->host = if_nametoindex("ovnet0");
	b->socket = open_socket();
}

void lane_far_device(struct lane_bed *b, const char *csum)
{
	lane_go(b, true);
	(void)try_sh("ip link del fl1 2>/dev/null");
	sh("ip link add fl1 address " LANE_FAR_MAC " mtu %d type vxlan id %d local " LANE_FAR_NODE
	   " dev p0 dstport %d nolearning %s",
		LANE_MTU, LANE_VNI, LANE_OVERLAY, csum);
	sh("ip link set fl1 up && ip addr add 10.5.2.0/32 dev fl1");
	sh("ip route add 10.5.1.0/24 via 10.5.1.0 dev fl1 onlink src " LANE_FAR);
	sh("ip neigh add 10.5.1.0 lladdr " LANE_OWN_MAC " dev fl1 nud permanent");
	sh("bridge fdb add " LANE_OWN_MAC " dev fl1 dst " LANE_OWN_NODE);
	lane_go(b, false);
}

static void far_side(struct lane_bed *b)
{
	lane_go(b, true);
	sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
	sh("ip link set lo up && ip addr add " LANE_FAR "/32 dev lo");
	sh("ip neigh replace " LANE_OWN_NODE " lladdr 02:00:00:00:77:01 dev p0 nud permanent");
	lane_go(b, false);
	lane_far_device(b, "udpcsum");
}

static void describe(struct lane_bed *b)
{
	const struct ovnet_tunnel_conf tunnel = {.src = ip(LANE_OWN_NODE),
		.dst = ip(LANE_FAR_NODE),
		.udp_port = LANE_OVERLAY,
		.outer = {.ttl = 64},
		.vni = LANE_VNI,
		.inner_src = mac(LANE_OWN_MAC),
		.inner_dst = mac(LANE_FAR_MAC)};
	struct ovnet_rewrite rw;

	ovnet_vxlan4_build(&rw, &tunnel, AF_INET);
	b->conf = (struct ovnet_lane_conf){.host_ifindex = b->host,
		.udp_port = LANE_OVERLAY,
		.src_port_min = LANE_PORTS_MIN,
		.src_port_max = LANE_PORTS_MAX,
		.vni = LANE_VNI,
		.vtep_mac = mac(LANE_OWN_MAC)};
	b->peer = (struct ovnet_lane_peer){.subnet = lane_prefix("10.5.2.0/24"),
		.public_be = lane_addr_be(LANE_FAR_NODE),
		.mtu = LANE_MTU,
		.ifindex = b->lab->u0,
		.next_hop_be = lane_addr_be(LANE_FAR_NODE),
		.id = LANE_ID};
	memcpy(b->peer.head, rw.bytes, sizeof(b->peer.head));
}

static void fill(struct lane_bed *b)
{
	const struct ovnet_prefix4 own = lane_prefix("10.5.1.0/24");
	const uint32_t node = lane_addr_be(LANE_OWN_NODE);
	const uint8_t eth[14] = {2, 0, 0, 0, 0x77, 2, 2, 0, 0, 0, 0x77, 1, 8, 0};

	assert_int_equal(ovnet_lane_set_host(b->lane, &own), 0);
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	assert_int_equal(ovnet_lane_set_addresses(b->lane, &node, 1), 0);
	assert_int_equal(ovnet_lane_set_next_hop(b->lane, b->lab->u0, b->peer.next_hop_be, eth), 0);
	assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), 0);
	ovnet_lane_enable(b->lane, true, true);
}

int lane_bed_open(struct lane_bed *b)
{
	int err = ovnet_lane_open(&b->conf, &b->lane);

	if (err == 0)
		fill(b);
	return err;
}

int lane_bed_up_closed(void **state)
{
	struct lane_bed *b = calloc(1, sizeof(*b));
	void *lab;

	assert_non_null(b);
	assert_int_equal(lab_setup(&lab), 0);
	b->lab = lab;
	b->home = open_ns("/proc/%d/ns/net", (int)getpid());
	b->away = open_ns("/proc/%d/ns/net", (int)b->lab->peer);
	own_side(b);
	far_side(b);
	b->wire = open_wire(b);
	describe(b);
	*state = b;
	return 0;
}

int lane_bed_up(void **state)
{
	lane_bed_up_closed(state);
	assert_int_equal(lane_bed_open(*state), 0);
	return 0;
}

int lane_bed_down(void **state)
{
	struct lane_bed *b = *state;
	void *lab = b->lab;

	lane_go(b, false); /* where a failed case left us */
	ovnet_lane_close(b->lane);
	close(b->tun);
	close(b->socket);
	close(b->wire);
	(void)try_sh("ip addr del " LANE_OWN "/32 dev lo; ip link del ovnet-lane 2>/dev/null");
	close(b->away);
	close(b->home);
	free(b);
	return lab_teardown(&lab);
}

static struct sockaddr_in address(const char *text)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {lane_addr_be(text)}};
}

void lane_connect(struct lane_bed *b, bool from_far, int *from, int *to)
{
	struct sockaddr_in at = address(from_far ? LANE_OWN : LANE_FAR),
			   src = address(from_far ? LANE_FAR : LANE_OWN);
	const struct timeval patience = {.tv_sec = 10};
	socklen_t len = sizeof(at);

	lane_go(b, !from_far);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&at, &len), 0);
	lane_go(b, from_far);
	*from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*from, (struct sockaddr *)&src, sizeof(src)), 0);
	setsockopt(*from, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(*from, (struct sockaddr *)&at, sizeof(at)), 0);
	lane_go(b, false);
	*to = accept(server, NULL, NULL);
	assert_true(*to >= 0);
	close(server);
}

static void reset(int fd)
{
	const struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

void lane_abort(int from, int to)
{
	reset(from);
	reset(to);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) + (i >> 16));
}

static void fill_bytes(uint8_t *data, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(from + i);
}

static void compare_bytes(const uint8_t *data, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] != byte_at(from + i))
			fail_msg("byte %zu is another one", from + i);
}

static size_t send_some(int fd, size_t from, size_t total)
{
	uint8_t data[65536];
	size_t n = total - from < sizeof(data) ? total - from : sizeof(data);

	fill_bytes(data, from, n);
	ssize_t sent = send(fd, data, n, MSG_DONTWAIT);
	assert_true(sent >= 0 || errno == EAGAIN);
	return sent > 0 ? (size_t)sent : 0;
}

static size_t take_some(int fd, size_t from)
{
	uint8_t data[65536];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 10000), 1);
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	assert_true(n > 0);
	compare_bytes(data, from, (size_t)n);
	return (size_t)n;
}

void lane_tcp(struct lane_bed *b, bool from_far, size_t total)
{
	size_t sent = 0, taken = 0;
	int from, to;

	lane_connect(b, from_far, &from, &to);
	while (taken < total) {
		if (sent < total)
			sent += send_some(from, sent, total);
		if (taken < sent)
			taken += take_some(to, taken);
	}
	assert_int_equal(taken, total);
	close(from);
	close(to);
}

int lane_udp_send(struct lane_bed *b, bool from_far, unsigned n, uint16_t size)
{
	struct sockaddr_in at = address(from_far ? LANE_OWN : LANE_FAR),
			   src = address(from_far ? LANE_FAR : LANE_OWN);
	const int segment = size;
	uint8_t data[65000];
	socklen_t len = sizeof(at);

	assert_true(n * size <= sizeof(data));
	fill_bytes(data, 0, n * size);
	lane_go(b, !from_far);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(to, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(to, (struct sockaddr *)&at, &len), 0);
	lane_go(b, from_far);
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(from, (struct sockaddr *)&src, sizeof(src)), 0);
	assert_int_equal(setsockopt(from, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	assert_int_equal(
		sendto(from, data, n * size, 0, (struct sockaddr *)&at, sizeof(at)), n * size);
	close(from);
	lane_go(b, false);
	return to;
}

void lane_udp(struct lane_bed *b, bool from_far, unsigned n, uint16_t size)
{
	int to = lane_udp_send(b, from_far, n, size);

	for (unsigned i = 0; i < n; i++) {
		uint8_t data[65536];
		struct pollfd p = {.fd = to, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_int_equal(recv(to, data, sizeof(data), MSG_DONTWAIT), size);
		compare_bytes(data, (size_t)i * size, size);
	}
	close(to);
}
