/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator wants done with our lease. One order at a time; its end is told. */
#include <errno.h>

#include "base/log.h"
#include "lease/lease_client_int.h"

OVNET_LOG_TYPE(lease)

static void report(struct ovnet_lease_client *c, const char *err)
{
	if (c->cbs.ordered != NULL)
		c->cbs.ordered(c->arg, c->order, err);
}

static void done(struct ovnet_lease_client *c, const struct ovnet_registry_result *r)
{
	static const char *const what[] = {[OVNET_LEASE_RESERVE] = "is a reservation now",
		[OVNET_LEASE_RELEASE] = "has a TTL again",
		[OVNET_LEASE_REMOVE] = "was given back"};

	LOG(NOTICE, "our lease %s %s, as ordered", lease_name_of(c, c->own.key), what[c->order]);
	if (c->order == OVNET_LEASE_REMOVE) {
		c->own.held = false;
		lease_store_forget(c);
		evtimer_del(c->own.renew_timer);
		evtimer_del(c->own.reput_timer);
		evtimer_del(c->own.check_timer);
		return;
	}
	c->own.revision = 0;
	c->own.handle = -1;
	c->own.handle_gone = false;
	lease_own_adopt(c, &r->kvs[0]);
}

static void on_done(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK) {
		done(c, r);
		report(c, NULL);
	} else {
		/* It may have been carried out even so. */
		c->own.look_again = true;
		report(c, r->status == OVNET_REGISTRY_CONFLICT ||
					  r->status == OVNET_REGISTRY_NOT_FOUND
				  ? "somebody else changed the lease meanwhile: try again"
				  : r->text);
	}
	lease_own_end(c);
}

static int refuse(char *err, size_t size, int code, const char *text)
{
	snprintf(err, size, "%s", text);
	return code;
}

static int check(const struct ovnet_lease_client *c, char *err, size_t size)
{
	if (!c->own.held)
		return refuse(err, size, -ENOENT, "this node holds no lease");
	if (c->own.lost)
		return refuse(err, size, -EPERM,
			"our subnet belongs to another node now, its key is left alone");
	if (!c->sync.connected)
		return refuse(err, size, -EAGAIN, "etcd is away: try again when it is back");
	if (c->own.busy)
		return refuse(err, size, -EBUSY, "the lease is being written: try again");
	return 0;
}

int ovnet_lease_client_order(
	struct ovnet_lease_client *c, enum ovnet_lease_order order, char *err, size_t size)
{
	int rc = check(c, err, size);

	if (rc < 0)
		return rc;
	if (order == OVNET_LEASE_RESERVE && c->own.handle == 0)
		return refuse(err, size, -EALREADY, "the lease is a reservation already");
	if (order == OVNET_LEASE_RELEASE && c->own.handle != 0)
		return refuse(err, size, -EALREADY,
			"the lease is no reservation, it ends with its TTL; --now gives it back at "
			"once and ends ovnetd");
	c->order = order;
	c->own.busy = true;
	if (order == OVNET_LEASE_REMOVE)
		c->ops->remove(c->registry, c->own.key, c->own.revision, on_done, c);
	else
		c->ops->update(c->registry, c->own.key, c->own.value,
			order == OVNET_LEASE_RELEASE ? c->ttl_s : 0, 0, c->own.revision, on_done,
			c);
	return 0;
}
