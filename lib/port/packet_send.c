/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No PACKET_QDISC_BYPASS: it would hide what ovnet sends from tcpdump and from the traffic
 * control of the operator's own interface, for less than the system call costs.
 */
#include "port/packet_send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <rte_udp.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/virtio_compat.h"

OVNET_LOG_TYPE(port)

/*
 * Full packets on their way through the interface's queue and ring, some 1,800: 2 ms at 10 Gbit/s.
 * With the preset there is room for 92, hardly more than a burst.
 */
#define SNDBUF (2 << 20)

#define PROBE_FRAME 42 /* Ethernet, IPv4, UDP */

static_assert(OVNET_PACKET_SEND_IOVS > OVNET_DRIVER_SEGS + 1,
	"the largest chain must fit an empty batch");
static_assert(OVNET_BURST <= UINT8_MAX, "frames of one message");

int ovnet_packet_set(int fd, const char *iface, int option, int value)
{
	if (setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) == 0)
		return 0;
	int err = -errno;
	LOG(ERR, "interface '%s': packet socket option %d: %s", iface, option, strerror(-err));
	return err;
}

int ovnet_packet_socket(const struct ovnet_port *port, const char *iface)
{
	const int sndbuf = SNDBUF;
	/* Protocol 0: deaf until it is bound. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		int err = -errno;
		LOG(ERR, "port '%s': packet socket: %s%s", port->name, strerror(-err),
			err == -EPERM ? " (CAP_NET_RAW is needed)" : "");
		return err;
	}
	int err = ovnet_packet_set(fd, iface, PACKET_VNET_HDR, 1);
	if (err < 0) {
		close(fd);
		return err;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) < 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)) < 0)
		LOG(WARN, "interface '%s': small send buffer stays: %m", iface);
	return fd;
}

int ovnet_packet_bind(int fd, const struct ovnet_port *port, const char *iface, uint16_t protocol)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)port->ifindex,
	};

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return 0;
	int err = -errno;
	LOG(ERR, "interface '%s': cannot bind a packet socket: %s", iface, strerror(-err));
	return err;
}

void ovnet_packet_send_init(struct ovnet_packet_send *s, int fd, const struct ovnet_port *port,
	enum ovnet_packet_runs runs)
{
	static const uint16_t types[] = {ETH_P_IP, ETH_P_IPV6};

	s->fd = fd;
	for (unsigned i = 0; i < 2; i++)
		s->to[i] = (struct sockaddr_ll){
			.sll_family = AF_PACKET,
			.sll_protocol = htons(types[i]),
			.sll_ifindex = (int)port->ifindex,
		};
	atomic_store_explicit(&s->mtu, port->mtu, memory_order_relaxed);
	atomic_store_explicit(&s->runs, runs, memory_order_relaxed);
}

enum ovnet_packet_runs ovnet_packet_probe(void)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("lo")};
	struct {
		struct virtio_net_hdr vnet;
		uint8_t frame[PROBE_FRAME + 2];
	} at = {{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
			.hdr_len = PROBE_FRAME,
			.gso_size = 1,
			.csum_start = PROBE_FRAME - sizeof(struct rte_udp_hdr),
			.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum)},
		{2, [12] = ETH_P_IP >> 8, [14] = 0x45, [17] = PROBE_FRAME + 2 - ETH_HLEN, [22] = 1,
			[23] = IPPROTO_UDP, [26] = 127, [29] = 1, [30] = 127, [33] = 1,
			[39] = sizeof(struct rte_udp_hdr) + 2}};
	const int one = 1;
	enum ovnet_packet_runs runs = OVNET_RUNS_UNKNOWN;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return runs;
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) == 0) {
		if (sendto(fd, &at, sizeof(at), 0, (const struct sockaddr *)&to, sizeof(to)) > 0)
			runs = OVNET_RUNS_WORK;
		else if (errno == EINVAL)
			runs = OVNET_RUNS_OFF;
	}
	close(fd);
	return runs;
}

/* One frame as it is; how many iovecs, 0: they do not fit. */
static unsigned put_frame(struct ovnet_packet_send *s, unsigned i, struct iovec *iov, unsigned room,
	struct rte_mbuf *m)
{
	if (room < 2)
		return 0;
	unsigned segs = ovnet_driver_iov(iov + 1, RTE_MIN(room - 1, OVNET_DRIVER_SEGS + 0u), m);

	s->vnet[i] = (struct virtio_net_hdr){0};
	s->frames[i] = 1;
	iov[0] = (struct iovec){&s->vnet[i], sizeof(s->vnet[i])};
	return segs > 0 ? segs + 1 : 0;
}

/* The same for several: one header, then the payload of each. */
static unsigned put_run(struct ovnet_packet_send *s, unsigned i, struct iovec *iov, unsigned room,
	struct rte_mbuf **pkts, struct ovnet_udp_run *run, uint8_t *head)
{
	unsigned n = 2, f;

	run->len = 0;
	for (f = 0; f < run->frames && n < room; f++) {
		unsigned segs = ovnet_driver_iov(iov + n, room - n, pkts[f]);
		if (segs == 0)
			break;
		iov[n].iov_base = (char *)iov[n].iov_base + run->head;
		iov[n].iov_len -= run->head;
		n += segs;
		run->len = (uint16_t)(run->len + pkts[f]->pkt_len - run->head);
	}
	if (f < 2)
		return 0;
	run->frames = (uint16_t)f;
	ovnet_udp_run_head(head, run, pkts[0]);
	s->vnet[i] = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.hdr_len = run->head,
		.gso_size = run->size,
		.csum_start = (uint16_t)(run->head - sizeof(struct rte_udp_hdr)),
		.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum),
	};
	s->frames[i] = (uint8_t)f;
	iov[0] = (struct iovec){&s->vnet[i], sizeof(s->vnet[i])};
	iov[1] = (struct iovec){head, run->head};
	return n;
}

