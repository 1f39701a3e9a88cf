/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/gso.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "packet/gso.h"

/* Debian 12's headers are older than UDP's segmentation. */
#define VNET_UDP_L4 5

static const uint8_t near_mac[6] = {0x02, 0, 0, 0, 0, 0x11}, far_mac[6] = {0x02, 0, 0, 0, 0, 0x12};
static int near_fd = -1, far_fd = -1;

static void put_ip4(uint8_t *ip, const struct gso_case *c, uint16_t len)
{
	ip[0] = (uint8_t)(0x45 + c->options / 4);
	ip[1] = 0xb9;
	be_put16(ip + 2, len);
	be_put16(ip + 4, c->id);
	ip[6] = 0x40;
	ip[8] = 61;
	ip[9] = c->udp ? IPPROTO_UDP : IPPROTO_TCP;
	be_put32(ip + 12, OWN_POD);
	be_put32(ip + 16, PEER_POD);
	memset(ip + 20, 1, c->options);
	put_sum4(ip);
}

/* Hop-by-hop options, and where there is room for both, destination options: padding in each. */
static void put_ip6(uint8_t *ip, const struct gso_case *c, uint16_t len)
{
	static const uint8_t src[16] = {0xfd, 5, 0, 0, 0, 0, 0, 0x52, [15] = 2},
			     dst[16] = {0xfd, 5, 0, 0, 0, 0, 0, 0x09, [15] = 2};
	uint8_t *next = ip + 6, *at = ip + 40;

	be_put32(ip, 0x6b9abcde);
	be_put16(ip + 4, len - 40u);
	ip[7] = 61;
	memcpy(ip + 8, src, 16);
	memcpy(ip + 24, dst, 16);
	for (unsigned left = c->options, n; left > 0; left -= n, at += n) {
		n = left > 8 && *next == 0 && at == ip + 40 ? 8 : left;
		*next = at == ip + 40 ? IPPROTO_HOPOPTS : IPPROTO_DSTOPTS;
		next = at;
		at[1] = (uint8_t)(n / 8 - 1);
		at[2] = 1;
		at[3] = (uint8_t)(n - 4);
	}
	*next = c->udp ? IPPROTO_UDP : IPPROTO_TCP;
}

static void put_tcp(uint8_t *tcp, const struct gso_case *c)
{
	static const uint8_t timestamps[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};

	be_put16(tcp, 4001);
	be_put16(tcp + 2, 80);
	be_put32(tcp + 4, 0xfffff000); /* runs over within the packet */
	be_put32(tcp + 8, 0x01020304);
	tcp[12] = (uint8_t)((20 + c->tcp_options) * 4);
	tcp[13] = c->flags;
	be_put16(tcp + 14, 500);
	be_put16(tcp + 18, (c->flags & 0x20) ? 7 : 0);
	memset(tcp + 20, 1, c->tcp_options);
	if (c->tcp_options >= sizeof(timestamps))
		memcpy(tcp + 20, timestamps, sizeof(timestamps));
}

static void put_meta(struct gso_packet *p, const struct gso_case *c)
{
	struct ovnet_meta *meta = &p->meta;

	*meta = (struct ovnet_meta){.in_port = HOST,
		.offload = OVNET_OFF_CSUM,
		.csum_start = p->l4,
		.csum_offset = c->udp ? 6 : 16,
		.gso_size = c->size,
		.hash = 0x12345678,
		.flags = OVNET_META_HASH | OVNET_META_TRACE,
		.ip_version = c->v6 ? 6 : 4,
		.l3_len = (uint16_t)(p->len - GSO_LINK)};
	meta->offload |= c->udp ? OVNET_OFF_USO : c->v6 ? OVNET_OFF_TSO6 : OVNET_OFF_TSO4;
}

