/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending by UDP sockets: where the kernel cuts nothing by vnet headers, or where its own IP layer
 * is to see the datagrams (IPsec, policy routing, OUTPUT rules). It makes the outer headers anew:
 * addresses, TOS, TTL and DF as the frame's, the next hop its own choice. A socket has one source
 * port, so that flows share a few; all of a flow leaves by the same one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "port/driver_int.h"
#include "port/socket_uplink.h"

#define SNDBUF (2 << 20)
#define TRIES  64 /* ports that may be taken */
#define IP4    RTE_ETHER_TYPE_IPV4

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* --- control thread --- */

/* It only sends: what somebody sends back is not to fill a queue. */
static bool deafen(int fd)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = {.len = 1, .filter = &code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

/* Spread over the range; any port where all that are tried are taken. */
static bool bind_one(int fd, bool v6, const struct ovnet_port_filter *f, unsigned number)
{
	const unsigned span = f->src_port_max - f->src_port_min + 1u;

	for (unsigned i = 0; f->src_port_min != 0 && i < TRIES; i++)
		if (socket_bind_any(
			    fd, v6, (uint16_t)(f->src_port_min + (number * 4099 + i * 257) % span)))
			return true;
	return socket_bind_any(fd, v6, 0);
}

static bool set_up(int fd, bool v6, uint32_t ifindex)
{
	if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SNDBUF) && !set(fd, SOL_SOCKET, SO_SNDBUF, SNDBUF))
		return false;
	return deafen(fd) && set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)ifindex) &&
	       (!v6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
}

/*
 * Without DF the kernel may cut datagrams; with it, and by IPv6, it sends them whatever it heard of
 * the way.
 */
static bool set_df(int fd, bool v6, bool df)
{
	return set(fd, IPPROTO_IP, IP_MTU_DISCOVER, df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT) &&
	       (!v6 || set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE));
}

static int open_slots(
	struct socket_udp *u, const struct socket_queue *s, const struct ovnet_port_filter *filter)
{
	for (unsigned i = 0; i < SOCKET_UDP_SLOTS; i++) {
		u->fd[i] = socket_new(&u->v6);
		if (u->fd[i] < 0)
			return u->fd[i];
		if (!set_up(u->fd[i], u->v6, s->q.port->ifindex) ||
			!set_df(u->fd[i], u->v6, i >= SOCKET_UDP_SLOTS / 2) ||
			!bind_one(u->fd[i], u->v6, filter, s->q.id * SOCKET_UDP_SLOTS + i))
			return -errno;
	}
	return 0;
}

static void close_slots(struct socket_udp *u)
{
	for (unsigned i = 0; i < SOCKET_UDP_SLOTS; i++)
		if (u->fd[i] >= 0)
			close(u->fd[i]);
	free(u);
}

void socket_udp_close(struct socket_queue *s)
{
	struct socket_udp *u = atomic_load_explicit(&s->udp, memory_order_relaxed);

	if (u != NULL)
		close_slots(u);
	atomic_store_explicit(&s->udp, NULL, memory_order_relaxed);
}

int socket_udp_open(struct socket_queue *s, const struct ovnet_port_filter *filter)
{
	if (atomic_load_explicit(&s->udp, memory_order_relaxed) != NULL)
		return 0;
	struct socket_udp *u = calloc(1, sizeof(*u));
	if (u == NULL)
		return -ENOMEM;
	u->segments = true;
	for (unsigned i = 0; i < SOCKET_UDP_SLOTS; i++)
		u->fd[i] = -1;
	int err = open_slots(u, s, filter);
	if (err < 0)
		close_slots(u);
	else
		atomic_store_explicit(&s->udp, u, memory_order_release);
	return err;
}

/* --- the worker --- */

static void *put(struct msghdr *h, int level, int type, size_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)h->msg_control + h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	h->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

static void put_int(struct msghdr *h, int level, int type, int value)
{
	memcpy(put(h, level, type, sizeof(value)), &value, sizeof(value));
}

static void address4(const struct socket_udp *u, struct socket_udp_msg *m, struct msghdr *h,
	const uint8_t *frame)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + RTE_ETHER_HDR_LEN);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	struct in_pktinfo from = {.ipi_spec_dst.s_addr = ip->src_addr};

	memcpy(put(h, IPPROTO_IP, IP_PKTINFO, sizeof(from)), &from, sizeof(from));
	put_int(h, IPPROTO_IP, IP_TOS, ip->type_of_service);
	put_int(h, IPPROTO_IP, IP_TTL, RTE_MAX(ip->time_to_live, 1));
	h->msg_name = &m->to;
	if (!u->v6) {
		m->to.v4 = (struct sockaddr_in){.sin_family = AF_INET,
			.sin_port = udp->dst_port,
			.sin_addr.s_addr = ip->dst_addr};
		h->msg_namelen = sizeof(m->to.v4);
		return;
	}
	m->to.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = udp->dst_port};
	m->to.v6.sin6_addr.s6_addr[10] = m->to.v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(m->to.v6.sin6_addr.s6_addr + 12, &ip->dst_addr, sizeof(ip->dst_addr));
	h->msg_namelen = sizeof(m->to.v6);
}