static void *destination(struct ovnet_packet_send *s, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return &s->to[m->data_len >= ETH_HLEN && frame[12] == (ETH_P_IPV6 >> 8) &&
		      frame[13] == (ETH_P_IPV6 & 0xff)];
}

/*
 * Builds messages for a prefix of pkts, at least for one packet unless that has too many segments;
 * those before `alone` each by itself.
 */
static unsigned build(
	struct ovnet_packet_send *s, struct rte_mbuf **pkts, unsigned n, unsigned alone)
{
	const uint16_t mtu = atomic_load_explicit(&s->mtu, memory_order_relaxed);
	const bool runs = atomic_load_explicit(&s->runs, memory_order_relaxed) != OVNET_RUNS_OFF;
	unsigned iov = 0, i, heads = 0, done = 0;

	for (i = 0; done < n; i++) {
		struct iovec *at = &s->iov[iov];
		unsigned room = OVNET_PACKET_SEND_IOVS - iov, used = 0;
		struct ovnet_udp_run run = {.frames = 1};
		if (runs && done >= alone)
			run = ovnet_udp_run(pkts + done, n - done, mtu);
		if (run.frames > 1)
			used = put_run(s, i, at, room, pkts + done, &run, s->head[heads]);
		if (used > 0)
			heads++;
		else
			used = put_frame(s, i, at, room, pkts[done]);
		if (used == 0)
			break;
		s->msg[i].msg_hdr = (struct msghdr){.msg_name = destination(s, pkts[done]),
			.msg_namelen = sizeof(s->to[0]),
			.msg_iov = at,
			.msg_iovlen = used};
		iov += used;
		done += s->frames[i];
	}
	return i;
}

/* An interface that went down leaves an error on the socket, even after it is up again. */
static bool had_old_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0;
}

static void learn(struct ovnet_packet_send *s, bool cut, int error)
{
	if (!cut || atomic_load_explicit(&s->runs, memory_order_relaxed) != OVNET_RUNS_UNKNOWN)
		return;
	if (error == 0)
		atomic_store_explicit(&s->runs, OVNET_RUNS_WORK, memory_order_relaxed);
	else if (error == EINVAL)
		atomic_store_explicit(&s->runs, OVNET_RUNS_OFF, memory_order_relaxed);
}

uint16_t ovnet_packet_send(
	struct ovnet_packet_send *s, struct rte_mbuf **pkts, uint16_t n, enum ovnet_drop *reason)
{
	uint16_t done = 0, alone = 0;

	while (done < n) {
		unsigned left = RTE_MIN(n - done, OVNET_BURST);
		const unsigned single = alone > done ? (unsigned)(alone - done) : 0;
		unsigned ready = build(s, pkts + done, left, single);
		int sent = ready > 0 ? sendmmsg(s->fd, s->msg, ready, MSG_DONTWAIT) : -1;
		int error = sent > 0 || ready == 0 ? 0 : errno;
		learn(s, ready > 0 && s->frames[0] > 1, error);
		if (likely(sent > 0)) {
			for (int i = 0; i < sent; i++)
				done = (uint16_t)(done + s->frames[i]);
			continue;
		}
		*reason = ready > 0 ? ovnet_driver_tx_verdict(error) : OVNET_DROP_TX_REFUSED;
		if (*reason == OVNET_DROP_TX_DOWN && had_old_error(s->fd))
			continue;
		if (*reason != OVNET_DROP_TX_REFUSED || ready == 0 || s->frames[0] == 1)
			break;
		/* Whose fault it is, each has to say for itself. */
		alone = (uint16_t)(done + s->frames[0]);
	}
	return done;
}
