/* SPDX-License-Identifier: BSD-3-Clause */
/* What is ordered about VMs. */
#include "guests/guests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/prefix_list.h"
#include "guests/alloc.h"
#include "guests/plugged.h"
#include "node/vm_pool.h"

OVNET_LOG_TYPE(guests)

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	guests_turn(arg);
}

int guests_init(struct guests *g, struct engine *engine, struct attach *attach,
	const struct node *node, guests_in_use_fn *in_use, void *arg)
{
	*g = (struct guests){
		.engine = engine, .attach = attach, .node = node, .in_use = in_use, .arg = arg};
	g->turn = event_new(engine->base, -1, 0, on_turn, g);
	return g->turn != NULL ? 0 : -ENOMEM;
}

void guests_fini(struct guests *g)
{
	while (g->n > 0)
		guests_remove(g, g->items[0]);
	free(g->items);
	g->items = NULL;
	former_free(&g->former);
	json_decref(g->left_out);
	g->left_out = NULL;
	if (g->turn != NULL)
		event_free(g->turn);
	g->turn = NULL;
}

/* One that has all of our subnet gives way to whoever has an address of its own. */
static bool port_has(const struct guests *g, const struct ovnet_addr *addr, uint8_t subnet_len,
	char *who, size_t size)
{
	for (unsigned i = 0; i < g->attach->n; i++) {
		const struct conf_port *c = &g->attach->items[i]->conf;
		for (unsigned k = 0; k < c->n_addresses; k++) {
			const struct ovnet_prefix *p = &c->addresses[k];
			if (ovnet_prefix_len(p) <= subnet_len || !ovnet_prefix_contains(p, addr))
				continue;
			snprintf(who, size, "attach port %s", c->name);
			return true;
		}
	}
	return false;
}

static bool is_taken(void *arg, uint32_t addr_host, char *who, size_t size)
{
	const struct guests *g = arg;
	const struct ovnet_lease *own = &g->node->own;
	const struct ovnet_addr addr = ovnet_addr_v4(addr_host);
	struct ovnet_addr addr6 = {.family = AF_INET6};

	if (guests_has_address(g, addr_host, who, size) ||
		port_has(g, &addr, own->subnet.len, who, size) ||
		(g->in_use != NULL && g->in_use(g->arg, &addr, who, size)))
		return true;
	if (!own->has_v6 || !node_twin_addr(&own->subnet, &own->subnet6, addr_host, addr6.v6))
		return false;
	return port_has(g, &addr6, own->subnet6.len, who, size) ||
	       (g->in_use != NULL && g->in_use(g->arg, &addr6, who, size));
}

static uint32_t choose_address(struct guests *g, const struct vm *vm, char *err, size_t size)
{
	const struct node *node = g->node;
	struct ovnet_prefix4 pool;

	if (node_vm_pool(node->conf->vm.pool, &node->own.subnet, &pool, err, size) < 0)
		return 0;
	return alloc_address(&(struct alloc){.subnet = &node->own.subnet,
				     .pool = &pool,
				     .want = vm->addr_host,
				     .former = former_of(&g->former, vm->name),
				     .taken = is_taken,
				     .arg = g},
		err, size);
}

/* A word that is misspelt would go unheard. */
static int check_members(const json_t *params, char *err, size_t size)
{
	static const char *const known[] = {
		"name", "memory", "queues", "server", "mac", "address", "tcg"};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)params, key, value) {
		unsigned i = 0;
		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], key) != 0)
			i++;
		if (i < sizeof(known) / sizeof(known[0]))
			continue;
		snprintf(err, size,
			"a VM has no \"%.32s\"; give name, memory, queues, server, mac or address",
			key);
		return -EINVAL;
	}
	return 0;
}

/* What is asked for, completed. 0 or -errno with a sentence. */
static int complete(struct guests *g, const json_t *params, struct vm *vm, char *err, size_t size)
{
	static const struct ovnet_mac none;
	int rc = vm_of_json(params, vm, err, size);

	if (rc == 0)
		rc = check_members(params, err, size);
	if (rc < 0)
		return rc;
	if (!node_has(g->node, NODE_READY) || g->node->drained) {
		snprintf(err, size,
			"this node has no subnet %s, so no VM can have an address of "
			"it; ovnetctl status says what it waits for",
			g->node->drained ? "any more" : "yet");
		return -EAGAIN;
	}
	if (guests_find(g, vm->name) != NULL) {
		snprintf(err, size,
			"there is a VM %s (ovnetctl vm show %s); choose another name, or remove "
			"it: ovnetctl vm del %s",
			vm->name, vm->name, vm->name);
		return -EEXIST;
	}
	vm->addr_host = choose_address(g, vm, err, size);
	if (vm->addr_host == 0)
		return -EADDRNOTAVAIL;
	if (ovnet_mac_equal(&vm->mac, &none))
		vm->mac = vm_mac_of(vm->addr_host);
	return 0;
}

/* One whose port will not go stays until it is removed. */
static void take_back(struct guests *g, struct guest *guest)
{
	char err[512];

	if (plugged_del(g, guest, err, sizeof(err)) == 0)
		guests_remove(g, guest);
	else
		LOG(ERR, "VM %s stays: %s", guest->vm.name, err);
}

const struct guest *guests_add(struct guests *g, const json_t *params, char *err, size_t size)
{
	struct vm vm;

	if (complete(g, params, &vm, err, size) < 0)
		return NULL;
	struct guest *guest = guests_append(g, &vm);
	if (guest == NULL) {
		snprintf(err, size, "no memory for another VM");
		return NULL;
	}
	if (plugged_add(g, guest, false, err, size) < 0) {
		guests_remove(g, guest);
		return NULL;
	}
	if (guests_save(g) < 0) {
		snprintf(err, size,
			"VM %s would be forgotten at a restart, so it was not added: "
			"node.state-dir "
			"cannot be written, the log says why",
			vm.name);
		take_back(g, guest);
		return NULL;
	}
	LOG(INFO, "VM %s was added", vm.name);
	return guest;
}

static int remove_guest(struct guests *g, struct guest *guest, char *err, size_t size)
{
	const struct vm vm = guest->vm;
	int rc = plugged_del(g, guest, err, size);

	if (rc < 0)
		return rc;
	guests_remove(g, guest);
	former_note(&g->former, vm.name, vm.addr_host);
	guests_ports_changed(g);
	return 0;
}

int guests_del(struct guests *g, const char *name, char *err, size_t size)
{
	struct guest *guest = (struct guest *)guests_find(g, name);
	json_t *left_out = guest == NULL ? guests_forget_left_out(g, name) : NULL;
	char kept[IFNAMSIZ];
	int rc = 0;

	if (guest == NULL && left_out == NULL) {
		snprintf(err, size, "there is no VM %.32s; ovnetctl vm list has all there are",
			name);
		return -ENOENT;
	}
	snprintf(kept, sizeof(kept), "%.15s", name); /* it may be the guest's */
	json_decref(left_out);
	if (guest != NULL)
		rc = remove_guest(g, guest, err, size);
	if (rc < 0)
		return rc;
	LOG(INFO, "VM %s was removed", kept);
	rc = guests_save(g);
	if (rc < 0)
		snprintf(err, size,
			"VM %s is removed, but comes back at a restart: node.state-dir cannot be "
			"written, the log says why; mend that and add and remove any VM",
			kept);
	return rc;
}