static void address6(struct socket_udp_msg *m, struct msghdr *h, const uint8_t *frame)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(frame + RTE_ETHER_HDR_LEN);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	struct in6_pktinfo from = {0};

	memcpy(&from.ipi6_addr, &ip->src_addr, sizeof(from.ipi6_addr));
	memcpy(put(h, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(from)), &from, sizeof(from));
	put_int(h, IPPROTO_IPV6, IPV6_TCLASS, (int)(rte_be_to_cpu_32(ip->vtc_flow) >> 20 & 0xff));
	put_int(h, IPPROTO_IPV6, IPV6_HOPLIMIT, RTE_MAX(ip->hop_limits, 1));
	m->to.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = udp->dst_port};
	memcpy(&m->to.v6.sin6_addr, &ip->dst_addr, sizeof(m->to.v6.sin6_addr));
	h->msg_name = &m->to;
	h->msg_namelen = sizeof(m->to.v6);
}

/* Payload of the run's frames; how many iovecs, and with run->frames as many as fit. */
static unsigned put_payload(
	struct iovec *iov, unsigned room, struct rte_mbuf **pkts, struct ovnet_udp_run *run)
{
	unsigned n = 0, f;

	for (f = 0; f < run->frames; f++) {
		unsigned segs = ovnet_driver_iov(iov + n, room - n, pkts[f]);
		if (segs == 0)
			break;
		iov[n].iov_base = (char *)iov[n].iov_base + run->head;
		iov[n].iov_len -= run->head;
		n += segs;
	}
	run->frames = (uint16_t)f;
	return n;
}

/* The socket, by source port and DF. */
static unsigned slot_of(const struct rte_mbuf *m, uint16_t head)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t port;

	memcpy(&port, frame + head - sizeof(struct rte_udp_hdr), sizeof(port));
	port = rte_be_to_cpu_16(port);
	const bool df =
		frame[12] == (IP4 >> 8) && frame[13] == (IP4 & 0xff) && (frame[20] & 0x40) != 0;
	const unsigned slot = (port ^ port >> 3 ^ port >> 6) % (SOCKET_UDP_SLOTS / 2);
	return df ? slot + SOCKET_UDP_SLOTS / 2 : slot;
}

static void put_message(struct socket_udp *u, unsigned i, const struct ovnet_udp_run *run,
	const struct rte_mbuf *first, struct iovec *iov, unsigned iovs)
{
	const uint8_t *frame = rte_pktmbuf_mtod(first, const uint8_t *);
	struct msghdr *h = &u->msg[i].msg_hdr;
	struct socket_udp_msg *m = &u->part[i];

	*h = (struct msghdr){.msg_control = m->control, .msg_iov = iov, .msg_iovlen = iovs};
	if (frame[12] == (IP4 >> 8) && frame[13] == (IP4 & 0xff))
		address4(u, m, h, frame);
	else
		address6(m, h, frame);
	if (run->frames > 1)
		memcpy(put(h, IPPROTO_UDP, UDP_SEGMENT, sizeof(run->size)), &run->size,
			sizeof(run->size));
	u->frames[i] = (uint8_t)run->frames;
}

/*
 * Messages for a prefix of pkts, all by one socket: how many. 0: the first frame is no tunnel's, or
 * has too many segments; *slot is valid otherwise.
 */
static unsigned build(struct socket_udp *u, struct rte_mbuf **pkts, unsigned n, unsigned alone,
	uint16_t mtu, unsigned *slot)
{
	unsigned i = 0, iov = 0, done = 0;

	while (done < n) {
		const bool one = done < alone || !u->segments;
		struct ovnet_udp_run run = ovnet_udp_run(pkts + done, one ? 1 : n - done, mtu);
		if (run.head == 0)
			break;
		const unsigned its = slot_of(pkts[done], run.head);
		if (i > 0 && its != *slot)
			break;
		unsigned used =
			put_payload(&u->iov[iov], OVNET_PACKET_SEND_IOVS - iov, pkts + done, &run);
		if (run.frames == 0)
			break;
		*slot = its;
		put_message(u, i++, &run, pkts[done], &u->iov[iov], used);
		iov += used;
		done += run.frames;
	}
	return i;
}

/* A refused run: its frames each by itself, from now on all if it is the device's fault. */
static bool once_more(struct socket_udp *u, int error, enum ovnet_drop reason)
{
	if (u->frames[0] == 1)
		return false;
	if (error == EIO)
		u->segments = false; /* it computes no checksums, or IPsec is on the way */
	return error == EIO || reason == OVNET_DROP_TX_REFUSED;
}

uint16_t socket_udp_send(struct socket_queue *s, struct socket_udp *u, struct rte_mbuf **pkts,
	uint16_t n, enum ovnet_drop *reason)
{
	const uint16_t mtu = atomic_load_explicit(&s->send.mtu, memory_order_relaxed);
	uint16_t done = 0, alone = 0;
	unsigned slot = 0;

	while (done < n) {
		const unsigned single = alone > done ? (unsigned)(alone - done) : 0;
		unsigned ready =
			build(u, pkts + done, RTE_MIN(n - done, OVNET_BURST), single, mtu, &slot);
		if (ready == 0) { /* a routed packet: its frame is all there is */
			uint16_t sent = ovnet_packet_send(&s->send, pkts + done, 1, reason);
			if (sent == 0)
				break;
			done++;
			continue;
		}
		int sent = sendmmsg(u->fd[slot], u->msg, ready, MSG_DONTWAIT);
		if (likely(sent > 0)) {
			for (int i = 0; i < sent; i++)
				done = (uint16_t)(done + u->frames[i]);
			continue;
		}
		const int error = errno;
		*reason = ovnet_driver_tx_verdict(error);
		if (!once_more(u, error, *reason))
			break;
		alone = (uint16_t)(done + u->frames[0]);
	}
	return done;
}
