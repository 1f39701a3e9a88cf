/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/vm_ctl.h"

#include <stdio.h>

#include "daemon.h"
#include "methods/json.h"

static const char *state_of(const struct daemon *d, const struct guest *guest,
	const struct ovnet_port *port, const struct ovnet_port_details *details)
{
	if (!node_has(&d->node, NODE_READY) || d->node.drained)
		return "no lease";
	if (guest->outside)
		return "of another subnet";
	if (port == NULL)
		return "not plugged in";
	return details->state != NULL ? details->state : "plugged in";
}

static json_t *features_of(const struct ovnet_port_details *details)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < details->n_features; i++)
		json_array_append_new(list, json_string(details->features[i]));
	return list;
}

/* What is short of it. */
static json_t *row_of(const struct daemon *d, const struct guest *guest)
{
	const struct ovnet_port *port = guests_port(&d->guests, guest);
	struct ovnet_port_details details = {0};
	struct ovnet_addr addr6;

	if (port != NULL && port->driver->details != NULL)
		port->driver->details(port, &details);
	json_t *row = vm_to_json(&guest->vm);
	json_t *more = json_pack("{s:s,s:o,s:s,s:i,s:i,s:o}", "state",
		state_of(d, guest, port, &details), "address6",
		guests_addr6(&d->guests, guest, &addr6) ? addr_json(&addr6) : json_null(), "socket",
		guest->socket, "mtu", (int)d->node.overlay_mtu, "queues_ready",
		(int)details.queues_ready, "features", features_of(&details));
	if (json_object_update_missing(row, more) < 0) {
		json_decref(row);
		row = NULL;
	}
	json_decref(more);
	return row;
}

static json_t *answer_of(const struct daemon *d, const struct guest *guest, const json_t *params,
	char *err, size_t err_size)
{
	const bool tcg = json_is_true(json_object_get(params, "tcg"));
	const struct vm_plug plug = guests_plug(&d->guests, guest, tcg);
	json_t *answer = row_of(d, guest);
	json_t *more = json_pack("{s:o,s:o,s:o}", "qemu", vm_qemu(&plug), "libvirt",
		vm_libvirt(&plug), "next", vm_next(&plug));

	if (json_object_update(answer, more) < 0) {
		json_decref(answer);
		answer = NULL;
		snprintf(err, err_size,
			"VM %s is there, but memory for the answer is not; ask again: ovnetctl vm "
			"show %s",
			guest->vm.name, guest->vm.name);
	}
	json_decref(more);
	return answer;
}

static const struct guest *named(
	const struct daemon *d, const json_t *params, char *err, size_t err_size)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	const struct guest *guest = name != NULL ? guests_find(&d->guests, name) : NULL;

	if (name == NULL)
		snprintf(err, err_size, "which VM? give its name");
	else if (guest == NULL)
		snprintf(err, err_size, "there is no VM %.32s; ovnetctl vm list has all there are",
			name);
	return guest;
}

json_t *vm_add(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const struct guest *guest;

	if (!methods_running(d, err, err_size))
		return NULL;
	guest = guests_add(&d->guests, params, err, err_size);
	return guest != NULL ? answer_of(d, guest, params, err, err_size) : NULL;
}

json_t *vm_list(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	json_t *list = json_array();

	(void)params, (void)err, (void)err_size;
	for (unsigned i = 0; i < d->guests.n; i++)
		json_array_append_new(list, row_of(d, d->guests.items[i]));
	return list;
}

json_t *vm_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	const struct daemon *d = arg;
	const struct guest *guest = named(d, params, err, err_size);

	return guest != NULL ? answer_of(d, guest, params, err, err_size) : NULL;
}

json_t *vm_del(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const char *name = json_string_value(json_object_get(params, "name"));
	const struct guest *guest = name != NULL ? guests_find(&d->guests, name) : NULL;

	if (name == NULL)
		return (void)named(d, params, err, err_size), NULL;
	/* Of one that was left out of vms.json its name is all. */
	json_t *gone = guest != NULL ? vm_to_json(&guest->vm)
				     : json_pack("{s:s,s:s}", "name", name, "address", "nothing");
	if (guests_del(&d->guests, name, err, err_size) < 0) {
		json_decref(gone);
		return NULL;
	}
	return gone;
}
