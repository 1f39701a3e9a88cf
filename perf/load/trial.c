/* SPDX-License-Identifier: BSD-3-Clause */
#include "trial.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <string.h>

#include "stamp.h"

#define BURST 64 /* frames received at a time */

static void note(struct events *e, uint64_t tsc, uint64_t size)
{
	if (e->count < EVENTS)
		e->event[e->count] = (struct event){.tsc = tsc, .size = size};
	e->count++;
	e->sum += size;
}

static void write_frames(struct load *l, struct rte_mbuf **m, uint32_t n, uint64_t now)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct frame *f = &l->frames.frame[l->next_sent];
		uint8_t *data = rte_pktmbuf_mtod(m[i], uint8_t *);

		rte_memcpy(data, f->data, f->length);
		m[i]->data_len = (uint16_t)f->length;
		m[i]->pkt_len = f->length;
		stamp_write(data, f->length, l->run, (uint32_t)(l->tally.sent + i), now);
		if (++l->next_sent == l->frames.count)
			l->next_sent = 0;
	}
}

/*
 * The last n of those that are counted as sent found no room. At a switch that is a loss: an open
 * schedule does not wait. At a wire it is its pace: they will be the next ones, and their time has
 * gone.
 */
static void no_room(struct load *l, uint32_t n)
{
	if (!l->dev.wire) {
		l->tally.refused += n;
		return;
	}
	l->next_sent = (l->next_sent + l->frames.count - n % l->frames.count) % l->frames.count;
	l->tally.sent -= n;
	l->pace.skipped += n;
}

static void send_frames(struct load *l, uint32_t n, uint64_t now)
{
	struct rte_mbuf *m[PACE_BURST];
	uint16_t sent = 0;

	/* There are enough for all rings: that they are all somewhere is a full ring, too. */
	if (rte_pktmbuf_alloc_bulk(l->dev.pool, m, n) == 0) {
		write_frames(l, m, n, now);
		sent = rte_eth_tx_burst(l->dev.tx, 0, m, (uint16_t)n);
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	} else {
		l->next_sent = (l->next_sent + n) % l->frames.count;
	}
	l->tally.sent += n;
	if (sent < n)
		no_room(l, n - sent);
}

/* The place in frames of a number that is not the next one. */
static void find_due(struct load *l, uint64_t number)
{
	l->next_due = (uint32_t)(number % l->frames.count);
}

static bool correct(struct load *l, const uint8_t *data, uint32_t length, uint32_t turn)
{
	const struct frame *f = &l->frames.frame[l->next_due];
	int32_t longer = (int32_t)length - (int32_t)f->length;

	if (l->longer == INT32_MAX && frame_same(f, data, length, turn))
		l->longer = longer;
	return longer == l->longer && frame_same(f, data, length, turn);
}

/* A number that is not the next one. False: it is none of ours, or came before. */
static bool out_of_order(
	struct load *l, uint64_t number, enum seen_as as, uint64_t before, uint64_t now)
{
	switch (as) {
	case SEEN_AHEAD:
		note(&l->holes, now - l->start, number - before);
		return true;
	case SEEN_LATE:
		l->tally.late++;
		return true;
	case SEEN_TWICE:
		l->tally.doubled++;
		return false;
	default:
		l->tally.foreign++;
		return false;
	}
}

static void take(struct load *l, const uint8_t *data, uint32_t length, uint64_t now)
{
	struct stamp s = {0};

	if (length >= STAMP_FRAME_MIN)
		s = stamp_read(data, length);
	if (length < STAMP_FRAME_MIN || s.run != l->run) {
		/* Of the time before this trial, or nobody's. */
		l->tally.foreign += s.run != (uint16_t)(l->run - 1);
		return;
	}
	uint64_t number = seen_number(&l->seen, s.seq), before = l->seen.next;
	if (number != before)
		find_due(l, number);
	/* A wrong number must not move the window of numbers. */
	if (number >= l->tally.sent || !correct(l, data, length, s.seq)) {
		l->tally.corrupt++;
		find_due(l, before);
		return;
	}
	enum seen_as as = seen_add(&l->seen, number);
	if (as == SEEN_NEXT || out_of_order(l, number, as, before, now)) {
		l->tally.received++;
		histogram_add(&l->latency, now - s.tsc);
	}
	if (as <= SEEN_AHEAD) {
		if (++l->next_due == l->frames.count)
			l->next_due = 0;
	} else {
		find_due(l, l->seen.next);
	}
}

/* Whether there may be more. */
static bool receive_frames(struct load *l)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = rte_eth_rx_burst(l->dev.rx, 0, m, BURST);

	if (n == 0)
		return false;
	uint64_t now = rte_rdtsc();
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (uint16_t i = 0; i < n; i++)
		if (m[i]->nb_segs == 1)
			take(l, rte_pktmbuf_mtod(m[i], uint8_t *), m[i]->data_len, now);
		else
			l->tally.foreign++;
	l->last_came = now;
	rte_pktmbuf_free_bulk(m, n);
	return n == BURST;
}

