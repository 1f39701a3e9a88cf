/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "conf/validate.h"
#include "daemon.h"
#include "node/flanneld.h"
#include "underlay/next_hop.h"

OVNET_LOG_TYPE(overlay)

#define SUPPORTED "udp, vxlan and host-gw"

/* RFC 791, RFC 8200: what every link has to carry. */
#define IP4_MIN_MTU 68
#define IP6_MIN_MTU 1280

/* Types flannel has or had, which ovnet leaves out. */
static const char *const other_types[] = {
	"ipip", "wireguard", "ipsec", "alloc", "extension", "tencent-vpc"};
static const char *const retired_types[] = {"aws-vpc", "gce", "ali-vpc"};

static bool is_one_of(const char *type, const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(type, list[i]) == 0)
			return true;
	return false;
}

static int refuse_type(const char *type)
{
	const char *what = "flannel does not know it either: a slip of the pen?";

	if (is_one_of(type, other_types, sizeof(other_types) / sizeof(other_types[0])))
		what = "flannel has it, ovnet does not";
	if (is_one_of(type, retired_types, sizeof(retired_types) / sizeof(retired_types[0])))
		what = "flannel has retired it";
	LOG(ERR,
		"backend type \"%s\" of the network config is not supported (%s): set Backend.Type "
		"to one of " SUPPORTED,
		type, what);
	return -EPROTONOSUPPORT;
}

static int refuse_public_ip(const struct daemon *d)
{
	char ip[OVNET_ADDR_STRLEN], a[OVNET_ADDR_STRLEN];

	LOG(ERR,
		"public IP %s is not an address of uplink %s (%s): with backend host-gw peers "
		"route to it, leave node.public-ip out",
		ovnet_addr_text(&d->public_ip, ip, sizeof(ip)), d->uplinks[0].port->name,
		ovnet_addr_text(&d->uplinks[0].addr, a, sizeof(a)));
	return -EINVAL;
}

/* flannel subtracts and hopes; below the overhead that comes out as 65,000 and something. */
static int check_mtu(const struct ovnet_netconf *c)
{
	unsigned least = backend_overhead(c) + (c->enable_ipv6 ? IP6_MIN_MTU : IP4_MIN_MTU);

	if (c->mtu == 0 || c->mtu >= least)
		return 0;
	LOG(ERR,
		"Backend.MTU %u of the network config leaves no room for packets: it is the "
		"underlay's, set it to %u at least, or leave it out",
		c->mtu, least);
	return -EINVAL;
}

static int check_families(const struct daemon *d, const struct ovnet_netconf *c)
{
	if (!c->enable_ipv4) {
		LOG(ERR, "the network config has EnableIPv4 false: in etcd a node is known by its "
			 "IPv4 address alone, flannel cannot do it either; set EnableIPv4 true");
		return -EPROTONOSUPPORT;
	}
	if (!c->enable_ipv6)
		return 0;
	if (c->backend == OVNET_BACKEND_UDP) {
		LOG(ERR, "the network config enables IPv6 with backend udp, which carries IPv4 "
			 "only: set EnableIPv6 false, or Backend.Type vxlan or host-gw");
		return -EPROTONOSUPPORT;
	}
	if (d->public_ip6.family == 0) {
		LOG(ERR,
			"the network config enables IPv6, and uplink %s has no global IPv6 "
			"address: give it one, or name it with node.public-ipv6",
			d->uplinks[0].port->name);
		return -EADDRNOTAVAIL;
	}
	return 0;
}

int backend_check(const struct daemon *d, const struct ovnet_netconf *c)
{
	bool public_here = false;

	if (c->backend == OVNET_BACKEND_NONE)
		return refuse_type(c->type);
	for (unsigned i = 0; i < d->n_uplinks; i++)
		public_here = public_here || uplink_has(&d->uplinks[i], &d->public_ip);
	if (c->backend == OVNET_BACKEND_HOST_GW && !public_here)
		return refuse_public_ip(d);
	int rc = check_mtu(c);
	return rc < 0 ? rc : check_families(d, c);
}

static void say(const struct ovnet_netconf *c)
{
	switch (c->backend) {
	case OVNET_BACKEND_VXLAN:
		LOG(INFO, "VXLAN config: VNI=%u Port=%u GBP=%d Learning=%d DirectRouting=%d",
			c->vni, c->port, c->gbp, c->learning, c->direct_routing);
		break;
	case OVNET_BACKEND_UDP:
		LOG(INFO, "UDP config: Port=%u", c->port);
		break;
	default:
		LOG(INFO, "backend %s: packets are routed to peers' addresses",
			ovnet_backend_name(c->backend));
	}
}

