/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "packet/meta.h"
#include "port/driver_int.h"
#include "port/socket_uplink.h"

/*
 * A message of many datagrams is copied where none was expected, which costs as much as some ten
 * system calls: that many messages of one have to come in a row before more are read with a call.
 */
#define CALM   16
#define MISSES 2 /* batches of another size in a row, and the next is foreseen to be of it */
#define TURNS  (2 * OVNET_BURST)
/* No smaller datagrams are foreseen: a buffer for each is hardly less work than a copy. */
#define LEAST 256
/* The smallest inner packet, in flannel's udp. Who cuts smaller makes work and nothing else. */
#define SMALLEST 20

static_assert(SOCKET_RX_MSGS <= SOCKET_RX_SLOTS, "a slot for each single datagram");
static_assert(OVNET_UDP_FRAME_MAX <= RTE_PKTMBUF_HEADROOM, "headers go in front of what was read");
static_assert(SOCKET_RX_CONTROL >= CMSG_SPACE(sizeof(struct in_pktinfo)) +
					   CMSG_SPACE(sizeof(struct in6_pktinfo)) +
					   2 * CMSG_SPACE(sizeof(int)),
	"all messages");

static size_t spill_size(void)
{
	return (size_t)SOCKET_RX_MSGS * SOCKET_RX_LARGEST;
}

