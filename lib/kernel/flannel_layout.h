/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What flanneld has in the kernel, as it leaves it when it ends (seen with v0.10 to v0.28): ovnetd
 * finds it when it takes flanneld's place, and makes it when it hands the node back.
 *
 *   vxlan    device flannel.<VNI>, with `<subnet base>/32`; for each peer
 *              neigh  <its base> lladdr <VtepMAC> dev flannel.<VNI> nud permanent
 *              fdb    <VtepMAC> dev flannel.<VNI> dst <PublicIP> self permanent
 *              route  <its subnet> via <its base> dev flannel.<VNI> onlink
 *            and the same of IPv6 by flannel-v6.<VNI>, with the VNI and port of the other;
 *            a peer on the same link with DirectRouting as with host-gw, but without `dev`
 *   host-gw  for each peer: route <its subnet> via <PublicIP> dev <the underlay's interface>
 *   udp      device flannel0, a TUN that goes with its process; route <Network> dev flannel0
 *
 * Routes are of protocol "boot", in the main table. Control thread only. Nothing here knows leases:
 * who calls says what a lease says.
 */
#ifndef OVNET_KERNEL_FLANNEL_LAYOUT_H
#define OVNET_KERNEL_FLANNEL_LAYOUT_H

#include "kernel/kernel.h"

/* flannel gives its devices no alias, and minds none: this one says that ovnet made it. */
#define OVNET_FLANNEL_ALIAS "ovnet handed over"

enum ovnet_flannel_kind {
	OVNET_FLANNEL_NONE, /* nothing of flannel's */
	OVNET_FLANNEL_VXLAN,
	OVNET_FLANNEL_UDP,
	OVNET_FLANNEL_HOST_GW
};

/* flannel.<VNI>, flannel-v6.<VNI> or flannel0. */
struct ovnet_flannel_device {
	char name[16];    /* "": there is none */
	uint32_t ifindex; /* filled; what the builder is given of it is not read */
	uint16_t mtu;
	struct ovnet_prefix addr; /* <subnet base>/32 or /128; family 0: it has none */
	/* vxlan alone */
	uint32_t vni;
	uint16_t port;           /* UDP, host byte order */
	uint32_t lower;          /* ifindex of the underlay's interface */
	struct ovnet_addr local; /* outer source */
	struct ovnet_mac mac;    /* our VtepMAC of that IP version */
	bool gbp;
	/* filled */
	bool up;
	bool ours; /* has OVNET_FLANNEL_ALIAS */
};

/* What leads to one remote subnet, of either IP version. */
struct ovnet_flannel_peer {
	struct ovnet_prefix subnet;
	struct ovnet_addr
		public_ip;    /* where its packets go: fdb's dst, or the gateway if `direct` */
	struct ovnet_mac mac; /* VtepMAC; nothing if `direct` */
	bool direct;          /* host-gw, DirectRouting: a route alone */
	uint32_t link;        /* if `direct`: ifindex of the route; 0: none said */
};

struct ovnet_flannel_layout {
	enum ovnet_flannel_kind kind;
	struct ovnet_flannel_device device[2]; /* IPv4, IPv6 */
	struct ovnet_prefix network[2];        /* udp: of the route by the device; family 0: none */
	struct ovnet_flannel_peer *peers;      /* malloc()'s */
	unsigned n_peers;
	unsigned refused; /* filled by the builder: peers the kernel did not take, each logged */
};

/* "flannel.1", "flannel-v6.1". */
void ovnet_flannel_device_name(char name[16], uint8_t family, uint32_t vni);
/* Frees what is in it, and empties it. */
void ovnet_flannel_layout_free(struct ovnet_flannel_layout *l);

/*
 * The builder, for vxlan and host-gw, in three steps, so that what takes time is done while another
 * data plane still forwards. A peer without a neighbour of its own in the kernel costs three
 * requests, sent in batches: 65,536 of them are some hundred milliseconds for each step, so who
 * must not wait does a slice per turn of its loop ([from, from + n) of `peers`; cut at the end).
 *
 * 1. The devices, down, so that no UDP port is asked for yet. One of that name that is down and
 * ours is a former attempt's, and is replaced; -EEXIST for any other (logged, with the cure).
 */
int ovnet_flannel_devices_make(struct ovnet_kernel *k, struct ovnet_flannel_layout *l);
/* Neighbour and fdb entries, on the devices that are down. */
void ovnet_flannel_peers_set(
	struct ovnet_kernel *k, struct ovnet_flannel_layout *l, unsigned from, unsigned n);
/* 2. From here on the kernel receives: its UDP port has to be free, -EADDRINUSE (logged) if not. */
int ovnet_flannel_devices_up(struct ovnet_kernel *k, struct ovnet_flannel_layout *l);
/*
 * 3. Routes. Each takes the place of one that is there for that subnet, ovnet's own too, without a
 * moment in between; of IPv6, which refuses a gateway that is reached by another device by then
 * ("device mismatch"), with a few microseconds. Of more than 1,024 peers they have different
 * scopes, without which the kernel takes a minute and more; flanneld replaces them as any others.
 */
void ovnet_flannel_routes_set(
	struct ovnet_kernel *k, struct ovnet_flannel_layout *l, unsigned from, unsigned n);
/* All of it at once. 0 or negative errno (logged); what was made then is taken away again. */
int ovnet_flannel_layout_build(struct ovnet_kernel *k, struct ovnet_flannel_layout *l);
/* Removes the devices this layout has made or found, by their ifindex. One gone is no error. */
int ovnet_flannel_devices_remove(struct ovnet_kernel *k, struct ovnet_flannel_layout *l);

#endif
