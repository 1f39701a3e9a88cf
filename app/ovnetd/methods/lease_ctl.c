/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/lease_ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon.h"

static json_t *order_json(const struct lease_orders *o)
{
	return json_pack("{s:i,s:b,s:s}", "number", (int)o->number, "running", o->running, "error",
		o->error);
}

json_t *lease_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct ovnet_lease_status s;
	struct ovnet_lease_own own;

	(void)params;
	if (d->lease == NULL || !ovnet_lease_client_own(d->lease, &own)) {
		snprintf(err, err_size, "this node holds no lease yet; see ovnetctl status");
		return NULL;
	}
	ovnet_lease_client_status(d->lease, &s);
	json_int_t left = own.expires_at != 0 ? (json_int_t)(own.expires_at - time(NULL)) : 0;
	json_t *value = json_loads(own.value, 0, NULL);
	char handle[24] = ""; /* as etcdctl lease writes it */
	if (own.handle > 0)
		snprintf(handle, sizeof(handle), "%" PRIx64, (uint64_t)own.handle);
	return json_pack("{s:s,s:o,s:b,s:b,s:o,s:s,s:I,s:I,s:I,s:s,s:s,s:b,s:o}", "key", own.key,
		"value", value != NULL ? value : json_null(), "held", own.held, "reserved",
		own.reserved, "ttl_left_s",
		own.expires_at != 0 ? json_integer(left > 0 ? left : 0) : json_null(), "handle",
		handle, "revision", (json_int_t)own.revision, "since", (json_int_t)own.since,
		"renewed_at", (json_int_t)own.renewed_at, "transport", s.transport, "endpoint",
		s.endpoint, "connected", s.connected, "order", order_json(&d->orders));
}

static json_t *start(struct daemon *d, enum ovnet_lease_order order, char *err, size_t err_size)
{
	if (d->lease == NULL) {
		snprintf(err, err_size, "the daemon is starting or stopping");
		return NULL;
	}
	if (d->orders.running) {
		snprintf(err, err_size, "another order about the lease is under way: try again");
		return NULL;
	}
	if (ovnet_lease_client_order(d->lease, order, err, err_size) < 0)
		return NULL;
	d->orders.number++;
	d->orders.running = true;
	return order_json(&d->orders);
}

json_t *lease_reserve(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)params;
	return start(arg, OVNET_LEASE_RESERVE, err, err_size);
}

json_t *lease_release(void *arg, const json_t *params, char *err, size_t err_size)
{
	bool now = json_is_true(json_object_get(params, "now"));

	return start(arg, now ? OVNET_LEASE_REMOVE : OVNET_LEASE_RELEASE, err, err_size);
}
