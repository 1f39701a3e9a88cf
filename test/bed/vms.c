/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/vms.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct attach vms_attach;
struct guests vms;
char vms_dir[64], vms_err[1024];
const char *vms_used;
unsigned vms_asked;

static bool in_use(void *arg, const struct ovnet_addr *addr, char *who, size_t size)
{
	char text[OVNET_ADDR_STRLEN];

	(void)arg;
	vms_asked++;
	if (vms_used == NULL || strcmp(ovnet_addr_text(addr, text, sizeof(text)), vms_used) != 0)
		return false;
	snprintf(who, size, "container c1");
	return true;
}

static void on_changed(void *arg)
{
	(void)arg;
	guests_ports_changed(&vms);
}

void vms_lease(struct wired *w, const char *netconf, const char *key)
{
	wired_lease(w, netconf, key);
	attach_open(&vms_attach);
	guests_lease(&vms);
	wired_run(w);
}

/* A node whose state is kept in `dir`; no lease yet. */
struct wired *vms_start(const char *conf)
{
	static const struct attach_events events = {.changed = on_changed};
	uint32_t u0 = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:01");

	fake_addr_add(u0, "192.168.77.1/24");
	struct wired *w = wired_open(conf);
	free(w->conf.node.state_dir);
	w->conf.node.state_dir = strdup(vms_dir);
	free(w->conf.vm.socket_dir);
	assert_true(asprintf(&w->conf.vm.socket_dir, "%s/a/vm", vms_dir) > 0);
	assert_int_equal(
		attach_init(&vms_attach, &w->engine, &w->ports, w->kernel, &w->node, &events, NULL),
		0);
	assert_int_equal(guests_init(&vms, &w->engine, &vms_attach, &w->node, in_use, NULL), 0);
	attach_load(&vms_attach);
	guests_load(&vms);
	vms_used = NULL;
	vms_asked = 0;
	return w;
}

void vms_stop(struct wired *w)
{
	guests_fini(&vms);
	attach_fini(&vms_attach);
	wired_close(w);
	fake_reset();
}

const struct guest *vms_add(struct wired *w, const char *json)
{
	json_t *params = json_loads(json, 0, NULL);

	assert_non_null(params);
	vms_err[0] = '\0';
	const struct guest *guest = guests_add(&vms, params, vms_err, sizeof(vms_err));
	json_decref(params);
	wired_run(w);
	return guest;
}

const struct guest *vms_added(struct wired *w, const char *json)
{
	const struct guest *guest = vms_add(w, json);

	if (guest == NULL)
		fail_msg("%s: %s", json, vms_err);
	return guest;
}

void vms_refused(struct wired *w, const char *json, const char *part)
{
	unsigned n = vms.n, ports = vms_attach.n;

	assert_null(vms_add(w, json));
	if (strstr(vms_err, part) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", json, vms_err, part);
	assert_int_equal(vms.n, n);
	assert_int_equal(vms_attach.n, ports);
}

void vms_has(const struct guest *guest, const char *addr, const char *addr6)
{
	const struct ovnet_addr a = ovnet_addr_v4(guest->vm.addr_host);
	struct ovnet_addr a6;

	assert_addr(&a, addr);
	assert_int_equal(guests_addr6(&vms, guest, &a6), addr6 != NULL);
	if (addr6 != NULL)
		assert_addr(&a6, addr6);
}

const struct ovnet_guest *vms_told(const struct wired *w, const struct guest *guest)
{
	const struct ovnet_port *port = guests_port(&vms, guest);

	assert_non_null(port);
	return ovnet_guest_of(&w->engine.shared, port->id);
}

void vms_write_state(const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vms.json", vms_dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

int vms_make_dir(void **state)
{
	strcpy(vms_dir, "/tmp/ovnet-guests-XXXXXX");
	return wired_reset(state) != 0 || mkdtemp(vms_dir) == NULL ? -1 : 0;
}

int vms_remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", vms_dir);
	return system(command);
}
