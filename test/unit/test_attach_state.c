/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the attach ports ordered at run time outlives the daemon: all that was done, no more. */
#include <stdio.h>
#include <sys/stat.h>

#include "bed/orders.h"

static void what_was_ordered_is_there_again(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct ovnet_prefix *addrs;

	add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.7\",\"mtu\":1300}");
	add("{\"name\":\"box\",\"driver\":\"tap\",\"addresses\":\"10.5.9.8\"}");
	assert_non_null(add_as(ATTACH_VM, false,
		"{\"name\":\"vm1\",\"driver\":\"tap\",\"addresses\":\"10.5.9.9\"}"));
	assert_int_equal(del("box"), 0);
	assert_int_equal(set("gen", "{\"mtu\":\"1200\"}"), 0);
	again(w);
	assert_int_equal(attach.n, 2); /* VMs are kept by who has them */
	const struct attached *it = attach_find(&attach, "gen");
	assert_int_equal(it->source, ATTACH_STATE);
	assert_int_equal(it->conf.mtu, 1200);
	assert_int_equal(lives(w, "10.5.9.7"), it->port->id);
	assert_int_equal(attach_addresses(&attach, &addrs), 2);
	free(addrs);
	/* What cannot be kept is not done. */
	keep_in(w, "/proc/none");
	assert_null(add_as(ATTACH_STATE, false,
		"{\"name\":\"box\",\"driver\":\"tap\",\"addresses\":\"10.5.9.8\"}"));
	said("/proc/none/ports.json cannot be written");
	assert_null(attach_find(&attach, "box"));
	assert_int_equal(lives(w, "10.5.9.8"), w->host.port->id);
	stop(w);
}

/* Neither now, nor by the next life. */
static void what_cannot_be_kept_is_not_done(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it = add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":"
				  "\"10.5.9.7\",\"mtu\":1300}");
	struct ovnet_port *port = it->port;

	keep_in(w, "/proc/none");
	changed = 0;
	assert_int_equal(set("gen", "{\"mtu\":1200}"), -EIO);
	said("/proc/none/ports.json cannot be written");
	assert_int_equal(set("gen", "{\"addresses\":\"10.5.9.8\"}"), -EIO);
	assert_int_equal(del("gen"), -EIO);
	said("/proc/none/ports.json cannot be written");
	assert_int_equal(changed, 0);
	assert_ptr_equal(attach_find(&attach, "gen"), it);
	assert_ptr_equal(it->port, port);
	assert_int_equal(lives(w, "10.5.9.7"), port->id);
	assert_int_equal(it->conf.mtu, 1300);
	/* Nor is it kept by a later order. */
	keep_in(w, dir);
	add("{\"name\":\"box\",\"driver\":\"tap\",\"addresses\":\"10.5.9.8\"}");
	again(w);
	assert_int_equal(attach.n, 3);
	it = attach_find(&attach, "gen");
	assert_int_equal(it->conf.mtu, 1300);
	assert_int_equal(lives(w, "10.5.9.7"), it->port->id);
	stop(w);
}

static void what_cannot_be_done_is_not_kept(void **state)
{
	(void)state;
	struct wired *w = start(CONF);
	struct attached *it = add("{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":"
				  "\"10.5.9.7\",\"mtu\":1300}");

	no_memory = true;
	assert_int_equal(set("gen", "{\"mtu\":1200}"), -ENOMEM);
	said("port gen: out of memory, nothing has changed");
	assert_int_equal(del("gen"), -ENOMEM);
	said("port gen: out of memory, nothing has changed");
	no_memory = false;
	assert_ptr_equal(attach_find(&attach, "gen"), it);
	assert_int_equal(lives(w, "10.5.9.7"), it->port->id);
	again(w);
	assert_int_equal(attach.n, 2);
	assert_int_equal(attach_find(&attach, "gen")->conf.mtu, 1300);
	stop(w);
}

/* It was opened, cannot be kept, and not be closed either: nobody has lost it. */
static void a_refused_one_that_stays_open(void **state)
{
	(void)state;
	struct wired *w = start(CONF);

	keep_in(w, "/proc/none");
	no_memory = true;
	assert_null(add_as(ATTACH_STATE, false,
		"{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.7\"}"));
	said("/proc/none/ports.json cannot be written");
	no_memory = false;
	keep_in(w, dir);
	struct attached *it = attach_find(&attach, "gen");
	assert_non_null(it);
	assert_int_equal(lives(w, "10.5.9.7"), it->port->id);
	assert_int_equal(del("gen"), 0);
	assert_int_equal(lives(w, "10.5.9.7"), w->host.port->id);
	stop(w);
}

/* As the file may be after somebody wrote in it, or the node got another subnet. */
static void what_of_it_will_not_do_is_left_out(void **state)
{
	static const char text[] =
		"{\"version\":1,\"subnet\":\"10.5.10.0/24\",\"ports\":["
		"{\"name\":\"far\",\"driver\":\"tap\",\"addresses\":\"10.5.10.7\"},"
		"{\"name\":\"fixed\",\"driver\":\"tap\",\"addresses\":\"10.5.9.7\"}, 7,"
		"{\"name\":\"gen\",\"devargs\":\"net_x\",\"addresses\":\"10.5.9.8\"}]}";
	char path[64];
	(void)state;
	struct wired *w = start(CONF);

	snprintf(path, sizeof(path), "%s/ports.json", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	again(w);
	assert_int_equal(attach.n, 3);
	assert_non_null(attach_find(&attach, "gen")->port);
	assert_non_null(strstr(wired_warning(w, "attach-state"),
		"is of subnet 10.5.10.0/24, this node's is 10.5.9.0/24 now: 1 ports"));
	assert_non_null(strstr(wired_warning(w, "attach-left-out"), "2 ports of"));
	assert_int_equal(set("far", "{\"addresses\":\"10.5.9.9\"}"), 0);
	assert_null(wired_warning(w, "attach-state"));
	assert_null(wired_warning(w, "attach-addresses"));
	again(w); /* they stay in the file */
	assert_non_null(strstr(wired_warning(w, "attach-left-out"), "2 ports of"));
	assert_int_equal(lives(w, "10.5.9.9"), attach_find(&attach, "far")->port->id);
	/* One goes by its name, though the configuration has a port of that name. */
	keep_in(w, "/proc/none");
	assert_int_equal(del("fixed"), -EIO);
	assert_non_null(strstr(wired_warning(w, "attach-left-out"), "2 ports of"));
	keep_in(w, dir);
	assert_int_equal(del("fixed"), 0);
	assert_non_null(strstr(wired_warning(w, "attach-left-out"), "1 ports of"));
	again(w);
	assert_non_null(strstr(wired_warning(w, "attach-left-out"), "1 ports of"));
	assert_int_equal(del("fixed"), -EPERM);
	assert_non_null(attach_find(&attach, "fixed")->port);
	stop(w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, orders_make, orders_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_ordered_is_there_again),
		CASE(what_cannot_be_kept_is_not_done),
		CASE(what_cannot_be_done_is_not_kept),
		CASE(a_refused_one_that_stays_open),
		CASE(what_of_it_will_not_do_is_left_out),
	};

	return cmocka_run_group_tests_name("attach_state", tests, wired_eal, NULL);
}
