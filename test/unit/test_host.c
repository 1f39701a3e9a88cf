/* SPDX-License-Identifier: BSD-3-Clause */
/* The host device: what it is given in the kernel, and what becomes of it in other people's hands.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "bed/fake_port.h"
#include "bed/parts.h"
#include "host/host.h"

static struct host host;
static struct blackhole blackhole;
static unsigned routes_gone;
static bool down_then; /* host.down when the routes were told of */

/* Instead of lib/port's. */
const struct ovnet_driver ovnet_driver_host = FAKE_PORT("host");

/* --- the bed --- */

static void on_routes_gone(void *arg)
{
	assert_ptr_equal(arg, &parts);
	routes_gone++;
	down_then = host.down;
}

static void on_link(void *arg, const struct ovnet_link *link)
{
	host_link_changed(arg, link);
}

static int set_up(void **state)
{
	static const struct ovnet_kernel_events heard = {.link_changed = on_link};
	static const struct host_events events = {.routes_gone = on_routes_gone};

	fake_port = (struct fake_port){.links = true};
	routes_gone = 0;
	down_then = true;
	assert_int_equal(parts_open(state), 0);
	parts_kernel(&heard, &host);
	assert_int_equal(blackhole_init(&blackhole, parts.kernel, parts.base, &parts.underlay), 0);
	host_init(&host, parts.kernel, &parts.ports, &parts.node, &blackhole, &events, &parts);
	return 0;
}

static int tear_down(void **state)
{
	blackhole_fini(&blackhole);
	return parts_close(state);
}

static void open_host(void)
{
	assert_int_equal(host_open(&host, NULL), 0);
	assert_int_equal(ports_publish(&parts.ports), 0);
}

/* As after the lease was taken; what that made the kernel say is told. */
static void ready(const char *netconf, const char *own6)
{
	open_host();
	parts_lease(netconf, PARTS_OWN, own6);
	assert_int_equal(host_set_up(&host), 0);
	node_advance(&parts.node, NODE_READY);
	fake_tell();
	assert_int_equal(routes_gone, 0);
	memset(fake.calls, 0, sizeof(fake.calls));
}

static const struct ovnet_link *device(void)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (fake.link[i].ifindex == host.port->ifindex)
			return &fake.link[i];
	fail_msg("the host device is not there");
	return NULL;
}

static void set_device(bool up)
{
	struct ovnet_link l = *device();

	l.up = up;
	fake_link_set(&l);
}

/* The host device's addresses, no others: "10.5.82.0/32 fd05:0:0:52::/128". */
static void has_addresses(const char *want)
{
	char have[256] = "", one[OVNET_ADDR_STRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < fake.n_addrs; i++) {
		const struct fake_addr *a = &fake.addr[i];
		if (a->ifindex == host.port->ifindex)
			n += (size_t)snprintf(have + n, sizeof(have) - n, "%s%s/%u",
				n > 0 ? " " : "", ovnet_addr_text(&a->addr, one, sizeof(one)),
				a->len);
	}
	assert_string_equal(have, want);
}

/* --- set-up --- */

static void is_opened_as_configured(void **state)
{
	struct ovnet_patience patience = {0};

	(void)state;
	fake_port.refuses = -EPERM;
	assert_int_equal(host_open(&host, &patience), -EPERM);
	assert_null(host.port);
	host_check(&host); /* nothing to look after */
	assert_int_equal(fake.calls[FAKE_LINK], 0);
	fake_port.refuses = 0;
	assert_int_equal(host_open(&host, &patience), 0);
	assert_string_equal(host.port->name, "ovnet0");
	assert_int_equal(fake_port.conf.role, OVNET_PORT_HOST);
	assert_int_equal(fake_port.conf.queues, 2);
	assert_ptr_equal(fake_port.conf.patience, &patience);
	assert_ptr_equal(ports_at(&parts.ports, 0), host.port);
}

static void is_set_up_by_the_lease(void **state)
{
	(void)state;
	open_host();
	parts_lease(PARTS_NET, PARTS_OWN, NULL);
	set_device(false);
	fake_addr_add(host.port->ifindex, "10.5.7.0/32"); /* of a former lease */
	assert_int_equal(host_set_up(&host), 0);
	has_addresses("10.5.82.0/32");
	assert_int_equal(device()->mtu, 1450);
	assert_true(device()->up);
	assert_int_equal(fake_routes_of_ours(0), 1);
	assert_non_null(fake_route_of_ours(0, "10.5.0.0/16"));
	assert_int_equal(blackhole.host_ifindex, host.port->ifindex);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 1);
	assert_int_equal(routes_gone, 0);
}

static void is_set_up_with_both_ip_versions(void **state)
{
	(void)state;
	open_host();
	parts_lease(PARTS_DUAL, PARTS_OWN, PARTS_OWN6);
	assert_int_equal(host_set_up(&host), 0);
	has_addresses("10.5.82.0/32 fd05:0:0:52::/128");
	assert_int_equal(fake_routes_of_ours(0), 2);
	assert_non_null(fake_route_of_ours(0, "10.5.0.0/16"));
	assert_non_null(fake_route_of_ours(0, "fd05::/48"));
}

