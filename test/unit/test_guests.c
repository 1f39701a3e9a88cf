/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that are added and removed: addresses, ports, what they are told. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "bed/vms.h"

static void plugged_in_by_a_port_of_its_own(void **state)
{
	struct wired *w = vms_start(VMS_CONF);
	struct stat st;

	(void)state;
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *web = vms_added(w, "{\"name\":\"web.1\",\"queues\":3,\"server\":true}");
	vms_has(web, "10.5.9.192", "fd05:0:0:9::c0");
	const struct attached *it = attach_find(&vms_attach, "web.1");
	assert_non_null(it);
	assert_int_equal(it->source, ATTACH_VM);
	const struct conf_port *c = &it->conf;
	assert_int_equal(c->driver, CONF_PORT_VHOST);
	assert_string_equal(c->path, web->socket);
	assert_true(c->server && c->dhcp && c->has_mac);
	assert_int_equal(c->queues, 3);
	assert_int_equal(c->n_addresses, 2);
	assert_true(ovnet_mac_equal(&c->mac, &web->vm.mac));
	assert_int_equal(stat(w->conf.vm.socket_dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* What DHCP says is there, and goes with the port. */
	const struct ovnet_port *port = guests_port(&vms, web);
	assert_ptr_equal(port, it->port);
	assert_true(vms_told(w, web)->has4 && vms_told(w, web)->has6);
	assert_string_equal(vms_told(w, web)->hostname, "web-1");
	assert_int_equal(vms_told(w, web)->router4, htonl(0x0a050901));
	const uint16_t id = port->id;
	assert_int_equal(guests_del(&vms, "web.1", vms_err, sizeof(vms_err)), 0);
	wired_run(w);
	assert_null(ovnet_guest_of(&w->engine.shared, id));
	assert_null(attach_find(&vms_attach, "web.1"));
	assert_int_equal(vms.n, 0);
	vms_stop(w);
}

/* .192 is free, .193 a TAP's, .194's IPv6 twin a generator's, .195 a container's; 8 in all. */
static void what_others_have_is_not_given(void **state)
{
	struct wired *w = vms_start(VMS_CONF);

	(void)state;
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	vms_used = "fd05:0:0:9::c3";
	vms_has(vms_added(w, "{\"name\":\"a\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	vms_has(vms_added(w, "{\"name\":\"b\"}"), "10.5.9.196", "fd05:0:0:9::c4");
	vms_refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.193\"}", "in use by attach port box");
	vms_refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.194\"}", "in use by attach port gen");
	vms_refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.195\"}", "in use by container c1");
	vms_refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.192\"}", "in use by VM a");
	vms_refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.7\"}", "not in the VMs' part");
	vms_used = "10.5.9.197";
	vms_has(vms_added(w, "{\"name\":\"c\"}"), "10.5.9.195", "fd05:0:0:9::c3");
	vms_added(w, "{\"name\":\"d\"}");
	vms_added(w, "{\"name\":\"e\"}");
	vms_refused(
		w, "{\"name\":\"f\"}", "8 of 8 addresses of vm.pool, 10.5.9.192/29, are in use");
	assert_true(vms_asked > 0);
	vms_stop(w);
}

static void what_is_wrong_is_said(void **state)
{
	struct wired *w = vms_start(VMS_CONF);

	(void)state;
	vms_refused(w, "{\"name\":\"a\"}", "this node has no subnet yet");
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	vms_refused(w, "{\"name\":\"/\"}", "1 to 15 letters");
	vms_refused(w, "{\"name\":\"a\",\"memory\":1}", "32 to");
	vms_refused(w, "{\"name\":\"box\"}", "box");
	vms_added(w, "{\"name\":\"a\",\"mac\":\"02:00:00:00:00:99\"}");
	vms_refused(w, "{\"name\":\"c\",\"mem\":64}", "a VM has no \"mem\"");
	vms_refused(w, "{\"name\":\"a\"}", "there is a VM a (ovnetctl vm show a)");
	vms_refused(w, "{\"name\":\"b\",\"mac\":\"02:00:00:00:00:99\"}", "02:00:00:00:00:99");
	assert_int_equal(guests_del(&vms, "b", vms_err, sizeof(vms_err)), -ENOENT);
	assert_non_null(strstr(vms_err, "there is no VM b; ovnetctl vm list"));
	assert_int_equal(guests_del(&vms, "box", vms_err, sizeof(vms_err)), -ENOENT);
	vms_stop(w);
}

static void without_a_pool_there_are_none(void **state)
{
	struct wired *w = vms_start("node: { iface = \"u0\"; };\n");

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_null(wired_warning(w, "vm-pool"));
	vms_refused(w, "{\"name\":\"a\"}", "set vm.pool in ovnet.conf");
	vms_stop(w);
	w = vms_start("node: { iface = \"u0\"; };\nvm: { pool = \"10.6.0.0/24\"; };\n");
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_non_null(strstr(wired_warning(w, "vm-pool"), "10.5.9.128/25"));
	vms_refused(w, "{\"name\":\"a\"}", "is not in this node's subnet 10.5.9.0/24");
	vms_stop(w);
}

/* Soon after something changed, then seldom. */
static void routers_say_that_they_are_there(void **state)
{
	struct wired *w = vms_start(VMS_CONF);
	const int64_t began = monotonic_ms();

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	vms_added(w, "{\"name\":\"a\"}");
	assert_int_equal(vms.first, 0); /* there is no IPv6 */
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_int_equal(vms.first, OVNET_ADVERTISE_FIRST);
	for (unsigned i = 1; i < OVNET_ADVERTISE_FIRST; i++) {
		vms.advertise_at_ms = began;
		guests_check(&vms);
		assert_true(vms.advertise_at_ms > began);
		assert_true(vms.advertise_at_ms <=
			    monotonic_ms() + OVNET_ADVERTISE_FIRST_S * INT64_C(1000));
	}
	vms.advertise_at_ms = began;
	guests_check(&vms);
	assert_int_equal(vms.first, 0);
	const int64_t next = vms.advertise_at_ms;
	assert_true(next >= began + OVNET_ADVERTISE_MIN_S * INT64_C(1000));
	guests_check(&vms); /* it is not time */
	assert_int_equal(vms.advertise_at_ms, next);
	vms_stop(w);
}

static void many_take_several_turns(void **state)
{
	struct wired *w = vms_start("node: { iface = \"u0\"; };\nvm: { pool = \"/25\"; };\n");
	char json[64];

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	for (unsigned i = 0; i < 127; i++) {
		snprintf(json, sizeof(json), "{\"name\":\"vm%u\"}", i);
		vms_added(w, json);
	}
	vms_refused(w, "{\"name\":\"more\"}", "127 of 127 addresses");
	vms_stop(w);
	w = vms_start("node: { iface = \"u0\"; };\nvm: { pool = \"/25\"; };\n");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	guests_lease(&vms);
	while (vms.next < vms.n)
		wired_run(w);
	wired_run(w);
	for (unsigned i = 0; i < 127; i++)
		assert_non_null(vms_told(w, vms.items[i]));
	vms_stop(w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, vms_make_dir, vms_remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plugged_in_by_a_port_of_its_own),
		CASE(what_others_have_is_not_given),
		CASE(what_is_wrong_is_said),
		CASE(without_a_pool_there_are_none),
		CASE(routers_say_that_they_are_there),
		CASE(many_take_several_turns),
	};

	return cmocka_run_group_tests_name("guests", tests, wired_eal, NULL);
}
