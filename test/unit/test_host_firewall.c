/* SPDX-License-Identifier: BSD-3-Clause */
/* The job that looks after masquerade and FORWARD rules. */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "bed/parts.h"
#include "host/firewall_job.h"

#define SLACK_MS 100 /* libevent's clock is a coarse one */

static struct firewall_job job;

static int set_up(void **state)
{
	assert_int_equal(parts_open(state), 0);
	parts.conf.host.ip_masq = parts.conf.host.forward_rules = true;
	parts_lease(PARTS_NET, PARTS_OWN, NULL);
	assert_int_equal(firewall_job_init(&job, &parts.node, parts.base), 0);
	return 0;
}

static int tear_down(void **state)
{
	firewall_job_fini(&job);
	return parts_close(state);
}

static unsigned applied(void)
{
	return fake_firewall_seen().applied;
}

/* Waits for the job's thread and takes its outcome; what that makes due is not done. */
static void wait_for_job(void)
{
	while (job.job != NULL)
		assert_true(event_base_loop(parts.base, EVLOOP_ONCE) >= 0);
}

/* One is due. */
static void run_job(void)
{
	unsigned before = applied();

	parts_turn(); /* its end, too, if it is quick */
	wait_for_job();
	assert_int_equal(applied(), before + 1);
}