/* The network has IPv6, the lease has not. */
static void what_the_lease_has_not_is_not_set_up(void **state)
{
	(void)state;
	open_host();
	parts_lease(PARTS_DUAL, PARTS_OWN, NULL);
	assert_int_equal(host_set_up(&host), 0);
	has_addresses("10.5.82.0/32");
	assert_int_equal(fake_routes_of_ours(0), 1);
}

static void a_list_that_cannot_be_made_stops_the_set_up(void **state)
{
	(void)state;
	open_host();
	parts_lease(PARTS_NET, PARTS_OWN, NULL);
	fake_addr_add(fake_link_add("eth1", "", 1500, NULL), "10.5.3.1/24");
	fake_fail(FAKE_MAIN_ROUTES, -ENOBUFS, 1);
	assert_int_equal(host_set_up(&host), -ENOMEM);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	has_addresses("");
}

/* --- down and up --- */

static void routes_are_told_of_once_it_is_up_again(void **state)
{
	(void)state;
	ready(PARTS_DUAL, PARTS_OWN6);
	set_device(false);
	has_addresses("10.5.82.0/32"); /* the kernel took the other */
	fake_tell();
	assert_true(host.down);
	assert_string_equal(parts_warning("host-down"),
		"host device ovnet0 is down: the node's overlay packets are dropped until `ip link "
		"set ovnet0 up`");
	assert_int_equal(routes_gone, 0);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	host_check(&host);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	set_device(true);
	fake_tell();
	assert_false(host.down);
	assert_false(down_then);
	assert_string_equal(parts_warning("host-down"), "");
	has_addresses("10.5.82.0/32 fd05:0:0:52::/128");
	assert_int_equal(routes_gone, 1);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 1);
	fake_tell();
	host_check(&host);
	assert_int_equal(routes_gone, 1);
}

static void before_there_is_a_lease_it_may_be_down(void **state)
{
	(void)state;
	open_host();
	set_device(false);
	fake_tell();
	set_device(true);
	fake_tell();
	assert_false(host.down);
	assert_string_equal(parts_warning("host-down"), "");
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	assert_int_equal(routes_gone, 0);
}

static void a_set_up_that_fails_is_tried_again(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	set_device(false);
	fake_tell();
	fake_fail(FAKE_HOST_SETUP, -EPERM, 2);
	set_device(true);
	fake_tell();
	assert_true(host.down);
	assert_int_equal(routes_gone, 0);
	host_check(&host);
	assert_true(host.down);
	assert_int_equal(routes_gone, 0);
	host_check(&host);
	assert_false(host.down);
	assert_int_equal(routes_gone, 1);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 3);
	host_check(&host);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 3);
}

/* --- addresses --- */

static void a_removed_address_is_put_back(void **state)
{
	(void)state;
	ready(PARTS_DUAL, PARTS_OWN6);
	fake_addr_del(host.port->ifindex, "10.5.82.0");
	fake_tell();
	has_addresses("fd05:0:0:52::/128 10.5.82.0/32");
	assert_int_equal(routes_gone, 1);
	fake_addr_del(host.port->ifindex, "fd05:0:0:52::");
	fake_tell();
	has_addresses("10.5.82.0/32 fd05:0:0:52::/128");
	assert_int_equal(routes_gone, 2);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 2);
	assert_false(host.down);
	assert_string_equal(parts_warning("host-down"), "");
}

static void one_that_cannot_be_put_back_is_tried_again(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	fake_fail(FAKE_HOST_SETUP, -EPERM, 1);
	fake_addr_del(host.port->ifindex, "10.5.82.0");
	fake_tell();
	has_addresses("");
	assert_int_equal(routes_gone, 0);
	host_check(&host);
	has_addresses("10.5.82.0/32");
	assert_int_equal(routes_gone, 1);
}

static void others_addresses_are_theirs(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	fake_addr_add(host.port->ifindex, "192.0.2.1/32");
	fake_addr_add(host.port->ifindex, "fd05:0:0:52::/128"); /* no lease of IPv6 */
	fake_tell();
	fake_addr_del(host.port->ifindex, "192.0.2.1");
	fake_tell();
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	assert_int_equal(routes_gone, 0);
}

/* --- gone --- */

static void one_that_is_deleted_is_made_anew(void **state)
{
	(void)state;
	ready(PARTS_DUAL, PARTS_OWN6);
	uint32_t first = host.port->ifindex;
	fake_link_del(first);
	fake_tell();
	assert_true(host.down);
	assert_true(ports_is_lost(&parts.ports, host.port));
	assert_int_equal(fake_port.lost, 1);
	assert_true(strstr(parts_warning("host-down"),
			    "host device ovnet0 was deleted by somebody: making it anew") != NULL);
	assert_int_equal(routes_gone, 0);
	host_check(&host); /* it is lost already */
	assert_int_equal(fake_port.lost, 1);
	parts_turn();
	assert_int_equal(fake_port.opened, 2);
	assert_null(fake_port.conf.patience);
	assert_false(ports_is_lost(&parts.ports, host.port));
	assert_int_not_equal(host.port->ifindex, first);
	assert_int_equal(host.port->id, 0);
	assert_ptr_equal(ports_at(&parts.ports, 0), host.port);
	assert_false(host.down);
	assert_false(down_then);
	assert_string_equal(parts_warning("host-down"), "");
	has_addresses("10.5.82.0/32 fd05:0:0:52::/128");
	assert_int_equal(device()->mtu, 1450);
	assert_int_equal(blackhole.host_ifindex, host.port->ifindex);
	assert_int_equal(routes_gone, 1);
	fake_tell();
	assert_int_equal(routes_gone, 1);
}