void gso_make(struct gso_packet *p, const struct gso_case *c)
{
	uint8_t *ip = p->b + GSO_LINK, *l4;
	uint32_t sum;

	memset(p->b, 0, 400);
	p->l4 = (uint16_t)((c->v6 ? 40 : 20) + c->options);
	p->hdr_len = (uint16_t)(p->l4 + (c->udp ? 8 : 20 + c->tcp_options));
	p->len = GSO_LINK + p->hdr_len + c->payload;
	const uint16_t l3_len = (uint16_t)(p->len - GSO_LINK), l4_len = (uint16_t)(l3_len - p->l4);
	memcpy(p->b, far_mac, 6);
	memcpy(p->b + 6, near_mac, 6);
	be_put16(p->b + 12, c->v6 ? 0x86dd : 0x0800);
	(c->v6 ? put_ip6 : put_ip4)(ip, c, l3_len);
	l4 = ip + p->l4;
	if (c->udp) {
		be_put16(l4, 4001);
		be_put16(l4 + 2, 53);
		be_put16(l4 + 4, l4_len);
	} else {
		put_tcp(l4, c);
	}
	for (uint32_t i = 0; i < c->payload; i++)
		ip[p->hdr_len + i] = (uint8_t)(i * 7 + (i >> 8) * 3);
	sum = be_sum(c->v6 ? ip + 8 : ip + 12, c->v6 ? 32 : 8, (c->udp ? 17 : 6) + l4_len);
	be_put16(l4 + (c->udp ? 6 : 16), sum);
	put_meta(p, c);
}

static struct rte_mbuf *landed_mbuf(const struct gso_packet *p)
{
	const uint8_t *at = p->b + GSO_LINK;
	uint32_t left = p->len - GSO_LINK, n = (uint32_t)p->hdr_len + p->meta.gso_size;
	struct rte_mbuf *m = bed_packet(HOST, at, (uint16_t)RTE_MIN(n, left), 0, 0), *last = m;

	for (at += m->data_len, left -= m->data_len; left > 0; at += n, left -= n) {
		n = RTE_MIN(left, p->meta.gso_size);
		last->next = bed_packet(HOST, at, (uint16_t)n, 0, 0);
		last = last->next;
		memmove((char *)last->buf_addr + OVNET_CUT_HEADROOM, rte_pktmbuf_mtod(last, char *),
			n);
		last->data_off = OVNET_CUT_HEADROOM;
		m->nb_segs++;
		m->pkt_len += n;
	}
	return m;
}

struct rte_mbuf *gso_mbuf(const struct gso_packet *p, bool landed, uint16_t first, uint16_t seg)
{
	struct rte_mbuf *m = landed ? landed_mbuf(p)
				    : bed_packet(HOST, p->b + GSO_LINK,
					      (uint16_t)(p->len - GSO_LINK), first, seg);

	*ovnet_meta(m) = p->meta;
	return m;
}

static int tap(const char *name, int flags)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags)};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

void gso_kernel_up(void)
{
	near_fd = tap("near", IFF_VNET_HDR);
	far_fd = tap("far", 0);
	assert_int_equal(
		system("for i in all default near far; do"
		       "  echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done;"
		       "ip link add between type bridge mcast_snooping 0 &&"
		       "for i in near far; do ip link set $i master between mtu 9000 up; done &&"
		       "ip link set far txqueuelen 1000 && ip link set between up"),
		0);
}

void gso_kernel_down(void)
{
	close(near_fd);
	close(far_fd);
}

void gso_kernel_give(const struct gso_packet *p, const struct gso_case *c)
{
	struct virtio_net_hdr vnet = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = c->udp  ? VNET_UDP_L4
			    : c->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
				    : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)(GSO_LINK + p->hdr_len),
		.gso_size = c->size,
		.csum_start = (uint16_t)(GSO_LINK + p->l4),
		.csum_offset = p->meta.csum_offset};
	const struct iovec iov[] = {{&vnet, sizeof(vnet)}, {(void *)(uintptr_t)p->b, p->len}};

	if (!c->udp && (c->flags & 0x80))
		vnet.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	assert_int_equal(writev(near_fd, iov, 2), sizeof(vnet) + p->len);
}

uint16_t gso_kernel_get(uint8_t *frame)
{
	struct pollfd pfd = {.fd = far_fd, .events = POLLIN};

	for (;;) {
		assert_int_equal(poll(&pfd, 1, 5000), 1);
		ssize_t n = read(far_fd, frame, GSO_FRAME);
		assert_in_range(n, GSO_LINK, GSO_FRAME);
		if (memcmp(frame + 6, near_mac, 6) == 0)
			return (uint16_t)n;
	}
}