/* The clock. Was the machine away since the last time, but for so much that was meant? */
static uint64_t look(struct load *l, uint32_t meant_us)
{
	uint64_t now = rte_rdtsc();

	if (now - l->round > l->hz / 1000000 * (AWAY_US + meant_us))
		note(&l->away, l->round - l->start, now - l->round);
	l->round = now;
	return now;
}

static bool naps(const struct load *l)
{
	return l->options.nap_us > 0 && l->options.rate > 0 && l->options.count == 0;
}

/* Who naps does all that became due, and takes all that came meanwhile; but a round has an end. */
static void catch_up(struct load *l)
{
	uint64_t now = l->round, end = now + l->hz / 1000000 * (PACE_BEHIND_US + l->options.nap_us);

	for (uint32_t n; now < end && (n = pace_take(&l->pace, now)) > 0; now = look(l, 0)) {
		send_frames(l, n, now);
		receive_frames(l);
	}
	while (now < end && receive_frames(l))
		now = look(l, 0);
}

/* Until the next round is due. Those that were missed are not made up for. */
static void nap(struct load *l)
{
	struct timespec *due = &l->due, now;

	due->tv_nsec += (long)l->options.nap_us * 1000;
	due->tv_sec += due->tv_nsec / 1000000000;
	due->tv_nsec %= 1000000000;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > due->tv_sec || (now.tv_sec == due->tv_sec && now.tv_nsec > due->tv_nsec))
		*due = now;
	else
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL);
}

static uint64_t round_begins(struct load *l)
{
	if (!naps(l))
		return look(l, 0);
	nap(l);
	return look(l, l->options.nap_us);
}

static void pace_begin(struct load *l, uint64_t now)
{
	pace_start(&l->pace, now, l->options.rate, l->hz);
	if (naps(l))
		l->pace.behind += (uint64_t)(l->options.rate * l->options.nap_us / 1e6);
}

static void begin(struct load *l)
{
	l->run++;
	l->tally = (struct tally){0};
	l->away.count = l->away.sum = l->holes.count = l->holes.sum = 0;
	l->next_sent = l->next_due = 0;
	l->longer = INT32_MAX;
	histogram_reset(&l->latency);
	seen_reset(&l->seen);
	clock_gettime(CLOCK_MONOTONIC, &l->due);
	l->start = l->round = rte_rdtsc();
	pace_begin(l, l->start);
}

/* Sends for so long, or so many. */
static void send_for(struct load *l, double seconds, uint64_t count, trial_go_on *go_on, void *arg)
{
	uint64_t end = seconds > 0 ? l->start + (uint64_t)(seconds * (double)l->hz) : UINT64_MAX;
	uint64_t asked = l->start, now = l->start;

	while (now < end && (count == 0 || l->tally.sent < count)) {
		if (naps(l))
			catch_up(l);
		uint32_t n = naps(l) ? 0 : pace_take(&l->pace, now);
		if (count != 0 && n > count - l->tally.sent)
			n = (uint32_t)(count - l->tally.sent);
		if (n > 0)
			send_frames(l, n, now);
		receive_frames(l);
		if (now - asked > l->hz / 1000) {
			asked = now;
			if (go_on && !go_on(l, arg))
				break;
		}
		now = round_begins(l);
	}
	l->tally.cycles = now - l->start;
}

/* Nor is it enough that all have come: one could come twice. */
static void drain(struct load *l)
{
	uint64_t ms = l->hz / 1000, from = rte_rdtsc(), now = from;

	for (l->last_came = from;; now = round_begins(l)) {
		uint64_t quiet = now < l->last_came ? 0 : now - l->last_came;
		if (quiet > l->options.drain_ms * ms ||
			(l->tally.received == l->tally.sent && quiet > 2 * ms))
			return;
		while (receive_frames(l))
			;
	}
}

void trial_run(struct load *l, trial_go_on *go_on, void *arg)
{
	trial_idle(l);
	if (l->options.warm > 0) {
		begin(l);
		send_for(l, l->options.warm, 0, NULL, NULL);
	}
	begin(l);
	send_for(l, l->options.seconds, l->options.count, go_on, arg);
	drain(l);
}

void trial_rate(struct load *l, double rate)
{
	uint64_t skipped = l->pace.skipped;

	l->options.rate = rate;
	pace_begin(l, rte_rdtsc());
	l->pace.skipped = skipped;
}

void trial_idle(struct load *l)
{
	struct rte_mbuf *m[BURST];
	uint16_t n;

	/* A ring full at most: what never ends is not left over. */
	for (uint32_t rounds = 0; rounds < 1024; rounds++) {
		n = rte_eth_rx_burst(l->dev.rx, 0, m, BURST);
		if (n == 0)
			return;
		rte_pktmbuf_free_bulk(m, n);
	}
}