static void before_there_is_a_lease_it_is_only_opened(void **state)
{
	(void)state;
	open_host();
	fake_link_del(host.port->ifindex);
	fake_tell();
	assert_true(host.down);
	parts_turn();
	assert_int_equal(fake_port.opened, 2);
	assert_false(host.down);
	assert_string_equal(parts_warning("host-down"), "");
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	assert_int_equal(routes_gone, 0);
	has_addresses("");
}

static void one_that_does_not_open_stays_lost(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	struct ovnet_port *old = host.port;
	fake_port.refuses = -EBUSY;
	fake_link_del(old->ifindex);
	fake_tell();
	parts_turn();
	assert_int_equal(fake_port.asked, 2);
	assert_ptr_equal(host.port, old);
	assert_true(host.down);
	assert_true(ports_is_lost(&parts.ports, old));
	assert_int_equal(parts.ports.wait_ms, 1000); /* asked for again */
	assert_true(event_pending(parts.ports.timer, EV_TIMEOUT, NULL) != 0);
	/* Nor is it set up, though it came back as it was: from another network namespace. */
	fake_link_add("ovnet0", "tun", 1500, NULL);
	fake.link[fake.n_links - 1].ifindex = old->ifindex;
	host_check(&host);
	assert_int_equal(fake.calls[FAKE_HOST_SETUP], 0);
	assert_true(host.down);
	assert_int_equal(routes_gone, 0);
}

static void a_set_up_of_the_new_one_is_tried_again(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	fake_link_del(host.port->ifindex);
	fake_tell();
	fake_fail(FAKE_HOST_SETUP, -EPERM, 1);
	parts_turn();
	assert_false(ports_is_lost(&parts.ports, host.port));
	assert_true(host.down);
	assert_int_equal(routes_gone, 0);
	host_check(&host);
	assert_false(host.down);
	assert_int_equal(routes_gone, 1);
	has_addresses("10.5.82.0/32");
}

/* --- news --- */

static void old_news_change_nothing(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	struct ovnet_link was = *device(), other = *device();

	/* It says down; it is up again. */
	was.up = false;
	host_link_changed(&host, &was);
	assert_false(host.down);
	/* It says up; it is down again. */
	set_device(false);
	fake_tell();
	was.up = true;
	host_link_changed(&host, &was);
	assert_true(host.down);
	assert_int_equal(routes_gone, 0);
	set_device(true);
	fake_tell();
	assert_int_equal(routes_gone, 1);
	/* Another's. */
	other.ifindex++;
	unsigned asked = fake.calls[FAKE_LINK];
	host_link_changed(&host, &other);
	assert_int_equal(fake.calls[FAKE_LINK], asked);
	/* Of the one that was, when there is none and when there is another. */
	fake_link_del(was.ifindex);
	fake_tell();
	host_link_changed(&host, &was);
	assert_int_equal(fake_port.lost, 1);
	parts_turn();
	host_link_changed(&host, &was);
	assert_int_equal(fake_port.lost, 1);
	assert_false(host.down);
	assert_int_equal(routes_gone, 2);
}

static void no_answer_is_no_news(void **state)
{
	(void)state;
	ready(PARTS_NET, NULL);
	fake_fail(FAKE_LINK, -ENOBUFS, 1);
	host_check(&host);
	assert_false(host.down);
	assert_false(ports_is_lost(&parts.ports, host.port));
	assert_string_equal(parts_warning("host-down"), "");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(is_opened_as_configured),
		CASE(is_set_up_by_the_lease),
		CASE(is_set_up_with_both_ip_versions),
		CASE(what_the_lease_has_not_is_not_set_up),
		CASE(a_list_that_cannot_be_made_stops_the_set_up),
		CASE(routes_are_told_of_once_it_is_up_again),
		CASE(before_there_is_a_lease_it_may_be_down),
		CASE(a_set_up_that_fails_is_tried_again),
		CASE(a_removed_address_is_put_back),
		CASE(one_that_cannot_be_put_back_is_tried_again),
		CASE(others_addresses_are_theirs),
		CASE(one_that_is_deleted_is_made_anew),
		CASE(before_there_is_a_lease_it_is_only_opened),
		CASE(one_that_does_not_open_stays_lost),
		CASE(a_set_up_of_the_new_one_is_tried_again),
		CASE(old_news_change_nothing),
		CASE(no_answer_is_no_news),
	};

	return parts_run("host", tests, RTE_DIM(tests));
}
