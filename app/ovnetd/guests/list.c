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
		LOG(ERR, "no memory for VM %s: it is left out until ovnetd is restarted", vm->name);
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

static void load_one(struct guests *g, const json_t *from)
{
	char err[256];
	struct vm vm;

	if (vm_of_json(from, &vm, err, sizeof(err)) < 0 || vm.addr_host == 0) {
		LOG(WARN, "%s: an entry that ovnetd would not have written is left out (%s)",
			FILE_NAME, err);
		return;
	}
	if (guests_find(g, vm.name) != NULL) {
		LOG(WARN, "%s: VM %s is in it twice: the first one counts", FILE_NAME, vm.name);
		return;
	}
	(void)guests_append(g, &vm); /* logged */
}

void guests_load(struct guests *g)
{
	json_t *state = state_load(g->node->conf->node.state_dir, FILE_NAME);
	const json_t *one;
	size_t i;

	if (state != NULL && json_integer_value(json_object_get(state, "version")) != VERSION)
		LOG(WARN,
			"%s is of another version of ovnetd: VMs it has are taken as far as they "
			"can be",
			FILE_NAME);
	former_of_json(&g->former, json_object_get(state, "former"));
	json_array_foreach (json_object_get(state, "vms"), i, one)
		load_one(g, one);
	json_decref(state);
}

int guests_save(const struct guests *g)
{
	json_t *vms = json_array();

	for (unsigned i = 0; i < g->n; i++)
		if (json_array_append_new(vms, vm_to_json(&g->items[i]->vm)) < 0)
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
