/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens when the lease tree speaks: network config, our own lease, peers.
 * Also the modules around it (tables, kernel mirror, lease client).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon.h"
#include "lease/flannel/subnet_env.h"
#include "lease/registry/etcd/etcd.h"
#include "lease/registry/file/static_registry.h"
#include "methods/lease_ctl.h"
#include "node/backend.h"
#include "run/notify.h"

OVNET_LOG_TYPE(overlay)

/* As flannel v0.14.1+ makes it: random, locally administered, unicast. */
static int random_mac(struct ovnet_mac *mac)
{
	if (getrandom(mac->b, sizeof(mac->b), 0) != (ssize_t)sizeof(mac->b))
		return -EIO;
	mac->b[0] = (uint8_t)((mac->b[0] & 0xfe) | 0x02);
	return 0;
}

/* A MAC is peers' permanent neighbour entry: it has to survive restarts. */
static int choose_mac(bool have, const struct ovnet_mac *ours, bool had,
	const struct ovnet_mac *before, struct ovnet_mac *mac)
{
	if (!have && !had)
		return random_mac(mac);
	*mac = have ? *ours : *before;
	return 0;
}

static int on_attrs(void *arg, const struct ovnet_netconf *c, const struct ovnet_lease *previous,
	struct ovnet_lease *own)
{
	static const struct ovnet_lease none;
	struct daemon *d = arg;
	const struct ovnet_lease *was = previous != NULL ? previous : &none;
	int rc = backend_check(d, c);

	if (rc == 0)
		rc = backend_hold_port(d, c);
	if (rc < 0 || c->backend != OVNET_BACKEND_VXLAN)
		return rc;
	own->has_vtep_mac = true;
	rc = choose_mac(
		d->ready, &d->own.vtep_mac, was->has_vtep_mac, &was->vtep_mac, &own->vtep_mac);
	if (rc < 0 || !c->enable_ipv6)
		return rc;
	own->has_vtep_mac6 = true;
	return choose_mac(d->ready && d->own.has_vtep_mac6, &d->own.vtep_mac6, was->has_vtep_mac6,
		&was->vtep_mac6, &own->vtep_mac6);
}

static int set_tables(struct daemon *d, const struct ovnet_prefix4 *own)
{
	struct ovnet_overlay o;
	const struct ovnet_mac mac = ovnet_port_mac(d->host);

	backend_overlay(d, &o);
	o.own = *own;
	if (own->len != 0 && d->own.has_v6)
		o.own6 = d->own.subnet6;
	int rc = ovnet_fib_set_overlay(d->fib, &o, d->netconf.subnet_len, d->netconf.subnet6_len);

	if (rc == 0)
		rc = ovnet_fib_set_default_endpoint(d->fib, d->host->id, true, &mac);
	if (rc < 0)
		LOG(ERR, "tables for the overlay: %s", strerror(-rc));
	return rc;
}

void overlay_write_env(struct daemon *d)
{
	struct ovnet_subnet_env env = {
		.network = d->netconf.network,
		.subnet = d->own.subnet,
		.has_v6 = d->own.has_v6,
		.network6 = d->netconf.network6,
		.subnet6 = d->own.subnet6,
		.mtu = d->overlay_mtu,
		.ip_masq = d->conf.host.ip_masq,
	};

	d->subnet_env = ovnet_subnet_env_write(d->conf.node.subnet_file, &env) == 0;
	if (!d->subnet_env) {
		warn_set(&d->warnings, "subnet-file",
			"%s was not written (reason in the log), trying again: docker and CNI wait "
			"for it",
			d->conf.node.subnet_file);
		return;
	}
	warn_clear(&d->warnings, "subnet-file");
	LOG(INFO, "wrote subnet file to %s", d->conf.node.subnet_file);
	notify_ready(); /* docker, ordered behind the unit, reads the file */
}

static void on_acquired(void *arg, const struct ovnet_netconf *c, const struct ovnet_lease *own)
{
	struct daemon *d = arg;
	bool again = d->ready;

	d->netconf = *c;
	d->have_netconf = true;
	d->own = *own;
	d->overlay_mtu = backend_mtu(d, c);
	/* A host device that was deleted is set up when it is there again. */
	if (set_tables(d, &d->own.subnet) < 0 || uplinks_filter(d) < 0 ||
		(!d->lost[d->host->id] && host_set_up(d) < 0)) {
		daemon_exit(d, EXIT_FAILURE);
		return;
	}
	d->ready = true;
	warn_clear(&d->warnings, "lease-lost");
	uplinks_check_mtu(d);
	ingress_update(d);
	rules_update(d);
	if (!again)
		return;
	peers_republish(d);
	if (d->settled)
		overlay_write_env(d);
}

/*
 * Drained, no address is ours: what still comes for the former subnet is inner-dest, and its new
 * owner may be a peer.
 */
static void on_lost(
	void *arg, const struct ovnet_lease *was, const struct ovnet_lease *owner, bool leaving)
{
	struct daemon *d = arg;
	const struct ovnet_prefix4 nothing = {0};
	char subnet[OVNET_PREFIX_STRLEN], ip[OVNET_ADDR_STRLEN];

	warn_set(&d->warnings, "lease-lost", "our subnet %s belongs to %s now: %s",
		ovnet_prefix4_text(&was->subnet, subnet, sizeof(subnet)),
		owner->public_ip.family != 0 ? ovnet_addr_text(&owner->public_ip, ip, sizeof(ip))
					     : "another node",
		leaving ? "left, waiting for another one"
			: "kept, waiting until it is free; stop the other node or restart this one "
			  "with --on-lost=drain");
	if (leaving && set_tables(d, &nothing) < 0)
		daemon_exit(d, EXIT_FAILURE);
}

