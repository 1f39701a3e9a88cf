/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that are added, found again after a restart, and follow the lease. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "bed/wired.h"
#include "guests/guests.h"
#include "path/guest.h"

#define CONF                                                                                  \
	"node: { iface = \"u0\"; };\n"                                                        \
	"vm: { pool = \"10.5.9.192/29\"; };\n"                                                \
	"ports = ( { name = \"box\"; driver = \"tap\"; addresses = \"10.5.9.193\"; },\n"      \
	"          { name = \"gen\"; devargs = \"net_x\"; addresses = \"fd05:0:0:9::c2\"; }," \
	"          { name = \"all\"; devargs = \"net_y\"; addresses = \"10.5.9.0/24\"; } );\n"

static struct attach attach;
static struct guests guests;
static char dir[64], err[1024];
static const char *used; /* an address somebody on the host has */
static unsigned asked;

static bool in_use(void *arg, const struct ovnet_addr *addr, char *who, size_t size)
{
	char text[OVNET_ADDR_STRLEN];

	(void)arg;
	asked++;
	if (used == NULL || strcmp(ovnet_addr_text(addr, text, sizeof(text)), used) != 0)
		return false;
	snprintf(who, size, "container c1");
	return true;
}

static void on_changed(void *arg)
{
	(void)arg;
	guests_ports_changed(&guests);
}

static void lease(struct wired *w, const char *netconf, const char *key)
{
	wired_lease(w, netconf, key);
	attach_open(&attach);
	guests_lease(&guests);
	wired_run(w);
}

/* A node whose state is kept in `dir`; no lease yet. */
static struct wired *start(const char *conf)
{
	static const struct attach_events events = {.changed = on_changed};
	uint32_t u0 = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:01");

	fake_addr_add(u0, "192.168.77.1/24");
	struct wired *w = wired_open(conf);
	free(w->conf.node.state_dir);
	w->conf.node.state_dir = strdup(dir);
	free(w->conf.vm.socket_dir);
	assert_true(asprintf(&w->conf.vm.socket_dir, "%s/a/vm", dir) > 0);
	assert_int_equal(
		attach_init(&attach, &w->engine, &w->ports, w->kernel, &w->node, &events, NULL), 0);
	assert_int_equal(guests_init(&guests, &w->engine, &attach, &w->node, in_use, NULL), 0);
	attach_load(&attach);
	guests_load(&guests);
	used = NULL;
	asked = 0;
	return w;
}

static void stop(struct wired *w)
{
	guests_fini(&guests);
	attach_fini(&attach);
	wired_close(w);
	fake_reset();
}

static const struct guest *add(struct wired *w, const char *json)
{
	json_t *params = json_loads(json, 0, NULL);

	assert_non_null(params);
	err[0] = '\0';
	const struct guest *guest = guests_add(&guests, params, err, sizeof(err));
	json_decref(params);
	wired_run(w);
	return guest;
}

static const struct guest *added(struct wired *w, const char *json)
{
	const struct guest *guest = add(w, json);

	if (guest == NULL)
		fail_msg("%s: %s", json, err);
	return guest;
}

