/* SPDX-License-Identifier: BSD-3-Clause */
/* Attach ports: opened with the lease, entered into the tables, followed, opened again. */
#include "attach/attach.h"
#include "bed/wired.h"

#define NODE   "node: { iface = \"u0\"; };\n"
#define CHECKS 200 /* more than any pause */

static struct attach attach;

/* A node with our lease, and nothing of its ports open yet. */
static struct wired *start(const char *conf)
{
	uint32_t u0 = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:01");

	fake_addr_add(u0, "192.168.77.1/24");
	struct wired *w = wired_open(conf);
	assert_int_equal(
		attach_init(&attach, &w->engine, &w->ports, w->kernel, &w->node, NULL, NULL), 0);
	attach_check(&attach); /* no lease: nothing happens */
	assert_int_equal(w->ports.n, 2);
	wired_lease(w, WIRED_DUAL, WIRED_OWN2);
	return w;
}

static void stop(struct wired *w)
{
	attach_fini(&attach);
	wired_close(w);
}

static struct ovnet_port *port(unsigned i)
{
	return attach.items[i]->port;
}

static const struct ovnet_endpoint *endpoint(const struct wired *w, const char *text)
{
	const struct ovnet_fib_view *view = atomic_load(&w->engine.shared.fib.view);
	const struct ovnet_addr a = wired_addr(text);

	return a.family == AF_INET6 ? ovnet_fib_endpoint6(view, a.v6)
				    : ovnet_fib_endpoint(view, ntohl(a.v4_be));
}

static void lives_at(const struct wired *w, const char *text, const struct ovnet_port *p)
{
	assert_int_equal(endpoint(w, text)->port, p->id);
}

static void says(const struct wired *w, const char *key, const char *part)
{
	const char *text = wired_warning(w, key);

	if (text == NULL || strstr(text, part) == NULL)
		fail_msg("\"%s\" not in %s: %s", part, key, text != NULL ? text : "(none)");
}

static void opened_and_entered(void **state)
{
	(void)state;
	const struct ovnet_mac mac = wired_mac("02:00:00:00:00:07");
	struct wired *w = start(
		NODE "ports = ( { name = \"gen0\"; devargs = \"net_x\"; mtu = 1300; queues = 2;\n"
		     "descriptors = 256; addresses = \"10.5.9.0/25,fd05:0:0:9::7\"; },\n"
		     "{ name = \"box\"; driver = \"tap\"; addresses = \"10.5.9.7,10.5.9.200\";\n"
		     "mac = \"02:00:00:00:00:07\"; } );");

	attach_open(&attach);
	assert_null(wired_warning(w, "attach"));
	assert_null(wired_warning(w, "attach-addresses"));
	assert_int_equal(w->ports.n, 4);
	assert_string_equal(port(0)->name, "gen0");
	assert_int_equal(port(0)->role, OVNET_PORT_ATTACH);
	assert_true(wired_polls(w, port(0)) && wired_polls(w, port(1)));
	assert_int_equal(fake_drivers.mtu[port(0)->id], 1300);
	assert_int_equal(fake_drivers.queues[port(0)->id], 2);
	assert_int_equal(fake_drivers.descriptors[port(0)->id], 256);
	assert_int_equal(fake_drivers.mtu[port(1)->id], w->node.overlay_mtu);
	assert_int_equal(fake_drivers.queues[port(1)->id], 1);
	lives_at(w, "10.5.9.1", port(0));
	lives_at(w, "10.5.9.127", port(0));
	lives_at(w, "10.5.9.7", port(1)); /* the longer one */
	lives_at(w, "10.5.9.200", port(1));
	lives_at(w, "10.5.9.128", w->host.port);
	lives_at(w, "fd05:0:0:9::7", port(0));
	lives_at(w, "fd05:0:0:9::8", w->host.port);
	assert_true(ovnet_mac_equal(&endpoint(w, "10.5.9.7")->mac, &mac));
	assert_false(ovnet_mac_is_unicast(&endpoint(w, "10.5.9.1")->mac)); /* any */
	assert_false(endpoint(w, "10.5.9.7")->l3);
	assert_ptr_equal(attach_of(&attach, port(1)), attach.items[1]);
	assert_null(attach_of(&attach, w->host.port));
	attach_open(&attach); /* once is enough */
	assert_int_equal(w->ports.n, 4);
	stop(w);
}