int socket_rx_init(struct socket_queue *s)
{
	struct socket_rx *rx = &s->rx;

	rx->room = ovnet_driver_room(s->pool);
	rx->n_dirty = SOCKET_RX_SLOTS;
	rx->cut = UINT16_MAX; /* to be arranged */
	/* Pages that wrong guesses never touch cost nothing. */
	rx->spill = mmap(NULL, spill_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (rx->spill != MAP_FAILED)
		return 0;
	rx->spill = NULL;
	return -errno;
}

void socket_rx_fini(struct socket_queue *s)
{
	for (unsigned i = 0; i < SOCKET_RX_SLOTS; i++)
		rte_pktmbuf_free(s->rx.slot[i]);
	if (s->rx.spill != NULL)
		munmap(s->rx.spill, spill_size());
}

bool socket_rx_has(const struct socket_queue *s)
{
	return s->rx.next < s->rx.n;
}

/* --- reading --- */

/* Where the kernel is to put what the slot holds; NULL: it is not read into. */
static struct iovec *iov_of(struct socket_rx *rx, unsigned slot)
{
	if (rx->cut != 0)
		return slot < rx->n_pieces ? &rx->iov[slot] : NULL;
	return slot < SOCKET_RX_MSGS ? &rx->iov[slot * 2] : NULL;
}

static void lay(struct socket_rx *rx, unsigned slot)
{
	struct iovec *iov = iov_of(rx, slot);
	struct rte_mbuf *m = rx->slot[slot];

	if (iov != NULL)
		*iov = (struct iovec){m != NULL ? rte_pktmbuf_mtod(m, void *) : NULL, rx->piece};
}

/* Where messages land from now on: the slots' lengths and what is behind them. */
static void arrange(struct socket_rx *rx)
{
	unsigned n = SOCKET_RX_MSGS, pieces = 1;

	rx->cut = rx->want_cut;
	rx->piece = rx->room;
	if (rx->cut != 0) {
		n = 1;
		rx->piece = rx->cut;
		pieces = RTE_MIN((UINT16_MAX + rx->piece - 1u) / rx->piece, SOCKET_RX_SLOTS + 0u);
	}
	rx->n_pieces = (uint16_t)pieces;
	for (unsigned i = 0; i < SOCKET_RX_SLOTS; i++)
		lay(rx, i);
	for (unsigned i = 0; i < n; i++) {
		struct iovec *first = iov_of(rx, i);
		first[pieces] = (struct iovec){
			rx->spill + (size_t)i * SOCKET_RX_LARGEST, SOCKET_RX_LARGEST};
		rx->msg[i].msg_hdr = (struct msghdr){.msg_iov = first, .msg_iovlen = pieces + 1};
	}
	rx->n_stale = (uint16_t)n;
}

/* False: no buffers. */
static bool refill(struct socket_queue *s)
{
	struct socket_rx *rx = &s->rx;
	struct rte_mbuf *fresh[SOCKET_RX_SLOTS];
	uint8_t empty[SOCKET_RX_SLOTS];
	unsigned n = 0;

	for (unsigned i = 0; i < rx->n_dirty; i++)
		if (rx->slot[i] == NULL)
			empty[n++] = (uint8_t)i;
	if (n > 0 && rte_pktmbuf_alloc_bulk(s->pool, fresh, n) < 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		rx->slot[empty[i]] = fresh[i];
		lay(rx, empty[i]);
	}
	rx->n_dirty = 0;
	return true;
}

/* What the kernel wrote into at the last call. */
static void renew(struct socket_rx *rx)
{
	for (unsigned i = 0; i < rx->n_stale; i++) {
		struct msghdr *h = &rx->msg[i].msg_hdr;
		h->msg_name = &rx->sender[i];
		h->msg_namelen = sizeof(rx->sender[i]);
		h->msg_control = rx->control[i];
		h->msg_controllen = sizeof(rx->control[i]);
		h->msg_flags = 0;
	}
	rx->n_stale = 0;
}

/*
 * Without buffers packets are read, lost and counted all the same: left, they would keep the
 * worker awake.
 */
static void read_dry(struct socket_queue *s)
{
	struct socket_rx *rx = &s->rx;
	struct msghdr *h = &rx->msg[0].msg_hdr;
	const struct msghdr whole = *h;
	struct iovec spill = {rx->spill, SOCKET_RX_LARGEST};

	renew(rx);
	h->msg_iov = &spill;
	h->msg_iovlen = 1;
	int n = recvmmsg(s->fd, rx->msg, 1, MSG_DONTWAIT, NULL);
	h->msg_iov = whole.msg_iov;
	h->msg_iovlen = whole.msg_iovlen;
	rx->n = rx->n_stale = n > 0 ? 1 : 0;
	rx->dry = true;
}

static bool read_more(struct socket_queue *s, uint16_t most)
{
	struct socket_rx *rx = &s->rx;

	rx->next = rx->n = 0;
	rx->begun = rx->dry = false;
	if (rx->cut != rx->want_cut)
		arrange(rx);
	if (unlikely(!refill(s))) {
		read_dry(s);
		return rx->n > 0;
	}
	unsigned vlen = rx->cut != 0 ? 1 : RTE_MIN(most, SOCKET_RX_MSGS);
	renew(rx);
	int n = recvmmsg(s->fd, rx->msg, vlen, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return false;
	rx->n = rx->n_stale = (uint16_t)n;
	rx->n_dirty = rx->cut != 0 ? rx->n_pieces : rx->n;
	return true;
}

/* --- handing out --- */

/* What a batch says of the next one. Two flows of different sizes in turn cost half. */
static void learn_size(struct socket_rx *rx)
{
	if (rx->segment == rx->cut)
		rx->misses = 0;
	else if (rx->segment >= LEAST && rx->segment <= rx->room &&
		 (rx->cut == 0 || ++rx->misses >= MISSES)) {
		rx->misses = 0;
		rx->want_cut = rx->segment;
	}
}

/* The next read is made for what these were. */
static void learn(struct socket_rx *rx, bool many)
{
	if (many) {
		rx->calm = 0;
		learn_size(rx);
	} else if (rx->cut != 0 && ++rx->calm >= CALM) {
		rx->want_cut = 0;
	}
}

/* What the message is. False: nothing for us. */
static bool begin(struct socket_queue *s)
{
	struct socket_rx *rx = &s->rx;
	const struct mmsghdr *msg = &rx->msg[rx->next];
	uint32_t lost;

	rx->pos = 0;
	rx->begun = true;
	rx->head_of = UINT16_MAX;
	if (!ovnet_udp_arrival(&rx->from, &msg->msg_hdr, &lost))
		return false;
	if (unlikely(msg->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		s->q.rx_drops[OVNET_DROP_TRUNCATED]++;
		return false;
	}
	const bool many = rx->from.segment != 0 && rx->from.segment < msg->msg_len;
	rx->segment = many ? rx->from.segment : (uint16_t)msg->msg_len;
	rx->straight = !rx->dry && (many ? rx->segment == rx->piece : rx->segment <= rx->piece);
	if (unlikely(many && rx->segment < SMALLEST)) {
		s->q.rx_drops[OVNET_DROP_TRUNCATED] +=
			(msg->msg_len + rx->segment - 1) / rx->segment;
		return false;
	}
	learn(rx, many);
	return true;
}

static unsigned first_slot(const struct socket_rx *rx)
{
	return rx->cut != 0 ? 0 : rx->next;
}

/* Bytes of the message at `pos`, and how many of them lie together. */
static const uint8_t *bytes_at(const struct socket_rx *rx, uint32_t pos, uint32_t *together)
{
	const uint32_t pieces = rx->dry ? 0 : (uint32_t)rx->n_pieces * rx->piece;
	const unsigned spill = rx->dry || rx->cut != 0 ? 0 : rx->next;

	if (pos >= pieces) {
		*together = SOCKET_RX_LARGEST - (pos - pieces);
		return rx->spill + (size_t)spill * SOCKET_RX_LARGEST + (pos - pieces);
	}
	const uint32_t within = pos % rx->piece;
	*together = rx->piece - within;
	return rte_pktmbuf_mtod_offset(
		rx->slot[first_slot(rx) + pos / rx->piece], const uint8_t *, within);
}

static bool append(struct rte_mbuf *m, struct rte_mbuf **last, const uint8_t *data, uint32_t len)
{
	while (len > 0) {
		struct rte_mbuf *at = *last;
		uint16_t n = RTE_MIN(rte_pktmbuf_tailroom(at), len);

		memcpy(rte_pktmbuf_mtod_offset(at, char *, at->data_len), data, n);
		at->data_len = (uint16_t)(at->data_len + n);
		m->pkt_len += n;
		data += n;
		len -= n;
		if (len == 0)
			break;
		at->next = rte_pktmbuf_alloc(m->pool);
		if (at->next == NULL)
			return false;
		*last = at->next;
		m->nb_segs++;
	}
	return true;
}

/* `len` bytes at rx->pos in a buffer, or several. NULL: the pool is empty. */
static struct rte_mbuf *copy(struct socket_queue *s, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool), *last = m;
	uint32_t pos = s->rx.pos, together;

	while (m != NULL && len > 0) {
		const uint8_t *data = bytes_at(&s->rx, pos, &together);

		together = RTE_MIN(together, len);
		if (!append(m, &last, data, together)) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		pos += together;
		len -= together;
	}
	return m;
}

static struct rte_mbuf *take(struct socket_queue *s, uint16_t len)
{
	struct socket_rx *rx = &s->rx;
	const unsigned piece = rx->pos / RTE_MAX(rx->piece, 1);

	if (unlikely(!rx->straight || piece >= rx->n_pieces))
		return copy(s, len);
	struct rte_mbuf **slot = &rx->slot[first_slot(rx) + piece];
	struct rte_mbuf *m = *slot;

	*slot = NULL;
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static void put_headers(struct socket_queue *s, struct rte_mbuf *m, uint16_t len)
{
	struct socket_rx *rx = &s->rx;

	if (rx->head_of != len) {
		ovnet_udp_frame(&rx->head, &rx->from, len,
			atomic_load_explicit(&s->udp_port, memory_order_relaxed));
		rx->head_of = len;
	}
	ovnet_meta_reset(m, s->q.port->id);
	memcpy(rte_pktmbuf_prepend(m, rx->head.len), rx->head.bytes, rx->head.len);
}

/* As many datagrams of the message as there is room for; then *done. */
static uint16_t hand_out(struct socket_queue *s, struct rte_mbuf **pkts, uint16_t n, bool *done)
{
	struct socket_rx *rx = &s->rx;
	const uint32_t len = rx->msg[rx->next].msg_len;
	uint16_t got = 0;

	*done = false;
	while (got < n && !*done) {
		uint16_t one = (uint16_t)RTE_MIN(len - rx->pos, (uint32_t)rx->segment);
		struct rte_mbuf *m = take(s, one);
		if (likely(m != NULL)) {
			put_headers(s, m, one);
			pkts[got++] = m;
		} else {
			s->q.rx_drops[OVNET_DROP_NO_MBUF]++;
		}
		rx->pos += one;
		*done = rx->pos >= len;
	}
	return got;
}

/*
 * A batch that was handed out to its end is followed by another only where that one, if as large,
 * is handed out whole: merged again, it leaves as one.
 */
static bool ends_here(const struct socket_rx *rx, unsigned room)
{
	const uint32_t len = rx->msg[rx->n - 1].msg_len;

	return rx->cut != 0 && rx->next == rx->n && len > (uint32_t)rx->segment * room;
}

uint16_t socket_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct socket_queue *s = (struct socket_queue *)q;
	struct socket_rx *rx = &s->rx;
	uint16_t got = 0;

	/*
	 * What nobody wants is an end of it as well, but not before something that was read: to say
	 * that nothing came would be no reason to ask again.
	 */
	for (unsigned turn = 0; got < n && (turn < TURNS || (got == 0 && socket_rx_has(s)));
		turn++) {
		if (rx->next >= rx->n && !read_more(s, (uint16_t)(n - got)))
			break;
		bool done = !rx->begun && !begin(s);
		if (!done)
			got = (uint16_t)(got + hand_out(s, pkts + got, (uint16_t)(n - got), &done));
		if (done) {
			rx->next++;
			rx->begun = false;
			if (got > 0 && ends_here(rx, (unsigned)(n - got)))
				break;
		}
	}
	return got;
}
