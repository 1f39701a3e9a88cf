/* SPDX-License-Identifier: BSD-3-Clause */
/* Attach ports that come, change and go while the daemon runs. */
#include "bed/orders.h"

static void one_comes_changes_and_goes(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it = add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":"
				  "[\"10.5.9.7\",\"10.5.9.64/26\"],\"queues\":2}");
	struct ovnet_port *port = it->port;

	assert_true(wired_polls(w, port));
	assert_int_equal(changed, 1);
	assert_int_equal(fake_drivers.queues[port->id], 2);
	assert_int_equal(lives(w, "10.5.9.7"), port->id);
	assert_int_equal(lives(w, "10.5.9.65"), port->id);
	assert_ptr_equal(attach_of(&attach, port), it);
	assert_ptr_equal(attach_find(&attach, "gen"), it);

	assert_int_equal(
		set("gen", "{\"addresses\":\"10.5.9.8\",\"mac\":\"02:00:00:00:00:08\"}"), 0);
	assert_ptr_equal(it->port, port); /* packets flow on */
	assert_int_equal(changed, 2);
	assert_int_equal(lives(w, "10.5.9.7"), w->host.port->id);
	assert_int_equal(lives(w, "10.5.9.65"), w->host.port->id);
	assert_int_equal(lives(w, "10.5.9.8"), port->id);
	assert_true(it->conf.has_mac);
	assert_int_equal(set("gen", "{\"mac\":null}"), 0);
	assert_false(it->conf.has_mac);

	unsigned closed = fake_drivers.closed;
	assert_int_equal(del("gen"), 0);
	assert_int_equal(changed, 4);
	assert_false(wired_polls(w, port));
	assert_int_equal(lives(w, "10.5.9.8"), w->host.port->id);
	assert_null(attach_find(&attach, "gen"));
	assert_null(attach_of(&attach, port));
	assert_int_equal(fake_drivers.closed, closed);
	assert_int_equal(ovnet_rcu_reclaim(&w->engine.shared.rcu), 0);
	assert_int_equal(fake_drivers.closed, closed + 1);
	assert_null(attach.closing);
	stop(w);
}

/* A port lasts a moment longer than its order. */
static void what_wants_its_device_is_behind_it(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it =
		add("{\"name\":\"box\",\"driver\":\"tap\",\"addresses\":\"10.5.9.7\"}");

	assert_int_equal(del("box"), 0);
	it = add("{\"name\":\"box2\",\"driver\":\"tap\",\"iface\":\"box\",\"addresses\":"
		 "\"10.5.9.8\"}");
	assert_true(it->behind);
	assert_null(it->port);
	assert_non_null(add("{\"name\":\"far\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.9\"}")
				->port); /* another device */
	assert_null(wired_warning(w, "attach"));
	changed = 0;
	(void)ovnet_rcu_reclaim(&w->engine.shared.rcu);
	assert_non_null(it->port);
	assert_false(it->behind);
	assert_int_equal(changed, 1);
	assert_true(wired_polls(w, it->port));
	assert_int_equal(lives(w, "10.5.9.8"), it->port->id);

	assert_int_equal(set("box2", "{\"mtu\":1300}"), 0);
	assert_null(it->port);
	assert_true(it->behind);
	assert_int_equal(lives(w, "10.5.9.8"), w->host.port->id);
	(void)ovnet_rcu_reclaim(&w->engine.shared.rcu);
	assert_int_equal(fake_drivers.mtu[it->port->id], 1300);
	assert_int_equal(lives(w, "10.5.9.8"), it->port->id);
	/* Twice while it closes, and gone before it is open. */
	assert_int_equal(set("box2", "{\"mtu\":1200}"), 0);
	assert_int_equal(set("box2", "{\"mtu\":\"\",\"queues\":\"3\"}"), 0);
	assert_int_equal(del("box2"), 0);
	while (ovnet_rcu_reclaim(&w->engine.shared.rcu) > 0)
		;
	assert_null(attach.closing);
	assert_null(attach_find(&attach, "box2"));
	stop(w);
}

