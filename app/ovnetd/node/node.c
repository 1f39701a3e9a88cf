/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/node.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/log.h"
#include "lease/flannel/subnet_env.h"
#include "node/backend.h"
#include "node/vm_pool.h"
#include "run/notify.h"
#include "run/tree_conf.h"

OVNET_LOG_TYPE(overlay)

void node_init(struct node *n, const struct conf *conf, struct warnings *warnings)
{
	*n = (struct node){.conf = conf, .warnings = warnings};
}

void node_fini(struct node *n)
{
	if (n->guarded)
		ovnet_udp_guard_close(&n->udp_guard);
	n->guarded = false;
}

void node_advance(struct node *n, enum node_phase phase)
{
	if (n->phase < phase)
		n->phase = phase;
}

bool node_has(const struct node *n, enum node_phase phase)
{
	return n->phase >= phase;
}

int node_choose_public_ip(
	struct node *n, const struct ovnet_addr *addr, const struct ovnet_addr *addr6)
{
	const struct conf *conf = n->conf;
	char a[OVNET_ADDR_STRLEN];

	n->public_ip = *addr;
	n->public_ip6 = *addr6;
	if (conf->node.public_ip[0] != '\0' &&
		ovnet_addr_parse(conf->node.public_ip, &n->public_ip) < 0)
		return -EINVAL; /* the option table lets none through */
	if (conf->node.public_ipv6[0] != '\0' &&
		ovnet_addr_parse(conf->node.public_ipv6, &n->public_ip6) < 0)
		return -EINVAL;
	ovnet_addr_text(&n->public_ip, a, sizeof(a));
	if (!ovnet_addr_is_unicast(&n->public_ip)) {
		LOG(ERR, "%s cannot be a node's address: set node.public-ip", a);
		return -EINVAL;
	}
	LOG(INFO, "external address of this node is %s", a);
	return 0;
}

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

int node_choose_macs(const struct node *n, const struct ovnet_netconf *c,
	const struct ovnet_lease *previous, struct ovnet_lease *own)
{
	static const struct ovnet_lease none;
	const struct ovnet_lease *was = previous != NULL ? previous : &none;
	bool ready = node_has(n, NODE_READY);

	own->has_vtep_mac = true;
	int rc = choose_mac(
		ready, &n->own.vtep_mac, was->has_vtep_mac, &was->vtep_mac, &own->vtep_mac);
	if (rc < 0 || !c->enable_ipv6)
		return rc;
	own->has_vtep_mac6 = true;
	return choose_mac(ready && n->own.has_vtep_mac6, &n->own.vtep_mac6, was->has_vtep_mac6,
		&was->vtep_mac6, &own->vtep_mac6);
}

void node_take_lease(struct node *n, const struct ovnet_netconf *c, const struct ovnet_lease *own,
	uint16_t underlay_mtu)
{
	n->netconf = *c;
	n->own = *own;
	n->drained = false;
	n->overlay_mtu = backend_mtu(c, underlay_mtu);
	node_advance(n, NODE_CONFIGURED);
}

void node_leave_lease(struct node *n)
{
	n->drained = true;
}

bool node_has_lease(const struct node *n)
{
	return node_has(n, NODE_CONFIGURED) && !n->drained;
}

static struct ovnet_addr twin_of(const struct node *n, uint32_t addr_host)
{
	struct ovnet_addr a = {.family = AF_INET6};

	if (!n->own.has_v6 || !node_twin_addr(&n->own.subnet, &n->own.subnet6, addr_host, a.v6))
		a.family = 0;
	return a;
}

/* VMs have the rest. */
static void put_containers(const struct node *n, struct ovnet_subnet_env *env)
{
	struct node_containers c;
	struct ovnet_prefix4 pool;
	char why[512];

	if (node_vm_pool(n->conf->vm.pool, &n->own.subnet, &pool, why, sizeof(why)) < 0 ||
		!node_containers(&n->own.subnet, &pool, &c))
		return;
	env->fixed_cidr = c.prefix;
	env->first = ovnet_addr_v4(c.first_host);
	env->last = ovnet_addr_v4(c.last_host);
	env->first6 = twin_of(n, c.first_host);
	env->last6 = twin_of(n, c.last_host);
}

void node_write_env(struct node *n)
{
	struct ovnet_subnet_env env = {
		.network = n->netconf.network,
		.subnet = n->own.subnet,
		.has_v6 = n->own.has_v6,
		.network6 = n->netconf.network6,
		.subnet6 = n->own.subnet6,
		.mtu = n->overlay_mtu,
		.ip_masq = n->conf->host.ip_masq,
	};

	put_containers(n, &env);
	n->env_written = ovnet_subnet_env_write(n->conf->node.subnet_file, &env) == 0;
	if (!n->env_written) {
		warn_set(n->warnings, "subnet-file",
			"%s was not written (reason in the log), trying again: docker and CNI wait "
			"for it",
			n->conf->node.subnet_file);
		return;
	}
	warn_clear(n->warnings, "subnet-file");
	LOG(INFO, "wrote subnet file to %s", n->conf->node.subnet_file);
	notify_ready(); /* docker, ordered behind the unit, reads the file */
}

void node_lease_conf(const struct node *n, struct ovnet_lease_conf *c)
{
	const struct conf *conf = n->conf;

	tree_conf(conf, c);
	c->public_ip = n->public_ip;
	c->public_ip6 = n->public_ip6;
	c->on_lost = conf->node.on_lost == CONF_LOST_DRAIN ? OVNET_LEASE_DRAIN : OVNET_LEASE_KEEP;
	/* Without it any subnet will do. */
	(void)ovnet_subnet_env_read(conf->node.subnet_file, &c->previous, &c->previous6);
}