/* With another subnet other addresses are ours. */
static void addresses_follow_the_lease(void **state)
{
	(void)state;
	struct wired *w =
		start(NODE "ports = ( { name = \"a\"; devargs = \"net_x\";\n"
			   "addresses = \"10.5.9.7,10.5.10.7,10.5.0.0/16,fd05:0:0:9::/65\"; } );");

	attach_open(&attach);
	says(w, "attach-addresses",
		"10.5.10.7/32 of port a is not in this node's subnet 10.5.9.0/24 or "
		"fd05:0:0:9::/64 (2 such prefixes in all)");
	lives_at(w, "10.5.9.7", port(0));
	lives_at(w, "10.5.9.8", w->host.port);
	lives_at(w, "fd05:0:0:9::8", port(0));
	wired_lease(w, WIRED_VXLAN, "10.5.10.0-24");
	attach_enter(&attach);
	says(w, "attach-addresses",
		"10.5.9.7/32 of port a is not in this node's subnet 10.5.10.0/24 (3 such");
	lives_at(w, "10.5.10.7", port(0));
	lives_at(w, "10.5.10.8", w->host.port);
	stop(w);
}

static void a_port_that_does_not_open_stops_nobody(void **state)
{
	(void)state;
	struct wired *w = start(NODE
		"ports = ( { name = \"bad\"; devargs = \"net_x\"; addresses = \"10.5.9.7\"; },\n"
		"{ name = \"box\"; driver = \"tap\"; addresses = \"10.5.9.8\"; } );");
	unsigned checks = 0;

	fake_drivers.no_dpdk = true;
	attach_open(&attach);
	assert_null(port(0));
	lives_at(w, "10.5.9.8", port(1));
	lives_at(w, "10.5.9.7", w->host.port);
	says(w, "attach", "1 of 2 attach ports are not open, bad for one");
	/* Less and less often, and never given up. */
	unsigned asked = fake_drivers.refused;
	for (unsigned i = 0; i < CHECKS; i++)
		attach_check(&attach);
	assert_in_range(fake_drivers.refused - asked, 4, 12);
	fake_drivers.no_dpdk = false;
	while (port(0) == NULL && checks++ < CHECKS)
		attach_check(&attach);
	assert_non_null(port(0));
	assert_true(wired_polls(w, port(0)));
	lives_at(w, "10.5.9.7", port(0));
	assert_null(wired_warning(w, "attach"));
	stop(w);
}

static void an_interface_is_waited_for(void **state)
{
	(void)state;
	struct ovnet_link link = {.name = "v0", .kind = "veth", .mtu = 1500};
	struct wired *w = start(NODE "ports = ( { name = \"pod\"; driver = \"af_xdp\"; iface = "
				     "\"v0\"; addresses = \"10.5.9.7\"; } );");

	attach_open(&attach);
	assert_null(port(0));
	says(w, "attach", "1 of 1 attach ports are not open, pod for one");
	link.ifindex = fake_link_add("v0", "veth", 1500, NULL);
	fake_link_set(&link); /* down */
	attach_link_changed(&attach, &link);
	assert_null(port(0));
	link.up = link.running = true;
	fake_link_set(&link);
	attach_link_changed(&attach, &link);
	assert_non_null(port(0));
	lives_at(w, "10.5.9.7", port(0));
	assert_null(wired_warning(w, "attach"));
	stop(w);
}