static void what_will_not_do_changes_nothing(void **state)
{
	static const struct {
		const char *members, *says;
	} bad[] = {
		{"{\"name\":\"a\",\"addresses\":\"10.5.9.9\"}", "driver dpdk without devargs"},
		{"{\"name\":\"a\",\"driver\":\"tap\"}", "without addresses; give"},
		{"{\"driver\":\"tap\",\"addresses\":\"10.5.9.9\"}", "without a name"},
		{"{\"name\":\"a b\",\"driver\":\"tap\",\"addresses\":\"10.5.9.9\"}",
			"\"a b\" will not do"},
		{"{\"name\":\"a\",\"driver\":\"tap\",\"address\":\"10.5.9.9\"}",
			"address: no such member, did you mean \"addresses\"?"},
		{"{\"name\":\"a\",\"driver\":\"tap\",\"addresses\":{}}", "addresses: is no text"},
		{"{\"name\":\"a\",\"driver\":\"tap\",\"addresses\":\"10.5.9.9\",\"queues\":99}",
			"queues: 99 is out of range"},
		{"{\"name\":\"a\",\"driver\":\"tap\",\"addresses\":\"10.5.10.9\"}",
			"address 10.5.10.9/32 is not in this node's subnet 10.5.9.0/24 or "
			"fd05:0:0:9::/64"},
		{"{\"name\":\"a\",\"driver\":\"tap\",\"addresses\":\"10.5.9.5\"}",
			"address 10.5.9.5/32 is port fixed's already"},
		{"{\"name\":\"fixed\",\"driver\":\"tap\",\"addresses\":\"10.5.9.9\"}",
			"the name fixed is port fixed's already"},
		{"{\"name\":\"a\",\"devargs\":\"net_x,q=1\",\"addresses\":\"10.5.9.9\"}",
			"device net_x is port gen's already"},
		{"{\"name\":\"a\",\"devargs\":\"net_y\",\"addresses\":\"10.5.9.9\",\"mac\":"
		 "\"02:00:00:00:00:07\"}",
			"MAC 02:00:00:00:00:07 is port gen's already"},
		{"{\"name\":\"ovnet0\",\"driver\":\"tap\",\"addresses\":\"10.5.9.9\"}",
			"ovnet0 is the host device"},
		{"{\"name\":\"a\",\"devargs\":\"net_y\",\"addresses\":\"10.5.9.9\",\"queues\":31,"
		 "\"descriptors\":32768}",
			"packet buffers, made at the start"},
		{"{\"name\":\"a\",\"driver\":\"af_xdp\",\"iface\":\"v0\",\"addresses\":"
		 "\"10.5.9.9\"}",
			"there is no interface v0"},
	};
	(void)state;
	struct wired *w = start(CONF);
	struct ovnet_port *gen =
		add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.7\",\"mac\":"
		    "\"02:00:00:00:00:07\"}")
			->port;

	changed = 0;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		if (add_as(ATTACH_STATE, false, bad[i].members) != NULL)
			fail_msg("accepted: %s", bad[i].members);
		said(bad[i].says);
		assert_int_equal(attach.n, 2);
	}
	/* The driver's own words. */
	fake_drivers.no_dpdk = true;
	assert_null(add_as(ATTACH_STATE, false,
		"{\"name\":\"a\",\"devargs\":\"net_y\",\"addresses\":\"10.5.9.9\"}"));
	said("port a: Operation not supported");
	assert_int_equal(set("gen", "{\"name\":\"b\"}"), -EINVAL);
	said("a port keeps its name");
	assert_int_equal(set("gen", "{\"addresses\":\"10.5.9.5\"}"), -EINVAL);
	said("is port fixed's already");
	assert_int_equal(set("gen", "{\"mtu\":\"many\"}"), -EINVAL);
	said("port gen: mtu: \"many\" will not do");
	assert_int_equal(del("nobody"), -ENOENT);
	said("there is no port nobody");
	assert_int_equal(changed, 0);
	assert_ptr_equal(attach_find(&attach, "gen")->port, gen);
	assert_int_equal(lives(w, "10.5.9.7"), gen->id);
	assert_int_equal(lives(w, "10.5.9.9"), w->host.port->id);
	stop(w);
}

