/* SPDX-License-Identifier: BSD-3-Clause */
/* Which VMs there are, and what of the former ones is remembered: in memory, and in the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guests/guests.h"
#include "run/state_file.h"

OVNET_LOG_TYPE(guests)

#define FILE_NAME "vms.json"
#define VERSION   1

static void free_guest(struct guest *guest)
{
	if (guest != NULL)
		free(guest->socket);
	free(guest);
}

static char *socket_of(const struct guests *g, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s.sock", g->node->conf->vm.socket_dir, name) < 0 ? NULL : path;
}

struct guest *guests_append(struct guests *g, const struct vm *vm)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	struct guest **items = realloc(g->items, (g->n + 1) * sizeof(*items));

	if (items != NULL)
		g->items = items;
	if (guest != NULL)
		guest->socket = socket_of(g, vm->name);
	if (guest == NULL || items == NULL || guest->socket == NULL) {
		free_guest(guest);
		return NULL;
	}
	guest->vm = *vm;
	g->items[g->n++] = guest;
	former_forget(&g->former, vm->addr_host);
	return guest;
}

void guests_remove(struct guests *g, const struct guest *guest)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (g->items[i] != guest)
			continue;
		free_guest(g->items[i]);
		memmove(&g->items[i], &g->items[i + 1], (g->n - i - 1) * sizeof(*g->items));
		g->n--;
		if (i < g->next)
			g->next--;
		return;
	}
}

const struct guest *guests_find(const struct guests *g, const char *name)
{
	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->items[i]->vm.name, name) == 0)
			return g->items[i];
	return NULL;
}

bool guests_has_address(const struct guests *g, uint32_t addr_host, char *who, size_t size)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (g->items[i]->vm.addr_host != addr_host)
			continue;
		snprintf(who, size, "VM %s", g->items[i]->vm.name);
		return true;
	}
	return false;
}

static const char *name_of(const json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "name"));

	return name != NULL ? name : "one without a name";
}

static void warn_left_out(const struct guests *g)
{
	size_t n = json_array_size(g->left_out);

	if (n == 0)
		warn_clear(g->node->warnings, "vms-left-out");
	else
		warn_set(g->node->warnings, "vms-left-out",
			"%zu VMs of %s/" FILE_NAME " do not do (reasons in the log) and are left "
			"out, %.32s for one: mend them while ovnetd is stopped, or `ovnetctl vm "
			"del` them",
			n, g->node->conf->node.state_dir, name_of(json_array_get(g->left_out, 0)));
}

/* What is not good stays in the file, for whoever mends it. */
static void leave_out(struct guests *g, json_t *entry, const char *why)
{
	LOG(ERR, FILE_NAME ": VM %.32s is left out: %s", name_of(entry), why);
	if (g->left_out == NULL)
		g->left_out = json_array();
	if (json_array_append(g->left_out, entry) < 0)
		LOG(ERR, "no memory to keep it in the file");
}

json_t *guests_forget_left_out(struct guests *g, const char *name)
{
	json_t *entry;
	size_t i;

	json_array_foreach (g->left_out, i, entry) {
		const char *its = json_string_value(json_object_get(entry, "name"));
		if (its == NULL || strcmp(its, name) != 0)
			continue;
		json_incref(entry);
		json_array_remove(g->left_out, i);
		warn_left_out(g);
		return entry;
	}
	return NULL;
}

static void load_one(struct guests *g, json_t *from)
{
	char err[256], who[64];
	struct vm vm;

	if (vm_of_json(from, &vm, err, sizeof(err)) < 0)
		leave_out(g, from, err);
	else if (vm.addr_host == 0)
		leave_out(g, from, "it has no address");
	else if (guests_find(g, vm.name) != NULL)
		leave_out(g, from, "it is in the file twice, and the first one counts");
	else if (guests_has_address(g, vm.addr_host, who, sizeof(who)))
		leave_out(g, from, "another one before it in the file has its address");
	else if (guests_append(g, &vm) == NULL)
		leave_out(g, from, "no memory");
}

void guests_load(struct guests *g)
{
	json_t *state = state_load(g->node->conf->node.state_dir, FILE_NAME);
	json_t *one;
	size_t i;

	if (state != NULL && json_integer_value(json_object_get(state, "version")) != VERSION)
		LOG(WARN,
			"%s is of another version of ovnetd: VMs it has are taken as far as they "
			"can be",
			FILE_NAME);
	former_of_json(&g->former, json_object_get(state, "former"));
	json_array_foreach (json_object_get(state, "vms"), i, one)
		load_one(g, one);
	warn_left_out(g);
	json_decref(state);
}

int guests_save(const struct guests *g)
{
	json_t *vms = json_array();

	for (unsigned i = 0; i < g->n; i++)
		if (json_array_append_new(vms, vm_to_json(&g->items[i]->vm)) < 0)
			goto no_memory;
	if (g->left_out != NULL && json_array_extend(vms, g->left_out) < 0)
		goto no_memory;
	json_t *state = json_pack("{s:i,s:o,s:o}", "version", VERSION, "vms", vms, "former",
		former_to_json(&g->former));
	if (state == NULL) {
		vms = NULL; /* json_pack() has taken it either way */
		goto no_memory;
	}
	int rc = state_save(g->node->conf->node.state_dir, FILE_NAME, state);
	json_decref(state);
	return rc;

no_memory:
	json_decref(vms);
	LOG(ERR, "no memory to write %s: what was ordered about VMs is not kept", FILE_NAME);
	return -ENOMEM;
}
