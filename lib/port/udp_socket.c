/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/udp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ring.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/udp_frame.h"

OVNET_LOG_TYPE(port)

#define BATCH     32        /* datagrams of each family before the event loop goes on */
#define RING      1024      /* some ms of a worker's time */
#define RCVBUF    (2 << 20) /* until the control thread comes round */
#define LARGEST   9216      /* bytes behind the UDP header: jumbo frames, and a little more */
#define CMSG_ROOM 128       /* of three messages of at most 20 bytes each */

enum { V4, V6, FAMILIES };

struct udp_queue {
	struct ovnet_port_queue q; /* first; rx_drops: control: rw, the worker loses nothing */
	struct rte_ring *ring;     /* control produces, the worker consumes */
	int wake_fd;
};

/* control: rw, all of it */
struct udp_port {
	char iface[IF_NAMESIZE];
	uint32_t ifindex;
	uint16_t udp_port; /* the sockets'; 0: none */
	struct rte_mempool *pool;
	int epoll_fd;
	int fd[FAMILIES];
	uint32_t lost[FAMILIES]; /* by the kernel, as it said last */
	uint64_t missed;         /* of sockets that are closed */
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in6 from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CMSG_ROOM];
	uint8_t data[BATCH][LARGEST];
};

static struct udp_queue *queue_of(struct ovnet_port *port)
{
	return (struct udp_queue *)port->queue[0];
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* What a datagram's own headers said has to come with it. */
static bool set_options(int fd, unsigned family)
{
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF) && !set(fd, SOL_SOCKET, SO_RCVBUF, RCVBUF))
		return false;
	if (!set(fd, SOL_SOCKET, SO_REUSEPORT, 1) || !set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1))
		return false;
	if (family == V4)
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_RECVTOS, 1);
	/* RFC 6935: a tunnel may leave the checksum out. */
	return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
	       set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
	       set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
	       set(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
}

static bool bind_any(int fd, unsigned family, uint16_t port)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (family == V4)
		return bind(fd, (const struct sockaddr *)&v4, sizeof(v4)) == 0;
	return bind(fd, (const struct sockaddr *)&v6, sizeof(v6)) == 0;
}

static int open_socket(struct udp_port *u, unsigned family, uint16_t port)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fd = socket(family == V4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* The interface before the port: not one packet of another is to come in. */
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, u->iface, (socklen_t)strlen(u->iface) + 1) <
			0 ||
		!set_options(fd, family) || !bind_any(fd, family, port) ||
		epoll_ctl(u->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void close_sockets(struct udp_port *u)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		if (u->fd[f] >= 0)
			close(u->fd[f]);
		u->fd[f] = -1;
		u->missed += u->lost[f];
		u->lost[f] = 0;
	}
	u->udp_port = 0;
}

static int failed(const struct ovnet_port *port, const struct udp_port *u, uint16_t udp, int err)
{
	LOG(ERR,
		"port '%s': cannot receive UDP port %u of interface %s from the kernel: %s; "
		"outer packets that arrive in fragments are lost",
		port->name, udp, u->iface, strerror(-err));
	return err;
}

static int udp_filter(struct ovnet_port *port, const struct ovnet_port_filter *filter)
{
	struct udp_port *u = port->priv;
	uint32_t ifindex = if_nametoindex(u->iface);

	/* The sockets are of an interface, not of a name. */
	if (filter->udp_port == u->udp_port && ifindex == u->ifindex)
		return 0;
	close_sockets(u);
	if (filter->udp_port == 0)
		return 0;
	u->ifindex = ifindex;
	for (unsigned f = 0; f < FAMILIES; f++) {
		int fd = open_socket(u, f, filter->udp_port);
		if (fd == -EAFNOSUPPORT && f == V6)
			break;
		if (fd < 0) {
			close_sockets(u);
			return failed(port, u, filter->udp_port, fd);
		}
		u->fd[f] = fd;
	}
	u->udp_port = filter->udp_port;
	return 0;
}

