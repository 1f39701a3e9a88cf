/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that are found again after a restart, and follow the lease. */
#include <stdio.h>
#include <unistd.h>

#include "bed/vms.h"

static void all_is_there_after_a_restart(void **state)
{
	struct wired *w = vms_start(VMS_CONF);

	(void)state;
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	vms_added(w, "{\"name\":\"a\"}");
	vms_added(w, "{\"name\":\"b\",\"memory\":64,\"queues\":2,\"server\":true,"
		     "\"address\":\"10.5.9.198\",\"mac\":\"02:00:00:00:00:99\"}");
	vms_added(w, "{\"name\":\"c\"}");
	assert_int_equal(guests_del(&vms, "a", vms_err, sizeof(vms_err)), 0);
	vms_stop(w);

	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_int_equal(vms.n, 2);
	const struct guest *b = guests_find(&vms, "b");
	assert_non_null(b);
	vms_has(b, "10.5.9.198", "fd05:0:0:9::c6");
	assert_int_equal(b->vm.memory, 64);
	assert_int_equal(b->vm.queues, 2);
	assert_true(b->vm.server);
	assert_int_equal(vms_told(w, b)->mac.b[5], 0x99);
	vms_has(guests_find(&vms, "c"), "10.5.9.195", "fd05:0:0:9::c3");
	/* The lowest that is free is .192, which was a's, and is again. */
	vms_has(vms_added(w, "{\"name\":\"d\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	assert_int_equal(guests_del(&vms, "d", vms_err, sizeof(vms_err)), 0);
	vms_has(vms_added(w, "{\"name\":\"e\"}"), "10.5.9.192", "fd05:0:0:9::c0");
	assert_int_equal(guests_del(&vms, "c", vms_err, sizeof(vms_err)), 0);
	assert_int_equal(guests_del(&vms, "e", vms_err, sizeof(vms_err)), 0);
	vms_has(vms_added(w, "{\"name\":\"c\"}"), "10.5.9.195",
		"fd05:0:0:9::c3"); /* its former one */
	vms_stop(w);
}

static void those_of_another_subnet_wait(void **state)
{
	struct wired *w = vms_start(VMS_CONF);

	(void)state;
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *a = vms_added(w, "{\"name\":\"a\"}");
	vms_lease(w, WIRED_DUAL, "10.5.10.0-24&fd05:0:0:a::-64");
	assert_true(a->outside);
	assert_null(guests_port(&vms, a));
	assert_null(attach_find(&vms_attach, "a"));
	assert_false(guests_addr6(&vms, a, &(struct ovnet_addr){0}));
	const char *text = wired_warning(w, "vms");
	assert_non_null(text);
	assert_non_null(strstr(text, "1 of 1 VMs have addresses of another subnet"));
	assert_non_null(strstr(text, "a for one, 10.5.9.192"));
	vms_stop(w);

	/* Kept over a restart, too; and there again with their subnet. */
	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_DUAL, "10.5.10.0-24&fd05:0:0:a::-64");
	assert_non_null(wired_warning(w, "vms"));
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_null(wired_warning(w, "vms"));
	a = guests_find(&vms, "a");
	vms_has(a, "10.5.9.192", "fd05:0:0:9::c0");
	assert_true(vms_told(w, a)->has6);
	/* Another IPv6 subnet beside the same IPv4 one. */
	vms_lease(w, WIRED_DUAL, "10.5.9.0-24&fd05:0:0:b::-64");
	vms_has(a, "10.5.9.192", "fd05:0:0:b::c0");
	const struct ovnet_addr addr6 = wired_addr("fd05:0:0:b::c0");
	assert_memory_equal(vms_told(w, a)->addr6, addr6.v6, 16);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	vms_has(a, "10.5.9.192", NULL);
	assert_false(vms_told(w, a)->has6);
	/* Removed while it waits: nothing to warn of. */
	vms_lease(w, WIRED_VXLAN, "10.5.10.0-24");
	assert_int_equal(guests_del(&vms, "a", vms_err, sizeof(vms_err)), 0);
	wired_run(w);
	assert_null(wired_warning(w, "vms"));
	vms_stop(w);
}

static void no_port(const char *json, const char *part)
{
	json_t *members = json_loads(json, 0, NULL);

	assert_non_null(members);
	assert_true(guests_object(&vms, members, vms_err, sizeof(vms_err)));
	if (strstr(vms_err, part) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", json, vms_err, part);
	json_decref(members);
}

static bool port_may(const char *json)
{
	json_t *members = json_loads(json, 0, NULL);

	assert_non_null(members);
	bool may = !guests_object(&vms, members, vms_err, sizeof(vms_err));
	json_decref(members);
	return may;
}

/* etcd is away at the start: nobody takes what is theirs. */
static void known_before_there_is_a_lease(void **state)
{
	struct wired *w = vms_start(VMS_CONF);

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	vms_added(w, "{\"name\":\"web\"}");
	vms_stop(w);
	w = vms_start(VMS_CONF);
	assert_int_equal(vms.n, 1);
	assert_null(attach_find(&vms_attach, "web"));
	no_port("{\"name\":\"web\",\"driver\":\"tap\"}", "that name is VM web's");
	no_port("{\"name\":\"p\",\"addresses\":\"10.5.9.7,10.5.9.192\"}", "addresses is VM web's");
	assert_true(port_may("{\"name\":\"p\",\"addresses\":\"10.5.9.7\"}"));
	guests_check(&vms); /* nothing to be done yet */
	assert_null(attach_find(&vms_attach, "web"));
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_true(vms_told(w, guests_find(&vms, "web"))->has4);
	assert_true(port_may("{\"name\":\"web\"}")); /* attach/ refuses it */
	vms_stop(w);
}

#define WEB_CONF                               \
	"node: { iface = \"u0\"; };\n"         \
	"vm: { pool = \"10.5.9.192/29\"; };\n" \
	"ports = ( { name = \"web\"; driver = \"tap\"; addresses = \"10.5.9.7\"; } );\n"

/* The configuration has a port of that name now: said, and tried again. */
static void one_whose_name_a_port_has(void **state)
{
	struct wired *w = vms_start(VMS_CONF);
	char path[80];

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	vms_added(w, "{\"name\":\"a\"}");
	vms_added(w, "{\"name\":\"web\"}");
	vms_stop(w);
	w = vms_start(WEB_CONF);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	const struct guest *web = guests_find(&vms, "web");
	assert_true(web->failed);
	assert_null(guests_port(&vms, web));
	assert_non_null(guests_port(&vms, guests_find(&vms, "a")));
	const char *text = wired_warning(w, "vms-failed");
	assert_non_null(text);
	assert_non_null(strstr(text, "1 of 2 VMs are cut off"));
	assert_non_null(strstr(text, "web for one: "));
	guests_check(&vms);
	wired_run(w);
	assert_true(web->failed);
	/* Removed while it waits: the port is not its. */
	assert_int_equal(guests_del(&vms, "web", vms_err, sizeof(vms_err)), 0);
	wired_run(w);
	assert_null(wired_warning(w, "vms-failed"));
	assert_int_equal(attach_find(&vms_attach, "web")->source, ATTACH_CONF);
	vms_stop(w);

	/* Whatever was in the way is gone: the check has it plugged in. */
	w = vms_start(VMS_CONF);
	snprintf(path, sizeof(path), "%s/a/vm", vms_dir);
	assert_int_equal(rmdir(path), 0);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	free(w->conf.vm.socket_dir);
	assert_true(asprintf(&w->conf.vm.socket_dir, "%s/sub", path) > 0);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_non_null(wired_warning(w, "vms-failed"));
	assert_int_equal(unlink(path), 0);
	guests_check(&vms);
	wired_run(w);
	assert_null(wired_warning(w, "vms-failed"));
	assert_true(vms_told(w, guests_find(&vms, "a"))->has4);
	vms_stop(w);
}

/* Drained: whatever a port does meanwhile brings nothing of it back. */
static void a_subnet_that_was_left(void **state)
{
	struct wired *w = vms_start(VMS_CONF);
	struct ovnet_prefix *addrs;

	(void)state;
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	const struct guest *a = vms_added(w, "{\"name\":\"a\"}");
	assert_true(attach_addresses(&vms_attach, &addrs) > 0);
	free(addrs);
	node_leave_lease(&w->node);
	guests_ports_changed(&vms);
	wired_run(w);
	assert_null(vms_told(w, a));
	vms_refused(w, "{\"name\":\"b\"}", "this node has no subnet any more");
	assert_int_equal(attach_addresses(&vms_attach, &addrs), 0);
	free(addrs);
	attach_enter(&vms_attach);
	assert_false(vms_attach.unfinished);
	assert_null(wired_warning(w, "attach-addresses"));
	vms_lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_true(vms_told(w, a)->has6);
	assert_true(attach_addresses(&vms_attach, &addrs) > 0);
	free(addrs);
	vms_stop(w);
}

static void a_file_that_is_partly_wrong(void **state)
{
	struct wired *w;

	(void)state;
	vms_write_state(
		"{\"version\":1,\"vms\":[{\"name\":\"a\",\"address\":\"10.5.9.192\","
		"\"mac\":\"02:20:0a:05:09:c0\",\"memory\":64,\"queues\":1,\"server\":false},"
		"{\"name\":\"a\",\"address\":\"10.5.9.194\"},{\"name\":\"noaddress\"},7,"
		"{\"name\":\"../x\",\"address\":\"10.5.9.195\"}],\"former\":{}}");
	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(vms.n, 1);
	vms_has(guests_find(&vms, "a"), "10.5.9.192", NULL);
	const char *text = wired_warning(w, "vms-left-out");
	assert_non_null(text);
	assert_non_null(strstr(text, "4 VMs of "));
	assert_non_null(strstr(text, "a for one"));
	/* They stay in the file, until they are removed. */
	vms_added(w, "{\"name\":\"b\",\"address\":\"10.5.9.197\"}");
	vms_stop(w);
	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(vms.n, 2);
	assert_non_null(strstr(wired_warning(w, "vms-left-out"), "4 VMs of "));
	assert_int_equal(guests_del(&vms, "noaddress", vms_err, sizeof(vms_err)), 0);
	assert_int_equal(guests_del(&vms, "noaddress", vms_err, sizeof(vms_err)), -ENOENT);
	assert_int_equal(guests_del(&vms, "a", vms_err, sizeof(vms_err)), 0);
	vms_stop(w);
	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(vms.n, 2); /* the other a */
	vms_has(guests_find(&vms, "a"), "10.5.9.194", NULL);
	assert_non_null(strstr(wired_warning(w, "vms-left-out"), "2 VMs of "));
	vms_stop(w);
	vms_write_state("[");
	w = vms_start(VMS_CONF);
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(vms.n, 0);
	vms_added(w, "{\"name\":\"a\"}");
	vms_stop(w);
}

/* What cannot be kept is not promised. */
static void a_state_dir_that_cannot_be_written(void **state)
{
	struct wired *w = vms_start(VMS_CONF);
	char path[128];

	(void)state;
	vms_lease(w, WIRED_VXLAN, WIRED_OWN);
	const struct guest *a = vms_added(w, "{\"name\":\"a\"}");
	free(w->conf.node.state_dir);
	snprintf(path, sizeof(path), "%s/vms.json", vms_dir); /* a file is no directory */
	w->conf.node.state_dir = strdup(path);
	vms_refused(w, "{\"name\":\"b\"}", "so it was not added: node.state-dir");
	assert_ptr_equal(guests_find(&vms, "a"), a);
	assert_true(guests_del(&vms, "a", vms_err, sizeof(vms_err)) < 0);
	assert_non_null(strstr(vms_err, "comes back at a restart"));
	vms_stop(w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, vms_make_dir, vms_remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_is_there_after_a_restart),
		CASE(those_of_another_subnet_wait),
		CASE(known_before_there_is_a_lease),
		CASE(one_whose_name_a_port_has),
		CASE(a_subnet_that_was_left),
		CASE(a_file_that_is_partly_wrong),
		CASE(a_state_dir_that_cannot_be_written),
	};

	return cmocka_run_group_tests_name("guests_kept", tests, wired_eal, NULL);
}