struct flannel_route {
	struct daemon *d;
	const struct ovnet_netconf *netconf;
	bool found;
};

/* As flanneld's host-gw sets them: a lease's subnet by way of the peer. */
static void look_at_route(void *arg, const struct ovnet_main_route *r)
{
	struct flannel_route *f = arg;
	struct ovnet_addr base = r->dst.family == AF_INET ? ovnet_addr_v4(r->dst.v4.addr_host)
							  : ovnet_addr_v6(r->dst.v6.addr);

	f->found = f->found || (r->gateway.family != 0 && ovnet_prefix_len(&r->dst) > 0 &&
				       ovnet_netconf_leasable(f->netconf, &base));
}

static bool same_prefix(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	while (a_len > 0 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 0 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && strncmp(a, b, a_len) == 0;
}

/* By its --etcd-prefix; its routes tell where it gives none. */
static bool is_same_network(void *arg, const char *prefix)
{
	struct flannel_route *f = arg;

	if (prefix[0] != '\0')
		return same_prefix(prefix, f->d->conf.etcd.prefix);
	(void)ovnet_kernel_main_routes(f->d->kernel, 0, look_at_route, f);
	/* Its environment may name another; without peers it has no routes yet. */
	if (!f->found)
		LOG(WARN,
			"a flanneld runs here whose command line has no --etcd-prefix: if it "
			"serves %s as well, stop it, because both would set the same routes",
			f->d->conf.etcd.prefix);
	return f->found;
}

/*
 * A tunnel's port has one owner; host-gw has none, and both daemons would set and remove each
 * other's routes. A flanneld of another network may run beside; routes that a dead one left are
 * replaced.
 */
static int refuse_flanneld(struct daemon *d, const struct ovnet_netconf *c)
{
	struct flannel_route f = {.d = d, .netconf = c};
	char net[OVNET_PREFIX_STRLEN];
	pid_t pid = flanneld_running(is_same_network, &f);

	if (pid == 0)
		return 0;
	LOG(ERR,
		"flanneld runs here as well (process %d) and serves network %s: both would set the "
		"same routes; stop it first, as with `systemctl stop flanneld`",
		(int)pid, ovnet_prefix4_text(&c->network, net, sizeof(net)));
	return -EADDRINUSE;
}

int backend_hold_port(struct daemon *d, const struct ovnet_netconf *c)
{
	int rc = 0;

	if (d->guarded)
		return 0;
	if (c->backend == OVNET_BACKEND_HOST_GW) {
		rc = refuse_flanneld(d, c);
	} else {
		rc = ovnet_udp_guard_open(&d->udp_guard, c->port, &d->patience);
		d->guarded = rc == 0;
	}
	if (rc != -EAGAIN)
		say(c);
	return rc;
}

uint16_t backend_overhead(const struct ovnet_netconf *c)
{
	switch (c->backend) {
	case OVNET_BACKEND_VXLAN:
		return OVNET_OVERHEAD(OVNET_VXLAN4_LEN);
	case OVNET_BACKEND_UDP:
		return OVNET_OVERHEAD(OVNET_UDP4_LEN);
	default:
		return 0;
	}
}

/* Backend.MTU is the underlay's (flannel v0.21.3+). */
uint16_t backend_mtu(const struct daemon *d, const struct ovnet_netconf *c)
{
	uint16_t underlay = UINT16_MAX;

	for (unsigned i = 0; i < d->n_uplinks; i++)
		if (d->uplinks[i].port->mtu < underlay)
			underlay = d->uplinks[i].port->mtu;
	return (uint16_t)((c->mtu != 0 ? c->mtu : underlay) - backend_overhead(c));
}

static enum ovnet_tunnel tunnel_of(const struct ovnet_netconf *c)
{
	switch (c->backend) {
	case OVNET_BACKEND_VXLAN:
		return OVNET_TUNNEL_VXLAN;
	case OVNET_BACKEND_UDP:
		return OVNET_TUNNEL_UDP;
	default:
		return OVNET_TUNNEL_NONE;
	}
}

void backend_overlay(const struct daemon *d, struct ovnet_overlay *o)
{
	const struct ovnet_netconf *c = &d->netconf;

	*o = (struct ovnet_overlay){
		.network = c->network,
		.network6 = d->own.has_v6 ? c->network6 : (struct ovnet_prefix6){.len = 0},
		.tunnel = tunnel_of(c),
		.direct = c->backend == OVNET_BACKEND_HOST_GW || c->direct_routing,
		.udp_port = c->port,
		.vni = c->vni,
		.vtep_mac = d->own.vtep_mac,
		.vtep_mac6 = d->own.vtep_mac6,
		.src_port_min = d->conf.encap.src_port_min,
		.src_port_max = d->conf.encap.src_port_max,
		.mtu = d->overlay_mtu,
		.validation = (enum ovnet_validation)d->conf.ingress.validation,
		.asymmetric = d->conf.ingress.routed == CONF_ROUTED_ASYMMETRIC,
		.outer = {.dscp_inherit = inherit_or_number(d->conf.encap.dscp, 63) < 0,
			.ttl_inherit = inherit_or_number(d->conf.encap.ttl, 255) < 0,
			.df_inherit = d->conf.encap.df == CONF_DF_INHERIT,
			.csum4 = d->conf.encap.udp_checksum,
			.csum6 = d->conf.encap.udp_checksum6},
		.mss_clamp = d->conf.encap.mss_clamp,
	};
}

bool backend_takes(const struct daemon *d, const struct peer *p, char *why, size_t size)
{
	const struct ovnet_lease *l = &p->lease;
	bool v6 = p->subnet.family == AF_INET6;

	if (v6 && (!d->own.has_v6 || d->netconf.backend == OVNET_BACKEND_UDP)) {
		snprintf(why, size, "this node serves no IPv6");
		return false;
	}
	if (v6 && p->public_ip.family == 0) {
		snprintf(why, size, "it has no PublicIPv6");
		return false;
	}
	/* flannel's udp sends to every lease in the tree: it writes no BackendType itself. */
	if (d->netconf.backend == OVNET_BACKEND_UDP)
		return true;
	if (l->backend != d->netconf.backend) {
		snprintf(why, size, "its backend is %s, ours %s", ovnet_backend_name(l->backend),
			ovnet_backend_name(d->netconf.backend));
		return false;
	}
	if (l->backend == OVNET_BACKEND_VXLAN && !(v6 ? l->has_vtep_mac6 : l->has_vtep_mac)) {
		snprintf(why, size, "it has no VtepMAC%s", v6 ? " in BackendV6Data" : "");
		return false;
	}
	return true;
}

bool backend_off_link(
	const struct daemon *d, const struct ovnet_addr *public_ip, const struct next_hop *hop)
{
	return d->netconf.backend == OVNET_BACKEND_HOST_GW &&
	       !ovnet_addr_equal(&hop->addr, public_ip);
}

static bool is_direct(const struct daemon *d, const struct peer *p)
{
	if (d->netconf.backend == OVNET_BACKEND_HOST_GW)
		return true;
	return d->netconf.direct_routing && p->state == PEER_OK &&
	       ovnet_addr_equal(&p->next_hop, &p->public_ip);
}

static struct ovnet_outer outer_of(const struct daemon *d)
{
	int dscp = inherit_or_number(d->conf.encap.dscp, 63);
	int ttl = inherit_or_number(d->conf.encap.ttl, 255);
	/* flannel's socket sets DF (path MTU discovery), the kernel's vxlan does not. */
	bool usual = d->netconf.backend == OVNET_BACKEND_UDP;

	return (struct ovnet_outer){
		.dscp = dscp > 0 ? (uint8_t)dscp : 0,
		.ttl = ttl > 0 ? (uint8_t)ttl : 64,
		.df = d->conf.encap.df == CONF_DF_AUTO ? usual : d->conf.encap.df == CONF_DF_SET,
	};
}

void backend_encap(const struct daemon *d, const struct peer *p, struct ovnet_peer_conf *conf)
{
	bool v6 = p->subnet.family == AF_INET6;
	struct ovnet_tunnel_conf t = {
		.src = p->state == PEER_OK ? p->source
		       : v6                ? d->public_ip6
					   : d->public_ip,
		.dst = p->public_ip,
		.udp_port = d->netconf.port,
		.outer = outer_of(d),
		.vni = d->netconf.vni,
		.inner_src = v6 ? d->own.vtep_mac6 : d->own.vtep_mac,
		.inner_dst = p->vtep_mac,
	};

	if (is_direct(d, p)) {
		conf->encap = OVNET_ENCAP_DIRECT;
	} else if (d->netconf.backend == OVNET_BACKEND_UDP) {
		conf->encap = OVNET_ENCAP_UDP4;
		ovnet_udp4_build(&conf->rewrite, &t);
	} else if (v6) {
		conf->encap = OVNET_ENCAP_VXLAN6;
		ovnet_vxlan6_build(&conf->rewrite, &t);
	} else {
		conf->encap = OVNET_ENCAP_VXLAN4;
		ovnet_vxlan4_build(&conf->rewrite, &t, AF_INET);
	}
}