static int64_t ms_now(void)
{
	struct timeval t;

	assert_int_equal(gettimeofday(&t, NULL), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

/* When the timer is due; -1: it is not armed. */
static int64_t due(void)
{
	struct timeval t;

	if (event_pending(job.timer, EV_TIMEOUT, &t) == 0)
		return -1;
	return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

/* One job, and that the next is due `seconds` after it. */
static void runs_again_in(unsigned seconds)
{
	int64_t before = ms_now();

	run_job();
	assert_true(due() >= before + seconds * 1000 - SLACK_MS);
	assert_true(due() <= ms_now() + seconds * 1000 + SLACK_MS);
}

/* The timer's time has come. */
static void is_due(void)
{
	assert_true(due() >= 0);
	event_active(job.timer, EV_TIMEOUT, 1);
}

/* --- what is asked for --- */

static void nothing_is_done_before_it_is_told(void **state)
{
	(void)state;
	parts_turn();
	assert_int_equal(due(), -1);
	assert_int_equal(applied(), 0);
}

static void rules_are_the_networks(void **state)
{
	(void)state;
	firewall_job_update(&job);
	run_job();
	struct fake_firewall seen = fake_firewall_seen();
	assert_int_equal(seen.applied, 1);
	assert_true(seen.rules.masquerade && seen.rules.forward && seen.rules.fully_random);
	assert_true(seen.rules.has_v4);
	assert_string_equal(seen.rules.device, "ovnet0");
	assert_false(seen.rules.has_v6);
	assert_true(ovnet_prefix4_equal(&seen.rules.network, &parts.node.netconf.network));
	assert_true(ovnet_prefix4_equal(&seen.rules.subnet, &parts.node.own.subnet));
	/* IPv6 only where both have it. */
	parts_lease(PARTS_DUAL, PARTS_OWN, NULL);
	firewall_job_update(&job);
	run_job();
	assert_false(fake_firewall_seen().rules.has_v6);
	parts_lease(PARTS_NET, PARTS_OWN, PARTS_OWN6);
	firewall_job_update(&job);
	run_job();
	assert_false(fake_firewall_seen().rules.has_v6);
	parts_lease(PARTS_DUAL, PARTS_OWN, PARTS_OWN6);
	firewall_job_update(&job);
	run_job();
	seen = fake_firewall_seen();
	assert_int_equal(seen.applied, 4);
	assert_true(seen.rules.has_v6);
	assert_true(ovnet_prefix6_equal(&seen.rules.network6, &parts.node.netconf.network6));
	assert_true(ovnet_prefix6_equal(&seen.rules.subnet6, &parts.node.own.subnet6));
}

static void rules_are_as_configured(void **state)
{
	(void)state;
	parts.conf.host.fully_random_disable = true;
	parts.conf.host.forward_rules = false;
	firewall_job_update(&job);
	runs_again_in(5);
	struct fake_firewall seen = fake_firewall_seen();
	assert_true(seen.rules.masquerade && !seen.rules.fully_random && !seen.rules.forward);
	parts.conf.host.ip_masq = false;
	parts.conf.host.forward_rules = true;
	firewall_job_update(&job);
	runs_again_in(5);
	seen = fake_firewall_seen();
	assert_true(!seen.rules.masquerade && seen.rules.forward);
	/* Those of an earlier start are removed, and that is that. */
	parts.conf.host.forward_rules = false;
	firewall_job_update(&job);
	run_job();
	seen = fake_firewall_seen();
	assert_int_equal(seen.applied, 3);
	assert_true(!seen.rules.masquerade && !seen.rules.forward);
	assert_int_equal(due(), -1);
}

/* --- when --- */

static void rules_are_looked_after(void **state)
{
	(void)state;
	firewall_job_update(&job);
	runs_again_in(5);
	is_due();
	parts.conf.host.rules_resync = 7;
	runs_again_in(7);
	assert_int_equal(applied(), 2);
}

static void what_changes_meanwhile_makes_a_second_job(void **state)
{
	(void)state;
	fake_firewall_hold(true);
	firewall_job_update(&job);
	parts_turn();
	assert_non_null(job.job);
	assert_int_equal(ovnet_prefix4_parse("10.5.83.0/24", &parts.node.own.subnet), 0);
	firewall_job_update(&job);
	firewall_job_update(&job);
	parts_turn(); /* one at a time */
	struct firewall_run *first = job.job;
	assert_non_null(first);
	assert_int_equal(due(), -1);
	fake_firewall_hold(false);
	wait_for_job();
	assert_int_equal(applied(), 1);
	assert_int_equal(fake_firewall_seen().rules.subnet.addr_host, 0x0a055200);
	assert_int_equal(job.made, 1);
	runs_again_in(5);
	assert_int_equal(applied(), 2);
	assert_int_equal(fake_firewall_seen().rules.subnet.addr_host, 0x0a055300);
	assert_int_equal(job.made, job.wanted);
}

static void a_failure_is_told_and_tried_again(void **state)
{
	(void)state;
	fake_firewall_fail("no nftables here");
	firewall_job_update(&job);
	runs_again_in(5);
	assert_string_equal(parts_warning("masquerade"),
		"masquerade rules are not as they should be (host.ip-masq): no nftables here");
	assert_string_equal(parts_warning("forward-rules"),
		"packets of the overlay may be dropped in FORWARD (host.forward-rules): no "
		"nftables here");
	assert_int_equal(job.made, 0);
	is_due();
	runs_again_in(5);
	assert_int_equal(job.made, 0);
	fake_firewall_fail(NULL);
	is_due();
	runs_again_in(5);
	assert_string_equal(parts_warning("masquerade"), "");
	assert_string_equal(parts_warning("forward-rules"), "");
	assert_int_equal(job.made, 1);
	assert_int_equal(applied(), 3);
}

static void each_kind_has_a_warning_of_its_own(void **state)
{
	(void)state;
	parts.conf.host.forward_rules = false;
	fake_firewall_fail("no nftables here");
	firewall_job_update(&job);
	runs_again_in(5);
	assert_string_not_equal(parts_warning("masquerade"), "");
	assert_string_equal(parts_warning("forward-rules"), "");
	parts.conf.host.ip_masq = false;
	parts.conf.host.forward_rules = true;
	is_due();
	runs_again_in(5);
	assert_string_equal(parts_warning("masquerade"), "");
	assert_string_not_equal(parts_warning("forward-rules"), "");
	assert_int_equal(job.made, 0);
}

/* --- the end --- */

static void the_end_does_not_wait_for_others(void **state)
{
	struct firewall_job unborn = {0};

	(void)state;
	fake_firewall_hold(true);
	firewall_job_update(&job);
	parts_turn();
	assert_non_null(job.job);
	firewall_job_fini(&job); /* hangs, if nobody told the job */
	assert_null(job.job);
	assert_null(job.timer);
	firewall_job_fini(&job);
	firewall_job_fini(&unborn);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_done_before_it_is_told),
		CASE(rules_are_the_networks),
		CASE(rules_are_as_configured),
		CASE(rules_are_looked_after),
		CASE(what_changes_meanwhile_makes_a_second_job),
		CASE(a_failure_is_told_and_tried_again),
		CASE(each_kind_has_a_warning_of_its_own),
		CASE(the_end_does_not_wait_for_others),
	};

	return parts_run("host_firewall", tests, RTE_DIM(tests));
}