static void who_wants_it_may_change_it(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *vm = add_as(ATTACH_VM, false,
		"{\"name\":\"vm1\",\"driver\":\"tap\",\"addresses\":\"10.5.9.7\"}");

	assert_non_null(vm);
	assert_int_equal(del("vm1"), -EPERM);
	said("port vm1 is a VM's; see `ovnetctl vm show vm1`");
	assert_int_equal(del("fixed"), -EPERM);
	said("port fixed is of the configuration; change it there");
	assert_int_equal(set("fixed", "{\"mtu\":1300}"), -EPERM);
	said("port fixed is of the configuration");
	add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.8\"}");
	assert_int_equal(del_as(ATTACH_VM, "gen"), -EPERM);
	said("port gen is one of `ovnetctl port add`");
	assert_int_equal(del_as(ATTACH_VM, "vm1"), 0);
	assert_int_equal(attach.n, 2);
	stop(w);
}

/* Its guest has that interface already. */
static void a_tap_keeps_the_mac_it_got(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it =
		add("{\"name\":\"box\",\"driver\":\"tap\",\"addresses\":\"10.5.9.7\"}");
	struct ovnet_mac mac = it->conf.mac;
	struct ovnet_port *port = it->port;

	assert_true(it->conf.has_mac);
	assert_int_equal(set("box", "{\"addresses\":\"10.5.9.8\"}"), 0);
	assert_ptr_equal(it->port, port);
	assert_true(ovnet_mac_equal(&it->conf.mac, &mac));
	again(w);
	assert_true(ovnet_mac_equal(&attach_find(&attach, "box")->conf.mac, &mac));
	assert_int_equal(set("box", "{\"mac\":\"02:00:00:00:00:99\"}"), 0);
	assert_true(attach_find(&attach, "box")->behind); /* another interface */
	stop(w);
}

static void one_that_cannot_be_opened_may_stay(void **state)
{
	struct ovnet_link link = {.name = "v0", .kind = "veth", .mtu = 1500};
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it = add_as(ATTACH_STATE, true,
		"{\"name\":\"pod\",\"driver\":\"af_xdp\",\"iface\":\"v0\",\"addresses\":"
		"\"10.5.9.7\"}");

	assert_non_null(it);
	assert_null(it->port);
	assert_non_null(strstr(it->why, "there is no interface v0"));
	assert_non_null(wired_warning(w, "attach"));
	link.ifindex = fake_link_add("v0", "veth", 1500, NULL);
	attach_link_changed(&attach, &link);
	assert_non_null(it->port);
	assert_null(wired_warning(w, "attach"));
	/* The kernel lets go of the queue some time after the socket was closed. */
	assert_int_equal(set("pod", "{\"queues\":2}"), 0);
	while (ovnet_rcu_reclaim(&w->engine.shared.rcu) > 0)
		;
	assert_null(it->port);
	attach_look(&attach);
	assert_true(it->behind);
	attach_look(&attach);
	assert_non_null(it->port);
	stop(w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, orders_make, orders_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_comes_changes_and_goes),
		CASE(what_wants_its_device_is_behind_it),
		CASE(what_will_not_do_changes_nothing),
		CASE(who_wants_it_may_change_it),
		CASE(a_tap_keeps_the_mac_it_got),
		CASE(one_that_cannot_be_opened_may_stay),
	};

	return cmocka_run_group_tests_name("attach_order", tests, wired_eal, NULL);
}