static void refused(struct wired *w, const char *json, const char *part)
{
	unsigned n = guests.n, ports = attach.n;

	assert_null(add(w, json));
	if (strstr(err, part) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", json, err, part);
	assert_int_equal(guests.n, n);
	assert_int_equal(attach.n, ports);
}

static void has(const struct guest *guest, const char *addr, const char *addr6)
{
	const struct ovnet_addr a = ovnet_addr_v4(guest->vm.addr_host);
	struct ovnet_addr a6;

	assert_addr(&a, addr);
	assert_int_equal(guests_addr6(&guests, guest, &a6), addr6 != NULL);
	if (addr6 != NULL)
		assert_addr(&a6, addr6);
}

static const struct ovnet_guest *told(const struct wired *w, const struct guest *guest)
{
	const struct ovnet_port *port = guests_port(&guests, guest);

	assert_non_null(port);
	return ovnet_guest_of(&w->engine.shared, port->id);
}

static void plugged_in_by_a_port_of_its_own(void **state)
{
	struct wired *w = start(CONF);
	struct stat st;

	(void)state;
	lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *web = added(w, "{\"name\":\"web.1\",\"queues\":3,\"server\":true}");
	has(web, "10.5.9.192", "fd05:0:0:9::c0");
	const struct attached *it = attach_find(&attach, "web.1");
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
	const struct ovnet_port *port = guests_port(&guests, web);
	assert_ptr_equal(port, it->port);
	assert_true(told(w, web)->has4 && told(w, web)->has6);
	assert_string_equal(told(w, web)->hostname, "web-1");
	assert_int_equal(told(w, web)->router4, htonl(0x0a050901));
	const uint16_t id = port->id;
	assert_int_equal(guests_del(&guests, "web.1", err, sizeof(err)), 0);
	wired_run(w);
	assert_null(ovnet_guest_of(&w->engine.shared, id));
	assert_null(attach_find(&attach, "web.1"));
	assert_int_equal(guests.n, 0);
	stop(w);
}

/* .192 is free, .193 a TAP's, .194's IPv6 twin a generator's, .195 a container's; 8 in all. */
static void what_others_have_is_not_given(void **state)
{
	struct wired *w = start(CONF);

	(void)state;
	lease(w, WIRED_DUAL, WIRED_OWN2);
	used = "fd05:0:0:9::c3";
	has(added(w, "{\"name\":\"a\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	has(added(w, "{\"name\":\"b\"}"), "10.5.9.196", "fd05:0:0:9::c4");
	refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.193\"}", "in use by attach port box");
	refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.194\"}", "in use by attach port gen");
	refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.195\"}", "in use by container c1");
	refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.192\"}", "in use by VM a");
	refused(w, "{\"name\":\"c\",\"address\":\"10.5.9.7\"}", "not in the VMs' part");
	used = "10.5.9.197";
	has(added(w, "{\"name\":\"c\"}"), "10.5.9.195", "fd05:0:0:9::c3");
	added(w, "{\"name\":\"d\"}");
	added(w, "{\"name\":\"e\"}");
	refused(w, "{\"name\":\"f\"}", "8 of 8 addresses of vm.pool, 10.5.9.192/29, are in use");
	assert_true(asked > 0);
	stop(w);
}

static void what_is_wrong_is_said(void **state)
{
	struct wired *w = start(CONF);

	(void)state;
	refused(w, "{\"name\":\"a\"}", "this node has no subnet yet");
	lease(w, WIRED_VXLAN, WIRED_OWN);
	refused(w, "{\"name\":\"/\"}", "1 to 15 letters");
	refused(w, "{\"name\":\"a\",\"memory\":1}", "32 to");
	refused(w, "{\"name\":\"box\"}", "box");
	added(w, "{\"name\":\"a\",\"mac\":\"02:00:00:00:00:99\"}");
	refused(w, "{\"name\":\"a\"}", "there is a VM a (ovnetctl vm show a)");
	refused(w, "{\"name\":\"b\",\"mac\":\"02:00:00:00:00:99\"}", "02:00:00:00:00:99");
	assert_int_equal(guests_del(&guests, "b", err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "there is no VM b; ovnetctl vm list"));
	assert_int_equal(guests_del(&guests, "box", err, sizeof(err)), -ENOENT);
	stop(w);
}

static void without_a_pool_there_are_none(void **state)
{
	struct wired *w = start("node: { iface = \"u0\"; };\n");

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_null(wired_warning(w, "vm-pool"));
	refused(w, "{\"name\":\"a\"}", "set vm.pool in ovnet.conf");
	stop(w);
	w = start("node: { iface = \"u0\"; };\nvm: { pool = \"10.6.0.0/24\"; };\n");
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_non_null(strstr(wired_warning(w, "vm-pool"), "10.5.9.128/25"));
	refused(w, "{\"name\":\"a\"}", "is not in this node's subnet 10.5.9.0/24");
	stop(w);
}

