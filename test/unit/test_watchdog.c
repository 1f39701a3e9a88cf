/* SPDX-License-Identifier: BSD-3-Clause */
/* What systemd is told: that a start takes its time, and by whom the daemon is alive. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "bed/cmocka.h"
#include "run/notify.h"
#include "watch/watchdog.h"

#define PERIOD_MS 200
#define WORKERS   2

static struct engine engine;
static struct ovnet_worker worker[WORKERS];
static struct watchdog watchdog;
static int systemd = -1;
static char said[4096];

/* The next word within `ms`; "": none. */
static const char *heard(int ms)
{
	struct pollfd p = {.fd = systemd, .events = POLLIN};
	ssize_t n = poll(&p, 1, ms) == 1 ? recv(systemd, said, sizeof(said) - 1, 0) : 0;

	said[n > 0 ? n : 0] = '\0';
	return said;
}

static void forget(void)
{
	while (heard(0)[0] != '\0')
		;
}

/*
 * So long workers make rounds, the first `moving` of them, and the loop turns if it is to. How many
 * pings came; the last other word is in `status`.
 */
static unsigned live(int ms, unsigned moving, bool loop, char *status, size_t size)
{
	unsigned pings = 0;

	status[0] = '\0';
	for (int64_t end = monotonic_ms() + ms; monotonic_ms() < end;) {
		for (unsigned i = 0; i < moving; i++)
			worker[i].counters.loops++;
		if (loop)
			event_base_loop(engine.base, EVLOOP_NONBLOCK);
		const char *text = heard(5);
		pings += strstr(text, "WATCHDOG=1") != NULL;
		const char *at = strstr(text, "STATUS=");
		if (at != NULL)
			snprintf(status, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
	return pings;
}

static int set_up(void **state)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	char text[32];
	int n = snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1, "ovnet-test-%d", getpid());

	(void)state;
	systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(systemd, (struct sockaddr *)&own,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)),
		0);
	snprintf(said, sizeof(said), "@%s", own.sun_path + 1);
	assert_int_equal(setenv("NOTIFY_SOCKET", said, 1), 0);
	snprintf(text, sizeof(text), "%d", PERIOD_MS * 1000);
	assert_int_equal(setenv("WATCHDOG_USEC", text, 1), 0);
	engine.base = event_base_new();
	engine.shared.n_workers = WORKERS;
	for (unsigned i = 0; i < WORKERS; i++) {
		engine.workers[i] = &worker[i];
		engine.shared.handoff[i].wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	event_base_free(engine.base);
	for (unsigned i = 0; i < WORKERS; i++)
		close(engine.shared.handoff[i].wake_fd);
	close(systemd);
	return 0;
}

static void a_start_that_waits_says_so_until_it_is_ready(void **state)
{
	(void)state;
	notify_waiting("etcd at http://a:\nSTATUS=forged");
	assert_string_equal(heard(1000),
		"EXTEND_TIMEOUT_USEC=60000000\nSTATUS=etcd at http://a: STATUS=forged");
	notify_ready();
	assert_string_equal(heard(1000), "READY=1\nSTATUS=");
	notify_ready();
	notify_waiting("too late");
	assert_string_equal(heard(50), "");
	notify_stopping();
	assert_string_equal(heard(1000), "STOPPING=1");
}

static void who_is_meant_is_asked(void **state)
{
	(void)state;
	static const char *const none[] = {"", "0", "-1", "1s", "99999999999999999999999"};
	char pid[32];

	assert_int_equal(notify_watchdog_period(), PERIOD_MS * 1000);
	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(notify_watchdog_period(), PERIOD_MS * 1000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(notify_watchdog_period(), 0);
	assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
	char *was = strdup(getenv("WATCHDOG_USEC"));
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(setenv("WATCHDOG_USEC", none[i], 1), 0);
		assert_int_equal(notify_watchdog_period(), 0);
	}
	/* Nobody asks: no thread, no timer, no ping. */
	assert_int_equal(watchdog_init(&watchdog, &engine), 0);
	assert_false(watchdog.running);
	watchdog_fini(&watchdog);
	assert_int_equal(setenv("WATCHDOG_USEC", was, 1), 0);
	free(was);
}

static void judged_by_what_is_forwarded(void **state)
{
	(void)state;
	assert_int_equal(watchdog_judge(true, 2, 2), WATCHDOG_PING);
	assert_int_equal(watchdog_judge(false, 2, 2), WATCHDOG_LIMPS);
	assert_int_equal(watchdog_judge(true, 1, 2), WATCHDOG_LIMPS);
	assert_int_equal(watchdog_judge(false, 1, 2), WATCHDOG_LIMPS);
	assert_int_equal(watchdog_judge(true, 0, 2), WATCHDOG_SILENT);
	assert_int_equal(watchdog_judge(false, 0, 2), WATCHDOG_SILENT);
}

static void it_pings_as_long_as_any_worker_gets_on(void **state)
{
	(void)state;
	char status[256], first[256];
	uint64_t woken = 0;

	assert_int_equal(watchdog_init(&watchdog, &engine), 0);
	assert_true(live(2 * PERIOD_MS, 2, true, status, sizeof(status)) >= 3);
	assert_string_equal(status, "");
	assert_int_equal(eventfd_read(engine.shared.handoff[1].wake_fd, &woken), 0);
	assert_true(woken >= 3); /* one that sleeps would have made a round */

	assert_true(live(2 * PERIOD_MS, 2, false, status, sizeof(status)) >= 3);
	assert_non_null(strstr(status, "the control loop hangs"));
	assert_non_null(strstr(status, "0 of 2 workers hang"));

	assert_true(live(2 * PERIOD_MS, 1, true, status, sizeof(status)) >= 3);
	assert_string_equal(status, "STATUS=1 of 2 workers hang: restart it");

	/* A last ping is under way; the status is said once, a period after the last round. */
	(void)live(PERIOD_MS, 0, true, first, sizeof(first));
	assert_int_equal(live(3 * PERIOD_MS / 2, 0, true, status, sizeof(status)), 0);
	assert_string_equal(status[0] != '\0' ? status : first,
		"STATUS=nothing is forwarded; 2 of 2 workers hang: restart it");

	assert_true(live(2 * PERIOD_MS, 2, true, status, sizeof(status)) >= 3);
	assert_string_equal(status, "STATUS=");
	watchdog_fini(&watchdog);
	forget();
	assert_int_equal(live(2 * PERIOD_MS, 2, true, status, sizeof(status)), 0);
	watchdog_fini(&watchdog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_that_waits_says_so_until_it_is_ready),
		cmocka_unit_test(who_is_meant_is_asked),
		cmocka_unit_test(judged_by_what_is_forwarded),
		cmocka_unit_test(it_pings_as_long_as_any_worker_gets_on),
	};

	return cmocka_run_group_tests_name("watchdog", tests, set_up, tear_down);
}