static void udp_close(struct ovnet_port *port)
{
	struct udp_queue *q = queue_of(port);
	struct udp_port *u = port->priv;
	void *m;

	if (u != NULL) {
		close_sockets(u);
		if (u->epoll_fd >= 0)
			close(u->epoll_fd);
		free(u);
	}
	if (q == NULL)
		return;
	while (q->ring != NULL && rte_ring_sc_dequeue(q->ring, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(q->ring);
	if (q->wake_fd >= 0)
		close(q->wake_fd);
}

static int open_port(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct udp_port *u = calloc(1, sizeof(*u));

	port->priv = u;
	if (u == NULL) {
		LOG(ERR, "port '%s': out of memory", port->name);
		return -ENOMEM;
	}
	u->epoll_fd = u->fd[V4] = u->fd[V6] = -1;
	u->pool = conf->pool;
	snprintf(u->iface, sizeof(u->iface), "%s", conf->iface);
	u->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (u->epoll_fd < 0) {
		int err = -errno;
		LOG(ERR, "port '%s': epoll: %s", port->name, strerror(-err));
		return err;
	}
	return 0;
}

static int open_queue(struct ovnet_port *port)
{
	struct udp_queue *q = ovnet_driver_queue_new(port, 0, sizeof(*q));
	char name[RTE_RING_NAMESIZE];
	int err;

	if (q == NULL)
		return -ENOMEM;
	snprintf(name, sizeof(name), "udp_socket_%u_%u", port->id, port->generation);
	q->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (q->wake_fd < 0) {
		err = -errno;
		LOG(ERR, "port '%s': eventfd: %s", port->name, strerror(-err));
		return err;
	}
	q->ring = rte_ring_create(name, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (q->ring == NULL) {
		err = -rte_errno;
		LOG(ERR, "port '%s': ring of %u entries: %s", port->name, RING, strerror(-err));
		return err;
	}
	return 0;
}

static int udp_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err = ovnet_netdev_get(conf->iface, &dev);

	if (err < 0)
		return err;
	/* No ifindex: it is the uplink's, and the interface may be replaced by one of its name. */
	port->mtu = dev.mtu;
	port->n_rxq = 1;
	if ((err = open_port(port, conf)) < 0 || (err = open_queue(port)) < 0)
		udp_close(port);
	return err;
}

/* One datagram as it would have come from the wire. NULL: the pool is empty. */
static struct rte_mbuf *to_mbuf(struct ovnet_port *port, const struct ovnet_udp_frame *head,
	const uint8_t *data, uint32_t len)
{
	struct udp_port *u = port->priv;
	struct rte_mbuf *m = rte_pktmbuf_alloc(u->pool), *last = m;

	if (m == NULL)
		return NULL;
	ovnet_meta_reset(m, port->id);
	memcpy(rte_pktmbuf_mtod(m, void *), head->bytes, head->len);
	m->data_len = head->len;
	m->pkt_len = head->len + len;
	for (;;) {
		uint16_t n = RTE_MIN(rte_pktmbuf_tailroom(last), len);

		memcpy(rte_pktmbuf_mtod_offset(last, char *, last->data_len), data, n);
		last->data_len = (uint16_t)(last->data_len + n);
		data += n;
		len -= n;
		if (len == 0)
			return m;
		last->next = rte_pktmbuf_alloc(u->pool);
		if (last->next == NULL) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		last = last->next;
		m->nb_segs++;
	}
}

static void take(struct ovnet_port *port, unsigned family, unsigned i)
{
	struct ovnet_port_queue *q = port->queue[0];
	struct udp_port *u = port->priv;
	const struct msghdr *h = &u->msg[i].msg_hdr;
	struct ovnet_udp_arrival arrival;
	struct ovnet_udp_frame head;

	if (!ovnet_udp_arrival(&arrival, h, &u->lost[family]))
		return;
	if (h->msg_flags & MSG_TRUNC) {
		q->rx_drops[OVNET_DROP_TRUNCATED]++;
		return;
	}
	ovnet_udp_frame(&head, &arrival, u->msg[i].msg_len, u->udp_port);
	struct rte_mbuf *m = to_mbuf(port, &head, u->data[i], u->msg[i].msg_len);
	if (m == NULL) {
		q->rx_drops[OVNET_DROP_NO_MBUF]++;
		return;
	}
	if (rte_ring_sp_enqueue(queue_of(port)->ring, m) != 0) {
		q->rx_drops[OVNET_DROP_HANDOFF_FULL]++;
		rte_pktmbuf_free(m);
	}
}

static void read_socket(struct ovnet_port *port, unsigned family)
{
	struct udp_port *u = port->priv;

	if (u->fd[family] < 0)
		return;
	for (unsigned i = 0; i < BATCH; i++) {
		u->iov[i] = (struct iovec){u->data[i], LARGEST};
		u->msg[i].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
			.msg_namelen = sizeof(u->from[i]),
			.msg_iov = &u->iov[i],
			.msg_iovlen = 1,
			.msg_control = u->control[i],
			.msg_controllen = CMSG_ROOM};
	}
	int n = recvmmsg(u->fd[family], u->msg, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(port, family, (unsigned)i);
}

void ovnet_udp_socket_read(struct ovnet_port *port)
{
	const uint64_t one = 1;

	read_socket(port, V4);
	read_socket(port, V6);
	/* Behind the ring's entries: arm() drains this before the worker looks at the ring. */
	if (write(queue_of(port)->wake_fd, &one, sizeof(one)) < 0)
		return; /* EAGAIN: it is readable as it should be */
}

int ovnet_udp_socket_fd(const struct ovnet_port *port)
{
	return ((const struct udp_port *)port->priv)->epoll_fd;
}

static uint16_t udp_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(
		((struct udp_queue *)q)->ring, (void **)pkts, n, NULL);
}

static uint16_t udp_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	(void)pkts;
	(void)n;
	q->tx_reason = OVNET_DROP_TX_REFUSED;
	return 0;
}

static int udp_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct udp_queue *)q)->wake_fd;
}

static int udp_arm(struct ovnet_port_queue *q)
{
	struct udp_queue *u = (struct udp_queue *)q;
	uint64_t count;

	if (read(u->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return 1; /* it would not let the worker sleep either */
	return rte_ring_empty(u->ring) == 0;
}

static void udp_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const uint64_t *lost = port->queue[0]->rx_drops;
	const struct udp_port *u = port->priv;

	*out = (struct ovnet_port_stats){.missed = u->missed + u->lost[V4] + u->lost[V6],
		.errors = lost[OVNET_DROP_TRUNCATED],
		.no_mbuf = lost[OVNET_DROP_NO_MBUF]};
}

static bool udp_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(if_nametoindex(((struct udp_port *)port->priv)->iface));
}

const struct ovnet_driver ovnet_driver_udp_socket = {
	.name = "udp_socket",
	.open = udp_open,
	.close = udp_close,
	.rx = udp_rx,
	.tx = udp_tx,
	.wait_fd = udp_wait_fd,
	.arm = udp_arm,
	.filter = udp_filter,
	.stats = udp_stats,
	.link_up = udp_link_up,
};
