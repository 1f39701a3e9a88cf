/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A start while etcd does not answer: what the snapshot says is taken for the tree as if etcd had
 * gone away a moment ago. When it answers, lease_own.c and lease_sync.c find out what became of our
 * key and of everybody else's, as after any outage; but a subnet that has another owner by then is
 * left to it whatever node.on-lost says: the file is all that spoke for us.
 */
#include <inttypes.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/flannel/allocate.h"
#include "lease/lease_client_int.h"
#include "lease/snapshot.h"
#include "loop/slice.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

#define PATIENCE_MS 1000 /* what etcd has until then */
#define STEP        16   /* leases between looks at the clock */

static int refuse(const char *path, const char *why)
{
	LOG(WARN, "snapshot %s is not used: %s", path, why);
	return -EINVAL;
}

/* Past its end the subnet may be anybody's, and only etcd knows. */
static int check_age(const struct ovnet_lease_client *c, const struct snapshot_file *f)
{
	int64_t age_s = snapshot_age_s(f);

	if (f->expires_at == 0)
		return 0;
	if (age_s < 0)
		return refuse(c->store.path,
			"it was saved later than this node's clock says: is the clock right?");
	if (age_s >= f->expires_at - f->saved_at)
		return refuse(c->store.path,
			"its own lease is over: the subnet may have another owner by now");
	return 0;
}

/* As the lease logic would judge it in etcd. */
static int check_own(
	const struct ovnet_lease_client *c, const struct snapshot_file *f, struct ovnet_lease *own)
{
	char why[200];

	*own = (struct ovnet_lease){0};
	if (ovnet_lease_key_parse(f->own_name, own) < 0)
		return refuse(c->store.path, "its own lease is no subnet");
	if (ovnet_lease_value_parse(f->own_value, strlen(f->own_value), own, why, sizeof(why)) < 0)
		return refuse(c->store.path, why);
	if (!ovnet_addr_equal(&own->public_ip, &c->public_ip))
		return refuse(c->store.path, "its own lease is another node's");
	if (!ovnet_lease_fits(&c->netconf, own))
		return refuse(c->store.path, "its own lease does not fit its network config");
	return check_age(c, f);
}

/* Our attributes with its subnets. */
static int own_lease(
	struct ovnet_lease_client *c, const struct ovnet_lease *former, struct ovnet_lease *own)
{
	*own = (struct ovnet_lease){.public_ip = c->public_ip,
		.backend = c->netconf.backend,
		.vni = c->netconf.backend == OVNET_BACKEND_VXLAN ? c->netconf.vni : 0};

	int rc = c->cbs.attrs(c->arg, &c->netconf, former, own);
	if (rc == -EAGAIN) {
		arm_ms(c->store.patience, ATTRS_RETRY_MS);
		return rc;
	}
	if (rc < 0)
		return refuse(c->store.path, "this node cannot serve its network config");
	own->public_ip = c->public_ip;
	if (c->netconf.enable_ipv6)
		own->public_ip6 = c->public_ip6;
	own->subnet = former->subnet;
	own->has_v6 = former->has_v6;
	own->subnet6 = former->subnet6;
	return 0;
}

static void hold(
	struct ovnet_lease_client *c, const struct snapshot_file *f, const struct ovnet_lease *own)
{
	int64_t age_s = snapshot_age_s(f);

	lease_own_resume(c, own, f->expires_at == 0, f->expires_at - f->saved_at - age_s);
	c->store.stale = true;
	c->store.saved_at = time(NULL) - age_s;
	c->revision = f->revision;
}

static void all_put(struct ovnet_lease_client *c)
{
	const struct snapshot_file *f = c->store.rest;
	int64_t saved_at = c->store.saved_at;

	if (f->left_out > 0)
		LOG(WARN, "snapshot %s: %u lines are no leases and were left out", c->store.path,
			f->left_out);
	LOG(WARN,
		"etcd does not answer: going on with the snapshot %s of %" PRId64
		" s ago: our subnet %s, %u peers",
		c->store.path, (int64_t)time(NULL) - saved_at, lease_name_of(c, c->own.key),
		lease_table_peers(c->table));
	lease_resume_cut(c);
	if (c->cbs.restored != NULL)
		c->cbs.restored(c->arg, saved_at);
}

/* Some of the others' leases. False: there are no more. */
static bool put_some(struct ovnet_lease_client *c)
{
	const char *name, *value;
	size_t len;

	for (unsigned i = 0; i < STEP; i++) {
		if (!snapshot_next(c->store.rest, &name, &value, &len))
			return false;
		struct ovnet_registry_kv kv = {.key = name, .value = value, .value_len = len};
		lease_table_put(c->table, name, &kv);
	}
	return true;
}

static void put_others(struct ovnet_lease_client *c)
{
	struct slice slice = slice_begin();

	while (!slice_over(&slice)) {
		if (put_some(c))
			continue;
		lease_table_settle(c->table);
		all_put(c);
		return;
	}
	arm_ms(c->store.patience, 0);
}

/* False: nothing is changed, `f` is still the caller's. */
static bool resume(struct ovnet_lease_client *c, struct snapshot_file *f)
{
	struct ovnet_lease former, own;
	char err[256];

	if (ovnet_netconf_parse(f->config, strlen(f->config), &c->netconf, err, sizeof(err)) < 0) {
		refuse(c->store.path, err);
		return false;
	}
	if (check_own(c, f, &former) < 0 || own_lease(c, &former, &own) < 0)
		return false;
	lease_store_config(c, f->config, strlen(f->config));
	hold(c, f, &own);
	c->report(c, (struct lease_report){LEASE_RESUMED});
	c->store.rest = f;
	put_others(c);
	return true;
}

static void start(struct ovnet_lease_client *c)
{
	struct snapshot_file *f = must(calloc(1, sizeof(*f)));
	char err[300] = "";

	int rc =
		snapshot_read(c->store.path, c->subnets_prefix, &c->public_ip, f, err, sizeof(err));
	if (rc == 0 && resume(c, f))
		return;
	if (rc < 0 && rc != -ENOENT)
		LOG(WARN, "etcd does not answer, and the snapshot is not used: %s", err);
	snapshot_file_free(f);
	free(f);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	if (c->store.rest != NULL)
		put_others(c);
	else if (!c->config.done)
		start(c);
}

void lease_resume_cut(struct ovnet_lease_client *c)
{
	if (c->store.rest == NULL)
		return;
	snapshot_file_free(c->store.rest);
	free(c->store.rest);
	c->store.rest = NULL;
}

void lease_resume_init(struct ovnet_lease_client *c)
{
	c->store.patience = must(evtimer_new(c->base, on_timer, c));
}

void lease_resume_start(struct ovnet_lease_client *c)
{
	if (c->store.path != NULL)
		arm_ms(c->store.patience, PATIENCE_MS);
}

void lease_resume_stop(struct ovnet_lease_client *c)
{
	lease_resume_cut(c);
	event_free(c->store.patience);
}
