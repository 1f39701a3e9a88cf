/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/tun_pair.h"

#include <fcntl.h>
#include <sched.h>

#include "packet/gso.h"

struct tun_pair tun_pair;

static struct ovnet_port *open_one(const struct ovnet_driver *driver, const char *name, uint16_t id)
{
	int err;
	const struct ovnet_port_conf conf = {.name = name,
		.role = OVNET_PORT_HOST,
		.iface = name,
		.queues = 1,
		.mtu = TUN_PAIR_MTU,
		.pool = lab_pool,
		.offloads = true};
	struct ovnet_port *port = ovnet_port_open(driver, id, &conf, &err);

	assert_non_null(port);
	return port;
}

void tun_pair_go_to(bool far)
{
	char path[64];
	int fd = tun_pair.home;

	if (far) {
		snprintf(path, sizeof(path), "/proc/%s/ns/net", tun_pair.pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	assert_true(fd >= 0);
	assert_int_equal(setns(fd, CLONE_NEWNET), 0);
	if (far)
		close(fd);
}

static void set_address(
	const char *dev, const char *own, const char *own6, const char *other, const char *other6)
{
	char key[80];

	lab("ip", "link", "set", "dev", dev, "up");
	lab("ip", "addr", "add", own, "peer", other, "dev", dev);
	lab("ip", "addr", "add", own6, "peer", other6, "dev", dev, "nodad");
	lab("sysctl", "-qw", "net.ipv4.tcp_ecn=1");
	snprintf(key, sizeof(key), "net.ipv6.conf.%s.accept_ra=0", dev);
	lab("sysctl", "-qw", key);
}

void tun_pair_begin(const struct ovnet_driver *driver)
{
	tun_pair = (struct tun_pair){.link = driver == &ovnet_driver_tap ? 14 : 0};
	tun_pair.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(tun_pair.home >= 0);
	tun_pair.near = open_one(driver, "near0", 5);
	tun_pair.far = open_one(driver, "far0", 6);
	tun_pair.container = lab_container("far0", tun_pair.pid, sizeof(tun_pair.pid));
	set_address("near0", TUN_PAIR_NEAR, TUN_PAIR_NEAR6, TUN_PAIR_FAR, TUN_PAIR_FAR6);
	tun_pair_go_to(true);
	set_address("far0", TUN_PAIR_FAR, TUN_PAIR_FAR6, TUN_PAIR_NEAR, TUN_PAIR_NEAR6);
	tun_pair_go_to(false);
}

int tun_pair_clean_up(void **state)
{
	(void)state;
	if (tun_pair.home <= 0)
		return 0;
	tun_pair_go_to(false);
	ovnet_port_close(tun_pair.near);
	ovnet_port_close(tun_pair.far);
	if (tun_pair.container > 0)
		lab_container_end(tun_pair.container);
	if (if_nametoindex("near0") != 0)
		lab("ip", "link", "delete", "near0");
	close(tun_pair.home);
	tun_pair = (struct tun_pair){0};
	return 0;
}

void tun_pair_end(void)
{
	tun_pair_clean_up(NULL);
	lab_no_leak();
}

static unsigned headers(const struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->csum_start);

	return meta->csum_start + (meta->offload & OVNET_OFF_USO ? 8u : (l4[12] >> 4) * 4u);
}

/* As ovnet_gso_cut wants it: one buffer for each segment, with headroom. */
static bool has_landed(struct rte_mbuf *m)
{
	const uint16_t size = ovnet_meta(m)->gso_size;
	uint32_t left = m->pkt_len;
	uint32_t want = RTE_MIN(left, headers(m) + size);

	for (const struct rte_mbuf *s = m; s != NULL; s = s->next) {
		if (s->data_len != want || (s != m && s->data_off < OVNET_CUT_HEADROOM))
			return false;
		left -= want;
		want = RTE_MIN(left, (uint32_t)size);
	}
	return left == 0;
}

static void mark(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, tun_pair.link);

	if (ip[0] >> 4 != 4 || (ip[1] & 3) == 0)
		return;
	ip[1] |= 3;
	memset(ip + 10, 0, 2);
	const uint16_t sum = lab_sum(ip, (ip[0] & 15) * 4u);
	memcpy(ip + 10, &sum, 2);
}

static void look_at(struct rte_mbuf *m)
{
	struct tun_way *w = &tun_pair.way;
	const struct ovnet_meta *meta = ovnet_meta(m);

	w->packets++;
	if ((meta->offload & OVNET_OFF_GSO) == 0) {
		assert_true(m->pkt_len <= (uint32_t)TUN_PAIR_MTU + tun_pair.link);
		assert_int_equal(m->nb_segs, 1);
		return;
	}
	assert_true(meta->offload & OVNET_OFF_CSUM);
	assert_true(headers(m) + meta->gso_size <= (uint32_t)TUN_PAIR_MTU + tun_pair.link);
	w->whole++;
	w->landed += has_landed(m);
	w->largest = RTE_MAX(w->largest, m->pkt_len);
	if ((meta->offload & OVNET_OFF_USO) == 0 &&
		rte_pktmbuf_mtod(m, uint8_t *)[meta->csum_start + 13] & 0x80)
		w->with_cwr++;
	if (w->mark && m->pkt_len > 10000) {
		w->mark = false;
		mark(m);
	}
}

static void send_all(struct ovnet_port *to, struct rte_mbuf **pkts, uint16_t n)
{
	assert_int_equal(to->driver->tx(to->queue[0], pkts, n), n);
}

static void send_cut(struct ovnet_port *to, struct rte_mbuf *m)
{
	struct rte_mbuf *out[OVNET_BURST];
	struct ovnet_gso_cut cut;
	uint16_t n;

	ovnet_meta(m)->l3_len = (uint16_t)(m->pkt_len - tun_pair.link);
	assert_int_equal(ovnet_gso_check(m, tun_pair.link), 0);
	if ((ovnet_meta(m)->offload & OVNET_OFF_GSO) == 0) {
		send_all(to, &m, 1);
		return;
	}
	ovnet_gso_begin(&cut, m, tun_pair.link);
	while ((n = ovnet_gso_next(&cut, out, OVNET_BURST)) > 0)
		send_all(to, out, n);
	assert_null(cut.rest);
}

static unsigned relay_one_way(struct ovnet_port *from, struct ovnet_port *to)
{
	struct rte_mbuf *pkts[OVNET_BURST];
	const uint16_t n = from->driver->rx(from->queue[0], pkts, OVNET_BURST);

	for (uint16_t i = 0; i < n; i++) {
		if (from == tun_pair.near)
			look_at(pkts[i]);
		if (tun_pair.way.cut && ovnet_meta(pkts[i])->offload & OVNET_OFF_GSO)
			send_cut(to, pkts[i]);
		else
			send_all(to, &pkts[i], 1);
	}
	return n;
}

unsigned tun_pair_relay(void)
{
	return relay_one_way(tun_pair.near, tun_pair.far) +
	       relay_one_way(tun_pair.far, tun_pair.near);
}

void tun_pair_relay_until_readable(int fd)
{
	for (unsigned i = 0; i < 10000 && !lab_readable(fd, 0); i++)
		if (tun_pair_relay() == 0)
			usleep(1000);
	assert_true(lab_readable(fd, 0));
}
