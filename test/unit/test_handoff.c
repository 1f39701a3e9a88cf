/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "bed/lab.h"
#include "port/handoff.h"

#define PRODUCERS 4
#define EACH      30000

static struct ovnet_handoff ring;

static void it_is_bounded_and_gives_a_prefix(void **state)
{
	(void)state;
	struct ovnet_handoff h;
	struct rte_mbuf *in[64], *out[64];

	assert_int_equal(ovnet_handoff_init(&h, 1, 32, SOCKET_ID_ANY), 0);
	assert_int_equal(rte_pktmbuf_alloc_bulk(lab_pool, in, 64), 0);
	uint16_t taken = ovnet_handoff_push(&h, in, 64);
	assert_int_equal(taken, 31); /* a ring of 32 holds one less */
	assert_int_equal(ovnet_handoff_push(&h, in + taken, 1), 0);
	assert_int_equal(ovnet_handoff_pop(&h, out, 10), 10);
	for (unsigned i = 0; i < 10; i++)
		assert_ptr_equal(out[i], in[i]);
	rte_pktmbuf_free_bulk(in, 10);
	rte_pktmbuf_free_bulk(in + taken, 64u - taken);
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 21);
	ovnet_handoff_fini(&h); /* frees what is still queued */
	lab_no_leak();
}

static void bad_sizes_and_zeroed_rings_are_harmless(void **state)
{
	(void)state;
	struct ovnet_handoff h;

	assert_int_equal(ovnet_handoff_init(&h, 2, 33, SOCKET_ID_ANY), -EINVAL);
	h = (struct ovnet_handoff){0};
	ovnet_handoff_fini(&h);
	assert_true(fcntl(0, F_GETFD) >= 0); /* stdin is not its eventfd */
}

static void only_a_sleeper_is_woken_by_a_push(void **state)
{
	(void)state;
	struct ovnet_handoff h;
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab_pool), *out;

	assert_int_equal(ovnet_handoff_init(&h, 3, 32, SOCKET_ID_ANY), 0);
	assert_int_equal(ovnet_handoff_push(&h, &m, 1), 1);
	assert_false(lab_readable(h.wake_fd, 0));
	assert_int_equal(ovnet_handoff_pop(&h, &out, 1), 1);
	ovnet_handoff_announce_sleep(&h);
	assert_int_equal(ovnet_handoff_push(&h, &m, 1), 1);
	assert_true(lab_readable(h.wake_fd, 0));
	ovnet_handoff_awake(&h);
	assert_false(lab_readable(h.wake_fd, 0));
	ovnet_handoff_wake(&h); /* control: whether it sleeps or not */
	assert_true(lab_readable(h.wake_fd, 0));
	ovnet_handoff_fini(&h);
	lab_no_leak();
}

static void *produce(void *arg)
{
	uint16_t self = (uint16_t)(uintptr_t)arg;
	uint32_t seed = self, seq = 0;

	while (seq < EACH) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(lab_pool);
		if (m == NULL) {
			sched_yield();
			continue;
		}
		m->port = self;
		m->hash.usr = seq++;
		while (ovnet_handoff_push(&ring, &m, 1) == 0)
			sched_yield();
		/* Now and then long enough for the owner to fall asleep, at any moment of it. */
		seed = seed * 1103515245 + 12345;
		if (seed >> 24 < 40)
			usleep(seed >> 20 & 63);
	}
	return NULL;
}

/* Packets in their producers' order; -1 when one is not. */
static int consume(uint32_t *next)
{
	struct rte_mbuf *pkts[32];
	uint16_t n = ovnet_handoff_pop(&ring, pkts, 32);

	for (uint16_t i = 0; i < n; i++)
		if (pkts[i]->hash.usr != next[pkts[i]->port]++)
			return -1;
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static void no_wake_up_is_lost(void **state)
{
	(void)state;
	pthread_t thread[PRODUCERS];
	uint32_t next[PRODUCERS] = {0}, seen = 0, sleeps = 0;
	struct epoll_event ev = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_int_equal(ovnet_handoff_init(&ring, 0, 64, SOCKET_ID_ANY), 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, ring.wake_fd, &ev), 0);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, produce, (void *)i), 0);
	while (seen < PRODUCERS * EACH) {
		int n = consume(next);
		assert_true(n >= 0);
		seen += (uint32_t)n;
		if (n > 0)
			continue;
		ovnet_handoff_announce_sleep(&ring);
		n = consume(next);
		if (n == 0 && seen < PRODUCERS * EACH) {
			/* Nothing but a lost wake-up makes this time out. */
			assert_int_equal(epoll_wait(epoll, &ev, 1, 5000), 1);
			sleeps++;
		}
		ovnet_handoff_awake(&ring);
		assert_true(n >= 0);
		seen += (uint32_t)n;
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(thread[i], NULL);
	assert_true(sleeps > 1000); /* or the test proved nothing */
	close(epoll);
	ovnet_handoff_fini(&ring);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_bounded_and_gives_a_prefix),
		cmocka_unit_test(bad_sizes_and_zeroed_rings_are_harmless),
		cmocka_unit_test(only_a_sleeper_is_woken_by_a_push),
		cmocka_unit_test(no_wake_up_is_lost),
	};

	lab_enter();
	return cmocka_run_group_tests_name("handoff", tests, NULL, NULL);
}
