/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "conf/validate.h"

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

static int refuse_public_ip(const struct node *n, const struct backend_underlay *u)
{
	char ip[OVNET_ADDR_STRLEN], a[OVNET_ADDR_STRLEN];

	LOG(ERR,
		"public IP %s is not an address of uplink %s (%s): with backend host-gw peers "
		"route to it, leave node.public-ip out",
		ovnet_addr_text(&n->public_ip, ip, sizeof(ip)), u->name,
		ovnet_addr_text(&u->addr, a, sizeof(a)));
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

static int check_families(
	const struct node *n, const struct backend_underlay *u, const struct ovnet_netconf *c)
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
	if (n->public_ip6.family == 0) {
		LOG(ERR,
			"the network config enables IPv6, and uplink %s has no global IPv6 "
			"address: give it one, or name it with node.public-ipv6",
			u->name);
		return -EADDRNOTAVAIL;
	}
	return 0;
}

int backend_check(
	const struct node *n, const struct backend_underlay *u, const struct ovnet_netconf *c)
{
	if (c->backend == OVNET_BACKEND_NONE)
		return refuse_type(c->type);
	if (c->backend == OVNET_BACKEND_HOST_GW && !u->has_public)
		return refuse_public_ip(n, u);
	int rc = check_mtu(c);
	return rc < 0 ? rc : check_families(n, u, c);
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
uint16_t backend_mtu(const struct ovnet_netconf *c, uint16_t underlay)
{
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

void backend_overlay(const struct node *n, struct ovnet_overlay *o)
{
	const struct ovnet_netconf *c = &n->netconf;

	*o = (struct ovnet_overlay){
		.network = c->network,
		.network6 = n->own.has_v6 ? c->network6 : (struct ovnet_prefix6){.len = 0},
		.tunnel = tunnel_of(c),
		.direct = c->backend == OVNET_BACKEND_HOST_GW || c->direct_routing,
		.udp_port = c->port,
		.vni = c->vni,
		.vtep_mac = n->own.vtep_mac,
		.vtep_mac6 = n->own.vtep_mac6,
		.src_port_min = n->conf->encap.src_port_min,
		.src_port_max = n->conf->encap.src_port_max,
		.mtu = n->overlay_mtu,
		.validation = (enum ovnet_validation)n->conf->ingress.validation,
		.asymmetric = n->conf->ingress.routed == CONF_ROUTED_ASYMMETRIC,
		.outer = {.dscp_inherit = inherit_or_number(n->conf->encap.dscp, 63) < 0,
			.ttl_inherit = inherit_or_number(n->conf->encap.ttl, 255) < 0,
			.df_inherit = n->conf->encap.df == CONF_DF_INHERIT,
			.csum4 = n->conf->encap.udp_checksum,
			.csum6 = n->conf->encap.udp_checksum6},
		.mss_clamp = n->conf->encap.mss_clamp,
	};
}

int backend_set_tables(const struct node *n, struct ovnet_fib_writer *fib,
	const struct ovnet_prefix4 *own, uint16_t host_port, const struct ovnet_mac *host_mac)
{
	struct ovnet_overlay o;

	backend_overlay(n, &o);
	o.own = *own;
	if (own->len != 0 && n->own.has_v6)
		o.own6 = n->own.subnet6;
	int rc = ovnet_fib_set_overlay(fib, &o, n->netconf.subnet_len, n->netconf.subnet6_len);

	if (rc == 0 && host_mac != NULL)
		rc = ovnet_fib_set_default_endpoint(fib, host_port, true, host_mac);
	if (rc < 0)
		LOG(ERR, "tables for the overlay: %s", strerror(-rc));
	return rc;
}

bool backend_takes(
	const struct node *n, const struct ovnet_lease *l, bool v6, char *why, size_t size)
{

	if (v6 && (!n->own.has_v6 || n->netconf.backend == OVNET_BACKEND_UDP)) {
		snprintf(why, size, "this node serves no IPv6");
		return false;
	}
	if (v6 && l->public_ip6.family == 0) {
		snprintf(why, size, "it has no PublicIPv6");
		return false;
	}
	/* flannel's udp sends to every lease in the tree: it writes no BackendType itself. */
	if (n->netconf.backend == OVNET_BACKEND_UDP)
		return true;
	if (l->backend != n->netconf.backend) {
		snprintf(why, size, "its backend is %s, ours %s", ovnet_backend_name(l->backend),
			ovnet_backend_name(n->netconf.backend));
		return false;
	}
	if (l->backend == OVNET_BACKEND_VXLAN && !(v6 ? l->has_vtep_mac6 : l->has_vtep_mac)) {
		snprintf(why, size, "it has no VtepMAC%s", v6 ? " in BackendV6Data" : "");
		return false;
	}
	return true;
}

bool backend_off_link(
	const struct node *n, const struct ovnet_addr *public_ip, const struct ovnet_addr *via)
{
	return n->netconf.backend == OVNET_BACKEND_HOST_GW && !ovnet_addr_equal(via, public_ip);
}

static bool is_direct(const struct node *n, const struct backend_peer *p)
{
	if (n->netconf.backend == OVNET_BACKEND_HOST_GW)
		return true;
	return n->netconf.direct_routing && p->reached && ovnet_addr_equal(&p->via, &p->public_ip);
}

static struct ovnet_outer outer_of(const struct node *n)
{
	int dscp = inherit_or_number(n->conf->encap.dscp, 63);
	int ttl = inherit_or_number(n->conf->encap.ttl, 255);
	/* flannel's socket sets DF (path MTU discovery), the kernel's vxlan does not. */
	bool usual = n->netconf.backend == OVNET_BACKEND_UDP;

	return (struct ovnet_outer){
		.dscp = dscp > 0 ? (uint8_t)dscp : 0,
		.ttl = ttl > 0 ? (uint8_t)ttl : 64,
		.df = n->conf->encap.df == CONF_DF_AUTO ? usual : n->conf->encap.df == CONF_DF_SET,
	};
}

void backend_encap(const struct node *n, const struct backend_peer *p, struct ovnet_peer_conf *conf)
{
	bool v6 = p->public_ip.family == AF_INET6;
	struct ovnet_tunnel_conf t = {
		.src = p->reached ? p->source
		       : v6       ? n->public_ip6
				  : n->public_ip,
		.dst = p->public_ip,
		.udp_port = n->netconf.port,
		.outer = outer_of(n),
		.vni = n->netconf.vni,
		.inner_src = v6 ? n->own.vtep_mac6 : n->own.vtep_mac,
		.inner_dst = p->vtep_mac,
	};

	if (is_direct(n, p)) {
		conf->encap = OVNET_ENCAP_DIRECT;
	} else if (n->netconf.backend == OVNET_BACKEND_UDP) {
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