/* Unseen, or told by an event; under the same id, so that the tables are right as they are. */
static void a_deleted_interface_is_opened_again(void **state)
{
	(void)state;
	struct ovnet_link link = {.name = "v0"};
	struct wired *w = start(NODE "ports = ( { name = \"pod\"; driver = \"af_xdp\"; iface = "
				     "\"v0\"; addresses = \"10.5.9.7\"; } );");

	link.ifindex = fake_link_add("v0", "veth", 1500, NULL);
	attach_open(&attach);
	for (unsigned round = 0; round < 2; round++) {
		struct ovnet_port *was = port(0);
		uint16_t id = was->id;
		fake_link_del(link.ifindex);
		if (round == 0)
			attach_link_changed(&attach, &link);
		else
			attach_check(&attach);
		assert_true(ports_is_lost(&w->ports, was));
		assert_false(wired_polls(w, was));
		says(w, "attach", "1 of 1 attach ports are not open, pod for one");
		link.ifindex = fake_link_add("v0", "veth", 1500, NULL);
		wired_run(w); /* those that are lost are looked for at once */
		assert_ptr_not_equal(port(0), was);
		assert_int_equal(port(0)->id, id);
		assert_true(wired_polls(w, port(0)));
		assert_null(wired_warning(w, "attach"));
		lives_at(w, "10.5.9.7", port(0));
	}
	stop(w);
}

/* Nobody tells: it was in a container's namespace. What cannot be asked is left alone. */
static void a_tap_that_ends_elsewhere_is_made_anew(void **state)
{
	(void)state;
	struct wired *w =
		start(NODE "ports = ( { name = \"box\"; driver = \"tap\"; addresses = "
			   "\"10.5.9.7\"; }, { name = \"gen\"; driver = \"dpdk\"; devargs = "
			   "\"net_x\"; addresses = \"10.5.9.8\"; } );");

	attach_look(&attach); /* nothing is open */
	attach_open(&attach);
	struct ovnet_port *was = port(0), *gen = port(1);
	uint16_t id = was->id;
	attach_look(&attach);
	assert_false(ports_is_lost(&w->ports, was));
	fake_link_del(was->ifindex);
	attach_look(&attach);
	assert_true(ports_is_lost(&w->ports, was));
	wired_run(w);
	assert_ptr_not_equal(port(0), was);
	assert_int_equal(port(0)->id, id);
	assert_true(wired_polls(w, port(0)));
	lives_at(w, "10.5.9.7", port(0));
	assert_ptr_equal(port(1), gen);
	assert_false(ports_is_lost(&w->ports, gen));
	stop(w);
}

/* Known only when the uplink is: what the configuration cannot tell. */
static void a_name_that_is_taken(void **state)
{
	(void)state;
	struct wired *w =
		start("ports = ( { name = \"u0\"; driver = \"dpdk\"; devargs = \"net_x\";\n"
		      "addresses = \"10.5.9.7\"; } ); node: { iface = \"192.168.77.1\"; };");

	attach_open(&attach);
	assert_null(port(0));
	assert_int_equal(w->ports.n, 2);
	says(w, "attach", "1 of 1 attach ports are not open, u0 for one");
	stop(w);
}

static void without_ports_nothing_happens(void **state)
{
	(void)state;
	const struct ovnet_link link = {.ifindex = 1};
	struct wired *w = start(NODE);

	attach_open(&attach);
	attach_enter(&attach);
	attach_check(&attach);
	attach_link_changed(&attach, &link);
	assert_int_equal(w->ports.n, 2);
	assert_int_equal(attach_max_mtu(&w->conf), 0);
	stop(w);
	attach = (struct attach){0}; /* before init, as when the kernel speaks early */
	attach_link_changed(&attach, &link);
	attach_check(&attach);
	attach_fini(&attach);
}

int main(void)
{
#define ATTACH(f) cmocka_unit_test_setup(f, wired_reset)
	const struct CMUnitTest tests[] = {
		ATTACH(opened_and_entered),
		ATTACH(addresses_follow_the_lease),
		ATTACH(a_port_that_does_not_open_stops_nobody),
		ATTACH(an_interface_is_waited_for),
		ATTACH(a_deleted_interface_is_opened_again),
		ATTACH(a_tap_that_ends_elsewhere_is_made_anew),
		ATTACH(a_name_that_is_taken),
		ATTACH(without_ports_nothing_happens),
	};
	return cmocka_run_group_tests_name("attach", tests, wired_eal, NULL);
}