static void all_is_there_after_a_restart(void **state)
{
	struct wired *w = start(CONF);

	(void)state;
	lease(w, WIRED_DUAL, WIRED_OWN2);
	added(w, "{\"name\":\"a\"}");
	added(w, "{\"name\":\"b\",\"memory\":64,\"queues\":2,\"server\":true,"
		 "\"address\":\"10.5.9.198\",\"mac\":\"02:00:00:00:00:99\"}");
	added(w, "{\"name\":\"c\"}");
	assert_int_equal(guests_del(&guests, "a", err, sizeof(err)), 0);
	stop(w);

	w = start(CONF);
	lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_int_equal(guests.n, 2);
	const struct guest *b = guests_find(&guests, "b");
	assert_non_null(b);
	has(b, "10.5.9.198", "fd05:0:0:9::c6");
	assert_int_equal(b->vm.memory, 64);
	assert_int_equal(b->vm.queues, 2);
	assert_true(b->vm.server);
	assert_int_equal(told(w, b)->mac.b[5], 0x99);
	has(guests_find(&guests, "c"), "10.5.9.195", "fd05:0:0:9::c3");
	/* The lowest that is free is .192, which was a's, and is again. */
	has(added(w, "{\"name\":\"d\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	assert_int_equal(guests_del(&guests, "d", err, sizeof(err)), 0);
	has(added(w, "{\"name\":\"e\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	assert_int_equal(guests_del(&guests, "c", err, sizeof(err)), 0);
	assert_int_equal(guests_del(&guests, "e", err, sizeof(err)), 0);
	has(added(w, "{\"name\":\"c\"}"), "10.5.9.195", "fd05:0:0:9::c3"); /* its former one */
	stop(w);
}

static void those_of_another_subnet_wait(void **state)
{
	struct wired *w = start(CONF);

	(void)state;
	lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *a = added(w, "{\"name\":\"a\"}");
	lease(w, WIRED_DUAL, "10.5.10.0-24&fd05:0:0:a::-64");
	assert_true(a->outside);
	assert_null(guests_port(&guests, a));
	assert_null(attach_find(&attach, "a"));
	assert_false(guests_addr6(&guests, a, &(struct ovnet_addr){0}));
	const char *text = wired_warning(w, "vms");
	assert_non_null(text);
	assert_non_null(strstr(text, "1 of 1 VMs have addresses of another subnet"));
	assert_non_null(strstr(text, "a for one, 10.5.9.192"));
	stop(w);

	/* Kept over a restart, too; and there again with their subnet. */
	w = start(CONF);
	lease(w, WIRED_DUAL, "10.5.10.0-24&fd05:0:0:a::-64");
	assert_non_null(wired_warning(w, "vms"));
	lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_null(wired_warning(w, "vms"));
	a = guests_find(&guests, "a");
	has(a, "10.5.9.192", "fd05:0:0:9::c0");
	assert_true(told(w, a)->has6);
	/* Another IPv6 subnet beside the same IPv4 one. */
	lease(w, WIRED_DUAL, "10.5.9.0-24&fd05:0:0:b::-64");
	has(a, "10.5.9.192", "fd05:0:0:b::c0");
	const struct ovnet_addr addr6 = wired_addr("fd05:0:0:b::c0");
	assert_memory_equal(told(w, a)->addr6, addr6.v6, 16);
	lease(w, WIRED_VXLAN, WIRED_OWN);
	has(a, "10.5.9.192", NULL);
	assert_false(told(w, a)->has6);
	/* Removed while it waits: nothing to warn of. */
	lease(w, WIRED_VXLAN, "10.5.10.0-24");
	assert_int_equal(guests_del(&guests, "a", err, sizeof(err)), 0);
	wired_run(w);
	assert_null(wired_warning(w, "vms"));
	stop(w);
}

static void no_port(const char *json, const char *part)
{
	json_t *members = json_loads(json, 0, NULL);

	assert_non_null(members);
	assert_true(guests_object(&guests, members, err, sizeof(err)));
	if (strstr(err, part) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", json, err, part);
	json_decref(members);
}

static bool port_may(const char *json)
{
	json_t *members = json_loads(json, 0, NULL);

	assert_non_null(members);
	bool may = !guests_object(&guests, members, err, sizeof(err));
	json_decref(members);
	return may;
}

/* etcd is away at the start: nobody takes what is theirs. */
static void known_before_there_is_a_lease(void **state)
{
	struct wired *w = start(CONF);

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	added(w, "{\"name\":\"web\"}");
	stop(w);
	w = start(CONF);
	assert_int_equal(guests.n, 1);
	assert_null(attach_find(&attach, "web"));
	no_port("{\"name\":\"web\",\"driver\":\"tap\"}", "that name is VM web's");
	no_port("{\"name\":\"p\",\"addresses\":\"10.5.9.7,10.5.9.192\"}", "addresses is VM web's");
	assert_true(port_may("{\"name\":\"p\",\"addresses\":\"10.5.9.7\"}"));
	guests_check(&guests); /* nothing to be done yet */
	assert_null(attach_find(&attach, "web"));
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_true(told(w, guests_find(&guests, "web"))->has4);
	assert_true(port_may("{\"name\":\"web\"}")); /* attach/ refuses it */
	stop(w);
}

#define WEB_CONF                               \
	"node: { iface = \"u0\"; };\n"         \
	"vm: { pool = \"10.5.9.192/29\"; };\n" \
	"ports = ( { name = \"web\"; driver = \"tap\"; addresses = \"10.5.9.7\"; } );\n"

/* The configuration has a port of that name now: said, and tried again. */
static void one_whose_name_a_port_has(void **state)
{
	struct wired *w = start(CONF);
	char path[80];

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	added(w, "{\"name\":\"a\"}");
	added(w, "{\"name\":\"web\"}");
	stop(w);
	w = start(WEB_CONF);
	lease(w, WIRED_VXLAN, WIRED_OWN);
	const struct guest *web = guests_find(&guests, "web");
	assert_true(web->failed);
	assert_null(guests_port(&guests, web));
	assert_non_null(guests_port(&guests, guests_find(&guests, "a")));
	const char *text = wired_warning(w, "vms-failed");
	assert_non_null(text);
	assert_non_null(strstr(text, "1 of 2 VMs are cut off"));
	assert_non_null(strstr(text, "web for one: "));
	guests_check(&guests);
	wired_run(w);
	assert_true(web->failed);
	/* Removed while it waits: the port is not its. */
	assert_int_equal(guests_del(&guests, "web", err, sizeof(err)), 0);
	wired_run(w);
	assert_null(wired_warning(w, "vms-failed"));
	assert_int_equal(attach_find(&attach, "web")->source, ATTACH_CONF);
	stop(w);

	/* Whatever was in the way is gone: the check has it plugged in. */
	w = start(CONF);
	snprintf(path, sizeof(path), "%s/a/vm", dir);
	assert_int_equal(rmdir(path), 0);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	free(w->conf.vm.socket_dir);
	assert_true(asprintf(&w->conf.vm.socket_dir, "%s/sub", path) > 0);
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_non_null(wired_warning(w, "vms-failed"));
	assert_int_equal(unlink(path), 0);
	guests_check(&guests);
	wired_run(w);
	assert_null(wired_warning(w, "vms-failed"));
	assert_true(told(w, guests_find(&guests, "a"))->has4);
	stop(w);
}

/* Soon after something changed, then seldom. */
static void routers_say_that_they_are_there(void **state)
{
	struct wired *w = start(CONF);
	const int64_t began = monotonic_ms();

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	added(w, "{\"name\":\"a\"}");
	assert_int_equal(guests.first, 0); /* there is no IPv6 */
	lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_int_equal(guests.first, OVNET_ADVERTISE_FIRST);
	for (unsigned i = 1; i < OVNET_ADVERTISE_FIRST; i++) {
		guests.advertise_at_ms = began;
		guests_check(&guests);
		assert_true(guests.advertise_at_ms > began);
		assert_true(guests.advertise_at_ms <=
			    monotonic_ms() + OVNET_ADVERTISE_FIRST_S * INT64_C(1000));
	}
	guests.advertise_at_ms = began;
	guests_check(&guests);
	assert_int_equal(guests.first, 0);
	const int64_t next = guests.advertise_at_ms;
	assert_true(next >= began + OVNET_ADVERTISE_MIN_S * INT64_C(1000));
	guests_check(&guests); /* it is not time */
	assert_int_equal(guests.advertise_at_ms, next);
	stop(w);
}

/* Drained: whatever a port does meanwhile brings nothing of it back. */
static void a_subnet_that_was_left(void **state)
{
	struct wired *w = start(CONF);
	struct ovnet_prefix *addrs;

	(void)state;
	lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *a = added(w, "{\"name\":\"a\"}");
	assert_true(attach_addresses(&attach, &addrs) > 0);
	free(addrs);
	node_leave_lease(&w->node);
	guests_ports_changed(&guests);
	wired_run(w);
	assert_null(told(w, a));
	refused(w, "{\"name\":\"b\"}", "this node has no subnet any more");
	assert_int_equal(attach_addresses(&attach, &addrs), 0);
	free(addrs);
	attach_enter(&attach);
	assert_false(attach.unfinished);
	assert_null(wired_warning(w, "attach-addresses"));
	lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_true(told(w, a)->has6);
	assert_true(attach_addresses(&attach, &addrs) > 0);
	free(addrs);
	stop(w);
}

static void write_state(const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vms.json", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void a_file_that_is_partly_wrong(void **state)
{
	struct wired *w;

	(void)state;
	write_state("{\"version\":1,\"vms\":[{\"name\":\"a\",\"address\":\"10.5.9.192\","
		    "\"mac\":\"02:20:0a:05:09:c0\",\"memory\":64,\"queues\":1,\"server\":false},"
		    "{\"name\":\"a\",\"address\":\"10.5.9.194\"},{\"name\":\"noaddress\"},7,"
		    "{\"name\":\"../x\",\"address\":\"10.5.9.195\"}],\"former\":{}}");
	w = start(CONF);
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(guests.n, 1);
	has(guests_find(&guests, "a"), "10.5.9.192", NULL);
	stop(w);
	write_state("[");
	w = start(CONF);
	lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(guests.n, 0);
	added(w, "{\"name\":\"a\"}");
	stop(w);
}

/* What cannot be kept is not promised. */
static void a_state_dir_that_cannot_be_written(void **state)
{
	struct wired *w = start(CONF);
	char path[128];

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	const struct guest *a = added(w, "{\"name\":\"a\"}");
	free(w->conf.node.state_dir);
	snprintf(path, sizeof(path), "%s/vms.json", dir); /* a file is no directory */
	w->conf.node.state_dir = strdup(path);
	refused(w, "{\"name\":\"b\"}", "so it was not added: node.state-dir");
	assert_ptr_equal(guests_find(&guests, "a"), a);
	assert_true(guests_del(&guests, "a", err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "comes back at a restart"));
	stop(w);
}

static void many_take_several_turns(void **state)
{
	struct wired *w = start("node: { iface = \"u0\"; };\nvm: { pool = \"/25\"; };\n");
	char json[64];

	(void)state;
	lease(w, WIRED_VXLAN, WIRED_OWN);
	for (unsigned i = 0; i < 127; i++) {
		snprintf(json, sizeof(json), "{\"name\":\"vm%u\"}", i);
		added(w, json);
	}
	refused(w, "{\"name\":\"more\"}", "127 of 127 addresses");
	stop(w);
	w = start("node: { iface = \"u0\"; };\nvm: { pool = \"/25\"; };\n");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	guests_lease(&guests);
	while (guests.next < guests.n)
		wired_run(w);
	wired_run(w);
	for (unsigned i = 0; i < 127; i++)
		assert_non_null(told(w, guests.items[i]));
	stop(w);
}

static int make_dir(void **state)
{
	strcpy(dir, "/tmp/ovnet-guests-XXXXXX");
	return wired_reset(state) != 0 || mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plugged_in_by_a_port_of_its_own),
		CASE(what_others_have_is_not_given),
		CASE(what_is_wrong_is_said),
		CASE(without_a_pool_there_are_none),
		CASE(all_is_there_after_a_restart),
		CASE(those_of_another_subnet_wait),
		CASE(known_before_there_is_a_lease),
		CASE(one_whose_name_a_port_has),
		CASE(a_subnet_that_was_left),
		CASE(routers_say_that_they_are_there),
		CASE(a_file_that_is_partly_wrong),
		CASE(a_state_dir_that_cannot_be_written),
		CASE(many_take_several_turns),
	};

	return cmocka_run_group_tests_name("guests", tests, wired_eal, NULL);
}
