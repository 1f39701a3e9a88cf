/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/orders.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct attach attach;
bool no_memory;
unsigned changed;
char dir[] = "/tmp/ovnet-order-XXXXXX";
static char err[1024];

struct ovnet_queue_map *__real_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);
struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);

struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation)
{
	return no_memory ? NULL : __real_ovnet_queue_map_build(ports, n, n_workers, generation);
}

static void on_changed(void *arg)
{
	(void)arg;
	changed++;
}

static void take_up(struct wired *w)
{
	static const struct attach_events events = {.changed = on_changed};

	assert_int_equal(
		attach_init(&attach, &w->engine, &w->ports, w->kernel, &w->node, &events, NULL), 0);
	attach_load(&attach);
	attach_open(&attach);
}

void keep_in(struct wired *w, const char *where)
{
	free(w->conf.node.state_dir);
	w->conf.node.state_dir = strdup(where);
}

struct wired *start(const char *conf)
{
	uint32_t u0 = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:01");

	fake_addr_add(u0, "192.168.77.1/24");
	struct wired *w = wired_open(conf);
	keep_in(w, dir);
	wired_lease(w, WIRED_DUAL, WIRED_OWN2);
	take_up(w);
	changed = 0;
	err[0] = '\0';
	return w;
}

void stop(struct wired *w)
{
	attach_fini(&attach);
	wired_close(w);
}

/* The daemon's next life. */
void again(struct wired *w)
{
	attach_fini(&attach);
	for (uint16_t i = 2; i < w->ports.n; i++)
		if (ports_at(&w->ports, i) != NULL)
			assert_int_equal(ports_close(&w->ports, ports_at(&w->ports, i)), 0);
	assert_int_equal(ovnet_rcu_reclaim(&w->engine.shared.rcu), 0);
	take_up(w);
}

static json_t *members(const char *text)
{
	json_error_t error;
	json_t *o = json_loads(text, 0, &error);

	if (o == NULL)
		fail_msg("%s: %s", text, error.text);
	return o;
}

struct attached *add_as(enum attach_source source, bool keep, const char *text)
{
	json_t *o = members(text);
	struct attached *it = attach_add(&attach, o, source, keep, err, sizeof(err));

	json_decref(o);
	return it;
}

struct attached *add(const char *text)
{
	struct attached *it = add_as(ATTACH_STATE, false, text);

	if (it == NULL)
		fail_msg("%s: %s", text, err);
	return it;
}

int set(const char *name, const char *text)
{
	json_t *o = members(text);
	int rc = attach_set(&attach, name, o, err, sizeof(err));

	json_decref(o);
	return rc;
}

int del_as(enum attach_source source, const char *name)
{
	return attach_del(&attach, name, source, err, sizeof(err));
}

int del(const char *name)
{
	return del_as(ATTACH_STATE, name);
}

void said(const char *part)
{
	if (strstr(err, part) == NULL)
		fail_msg("\"%s\" not in: %s", part, err);
	err[0] = '\0';
}

/* The port's id, or that of the host device for what is at no attach port. */
uint16_t lives(const struct wired *w, const char *text)
{
	const struct ovnet_fib_view *view = atomic_load(&w->engine.shared.fib.view);

	return ovnet_fib_endpoint(view, ntohl(wired_addr(text).v4_be))->port;
}

int orders_make(void **state)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : wired_reset(state);
}

int orders_clean(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/ports.json", dir);
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	return rmdir(dir);
}