static void on_config(void *arg, const char *text)
{
	struct daemon *d = arg;

	if (text != NULL)
		warn_set(&d->warnings, "netconf", "%s", text);
	else
		warn_clear(&d->warnings, "netconf");
}

static void on_peer_set(void *arg, const struct ovnet_lease *lease)
{
	peers_set(arg, lease);
}

static void on_peer_del(void *arg, const struct ovnet_lease *lease)
{
	peers_del(arg, lease);
}

static void on_synced(void *arg)
{
	struct daemon *d = arg;

	warn_clear(&d->warnings, "stale");
	d->synced = true;
	peers_check(d);
}

void overlay_settled(struct daemon *d)
{
	if (!d->synced || d->settled)
		return;
	d->settled = true;
	overlay_write_env(d);
	LOG(NOTICE, "ready: %u peers; watching for new subnet leases", d->peers.n);
}

/* Pods need no etcd to talk, but docker and CNI need the file, and /run does not last. */
static void on_restored(void *arg, int64_t saved_at)
{
	struct daemon *d = arg;

	warn_set(&d->warnings, "stale",
		"etcd has not answered since the start: forwarding by the snapshot of %lld s "
		"before "
		"it (%s)",
		(long long)(time(NULL) - saved_at), d->conf.registry.snapshot);
	overlay_write_env(d);
}

static void on_fatal(void *arg, const char *text)
{
	LOG(ERR, "giving up: %s", text);
	daemon_exit(arg, EXIT_FAILURE);
}

static const struct ovnet_registry_ops *etcd_v3_of(const struct conf *conf)
{
	static const struct ovnet_registry_ops *const v3[] = {
		[CONF_TRANSPORT_AUTO] = &ovnet_etcd_v3,
		[CONF_TRANSPORT_GRPC] = &ovnet_etcd_v3_grpc,
		[CONF_TRANSPORT_JSON] = &ovnet_etcd_v3_json,
	};

	return v3[conf->etcd.transport];
}

static int lease_init(struct daemon *d)
{
	static const struct ovnet_lease_callbacks cbs = {
		.attrs = on_attrs,
		.acquired = on_acquired,
		.lost = on_lost,
		.config = on_config,
		.ordered = lease_ordered,
		.peer_set = on_peer_set,
		.peer_del = on_peer_del,
		.restored = on_restored,
		.synced = on_synced,
		.fatal = on_fatal,
	};
	bool v2_first = d->conf.etcd.api == CONF_API_V2;
	struct ovnet_lease_conf c = {
		.registry = v2_first ? &ovnet_etcd_v2 : etcd_v3_of(&d->conf),
		.other_registry = v2_first ? etcd_v3_of(&d->conf) : &ovnet_etcd_v2,
		.may_switch = d->conf.etcd.api == CONF_API_AUTO,
		.registry_conf = {.endpoints = d->conf.etcd.endpoints,
			.cafile = d->conf.etcd.cafile,
			.certfile = d->conf.etcd.certfile,
			.keyfile = d->conf.etcd.keyfile,
			.server_name = d->conf.etcd.server_name,
			.username = d->conf.etcd.username,
			.password = d->conf.etcd.password,
			.timeout_ms = d->conf.etcd.timeout * 1000},
		.prefix = d->conf.etcd.prefix,
		.public_ip = d->public_ip,
		.public_ip6 = d->public_ip6,
		.renew_margin_s = d->conf.node.subnet_lease_renew_margin * 60,
		.ttl_s = 86400,
		.snapshot = d->conf.registry.snapshot,
		.on_lost = d->conf.node.on_lost == CONF_LOST_DRAIN ? OVNET_LEASE_DRAIN
								   : OVNET_LEASE_KEEP,
	};
	if (d->conf.registry.type == CONF_REGISTRY_STATIC) {
		c.registry = &ovnet_registry_static;
		c.other_registry = NULL;
		c.may_switch = false;
		c.registry_conf.endpoints = d->conf.registry.file;
		c.snapshot = NULL;
	}
	int rc = peers_init(d);

	if (rc < 0)
		return rc;
	/* Without it any subnet will do. */
	(void)ovnet_subnet_env_read(d->conf.node.subnet_file, &c.previous, &c.previous6);
	d->lease = ovnet_lease_client_new(d->base, &c, &cbs, d);
	return d->lease != NULL ? 0 : -EINVAL;
}

static void lease_fini(struct daemon *d)
{
	ovnet_lease_client_free(d->lease);
	d->lease = NULL;
	peers_fini(d);
	if (d->guarded)
		ovnet_udp_guard_close(&d->udp_guard);
	d->guarded = false;
}

const struct module module_lease = {"lease", lease_init, lease_fini};

static int fib_init(struct daemon *d)
{
	d->fib = ovnet_fib_writer_new(&d->shared.fib, &d->shared.rcu, MAX_PEERS);
	if (d->fib == NULL)
		LOG(ERR, "no memory for the tables");
	int n = ingress_parse(d->conf.ingress.allow, d->allowed, INGRESS_MAX_ALLOWED);
	d->n_allowed = n > 0 ? (unsigned)n : 0;
	return d->fib != NULL ? 0 : -ENOMEM;
}

static void fib_fini(struct daemon *d)
{
	ovnet_fib_writer_free(d->fib);
	d->fib = NULL;
	ingress_forget(d);
}

const struct module module_fib = {"fib", fib_init, fib_fini};
