/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port is what packets come and go by. What kind it is, its driver says (driver.h).
 *
 * Control thread. A port is closed only after it was taken out of the published port list and a
 * grace period passed. Errors: negative errno, logged where they happen with what to do about it.
 */
#ifndef OVNET_PORT_PORT_H
#define OVNET_PORT_PORT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <rte_mbuf.h>

#include "base/drop.h"
#include "base/net.h"
#include "base/patience.h"
#include "base/rcu.h"
#include "packet/counters.h"
#include "packet/meta.h"
#include "port/driver.h"

#define OVNET_MAX_QUEUES OVNET_MAX_WORKERS
#define OVNET_BURST      64
#define OVNET_PORT_NONE  UINT16_MAX

enum ovnet_port_role {
	OVNET_PORT_HOST,   /* the host device: the node's own kernel behind it */
	OVNET_PORT_ATTACH, /* a VM or container */
	OVNET_PORT_UPLINK, /* the underlay */
	OVNET_PORT_TWIN, /* the kernel's end of an exclusive uplink: the host's own traffic there */
};

/* ovnet_port.caps */
#define OVNET_CAP_L3      0x01 /* packets carry no Ethernet header, either way */
#define OVNET_CAP_CHAINED 0x02 /* tx takes chained mbufs; otherwise ovnet linearises */
#define OVNET_CAP_RX_CSUM 0x04 /* may hand in OVNET_OFF_CSUM */
#define OVNET_CAP_RX_GSO  0x08 /* may hand in OVNET_OFF_GSO */
#define OVNET_CAP_TX_CSUM 0x10 /* takes OVNET_OFF_CSUM */
/*
 * The driver knows nothing of metadata: of what it hands in nothing is undone or known, which is
 * written when somebody is to read it (path/bare.h), and tx reads none.
 */
#define OVNET_CAP_BARE      0x20
#define OVNET_CAP_EXCLUSIVE 0x40 /* uplink: the kernel does not see these packets */
/* Takes packets with that bit of ovnet_meta.offload: the port's far end cuts them. */
#define OVNET_CAP_TX_TSO4 (OVNET_OFF_TSO4 << 8)
#define OVNET_CAP_TX_TSO6 (OVNET_OFF_TSO6 << 8)
#define OVNET_CAP_TX_USO  (OVNET_OFF_USO << 8)
#define OVNET_CAP_TX_GSO  (OVNET_OFF_GSO << 8)
#define OVNET_CAP_TX_ECN  0x1000 /* also those of TCP with CWR: the first segment alone keeps it */

/* One queue pair; drivers embed it at the start of their own queue struct. */
struct ovnet_port_queue {
	struct ovnet_port *port;
	uint16_t id;
	/*
	 * Workers, by number + 1; 0: none yet. control: rw: whom the maps give the queue to; and
	 * who has it: the only one that may use the driver with it. Control names the first; then
	 * each gives it to the next (queue_map.h).
	 */
	uint8_t worker;
	_Atomic uint8_t owner;
	/* After tx took fewer than given: why the next one was not taken. worker: rw */
	enum ovnet_drop tx_reason;
	/*
	 * worker: rw, for drivers whose rx asks the kernel. Looks in a row that found nothing, and
	 * the queue map by which the worker's epoll set was made that tells of more; 0: none.
	 */
	uint8_t quiet;
	uint32_t watched;
	/* worker: rw, control: ro. What came and went, counted by the path once a burst. */
	struct ovnet_port_counters packets;
	/* The same. Packets rx itself lost: truncated, without a buffer. */
	uint64_t rx_drops[OVNET_DROP_COUNT];
};

/* What the path touches with each burst is one cache line. */
static_assert(offsetof(struct ovnet_port_queue, rx_drops) <= RTE_CACHE_LINE_MIN_SIZE,
	"the line a burst counts in");

/* What the driver needs to open. Strings are copied by open where it keeps them. */
struct ovnet_port_conf {
	const char *name; /* unique, as shown by ovnetctl */
	enum ovnet_port_role role;
	const char *iface;   /* kernel interface (af_xdp, af_packet), device name (host, tap) */
	const char *devargs; /* dpdk: "0000:01:00.0", "net_vhost0,iface=/run/x.sock", ... */
	uint16_t queues;     /* wanted; a driver may open fewer (see n_rxq, n_txq) */
	uint16_t mtu;        /* bytes of IP; 0: leave as it is */
	bool mtu_near;       /* dpdk: the nearest to it that the device takes will do */
	/* dpdk: of each queue's ring. tap: packets the kernel keeps for us. 0: the driver's number
	 */
	uint16_t descriptors;
	/* Its queues go to these in turn, and stay there; none: anywhere. */
	uint16_t n_workers;
	uint16_t workers[OVNET_MAX_QUEUES];
	const struct ovnet_mac *mac; /* tap: what the kernel's end is to have; NULL: leave it */
	struct rte_mempool *pool;
	/*
	 * Exclusive uplinks: our underlay address there, network order. What is for another one
	 * is not the overlay's. Family 0: any; on shared uplinks the filter sees to it.
	 */
	struct ovnet_addr local, local6;
	struct ovnet_patience
		*patience;   /* for a former owner; NULL, as while others are served: none */
	bool zero_copy;      /* af_xdp: where the driver can */
	bool zero_copy_only; /* ... and where it cannot, not at all: -EOPNOTSUPP */
	bool send_udp;       /* socket: by UDP sockets in any case */
	uint16_t vlan;       /* dpdk: the one it is in, 1 to 4094; 0: none, tags are packet bytes */
	bool multicast;      /* dpdk: take in all of it, for the host behind the twin */
	bool stays;          /* tap: the device, with its addresses, outlives the port */
	bool offloads;       /* ask for checksum and segmentation offload where the driver has it */
	/* vhost */
	const char *path; /* of the socket */
	bool server; /* we make it; otherwise its far end does, and we connect, again and again */
	mode_t socket_mode;       /* server: of the socket; 0: as made, for our user alone */
	const char *socket_owner; /* server: "user", "user:group", ":group"; NULL or "": ours */
	/* Filled in by who keeps the ports. */
	struct ovnet_rcu *rcu; /* the workers'; NULL: there are none */
	int notify_fd; /* an eventfd a driver's own thread writes to when `changed` is to be asked
			*/
};

/* What an uplink takes out of a shared interface. Applied live, whole. */
struct ovnet_port_filter {
	uint16_t udp_port; /* host order; 0: take nothing */
	uint32_t vni;      /* host order; drivers take any: another is a counted drop */
	/* Of what we send, host order, where the driver chooses one itself; 0: any. */
	uint16_t src_port_min, src_port_max;
	const struct ovnet_addr *addrs; /* our underlay addresses */
	unsigned n_addrs;
	const struct ovnet_prefix *subnets; /* host-gw, DirectRouting: our own, either family */
	unsigned n_subnets;
};

struct ovnet_port_stats {
	uint64_t missed; /* packets the device or kernel had no room for */
	uint64_t errors; /* packets the device found bad */
	uint64_t no_mbuf;
	uint64_t tx_errors;
};

#define OVNET_PORT_FEATURES 32 /* names of one kind */

struct ovnet_port_details {
	const char *state;   /* for people; NULL: nothing to say. Names and this are never freed */
	uint64_t negotiated; /* virtio feature bits its far end took; 0: none */
	uint64_t enabled;    /* OVNET_CAP_*: what of them the path makes use of */
	const char *features[OVNET_PORT_FEATURES]; /* the negotiated ones by name */
	unsigned n_features;
	const char *used[OVNET_PORT_FEATURES]; /* those of them that are in use */
	unsigned n_used;
	uint16_t queues_ready; /* queue pairs its far end enabled */
	uint16_t guest_mtu;    /* bytes of IP, as its far end was told; 0: it was not */
	uint64_t reconnects;   /* of its far end, since the port was opened */
};

/* control: rw before it is published and after it is unpublished; workers: ro. */
struct ovnet_port {
	const struct ovnet_driver *driver;
	char name[32];
	uint16_t id; /* index into the port list; stable while the port lives */
	/*
	 * Tells a port from a former one of the same id, for packets that wait in a hand-off ring
	 * meanwhile. An id is free again only when no next hop and no endpoint names it and a
	 * grace period passed: inside one burst ids need no generation.
	 */
	uint8_t generation;
	enum ovnet_port_role role;
	/* OVNET_CAP_*. TX_TSO4 and the like may change with a guest, by one store. */
	uint32_t caps;
	uint16_t mtu;          /* bytes of IP */
	uint16_t vlan;         /* dpdk: its packets have that tag on the wire alone; 0: none */
	uint16_t n_rxq, n_txq; /* control alone: workers know queues by the queue map */
	/* Those its queues go to in turn, and stay with; none: by load. */
	uint16_t n_workers;
	uint16_t workers[OVNET_MAX_QUEUES];
	struct ovnet_addr local, local6; /* see struct ovnet_port_conf */
	uint32_t ifindex;                /* kernel interface behind it, 0 if none */
	/*
	 * An exclusive uplink's: the id of the port by which the host's kernel has what is not the
	 * overlay's; of that one: the uplink's. OVNET_PORT_NONE: there is none. Any thread,
	 * relaxed; control sets it.
	 */
	_Atomic uint16_t twin;
	/*
	 * As on the wire, then two zeros. What may change while workers read (an operator's `ip
	 * link set ... address`), by one store: ovnet_port_mac(), ovnet_port_set_mac().
	 */
	_Atomic uint64_t mac_word;
	struct ovnet_port_queue *queue[OVNET_MAX_QUEUES]; /* max(n_rxq, n_txq) at least */
	void *priv;                                       /* the driver's own */
	struct ovnet_rcu_head rcu;                        /* control: for ovnet_port_release */
};

/* Can it send a packet with that much of segmentation undone? CWR is not looked at. */
static inline bool ovnet_port_takes(const struct ovnet_port *port, uint8_t offload)
{
	return ((uint32_t)(offload & OVNET_OFF_GSO) << 8 & ~port->caps) == 0;
}

static inline uint16_t ovnet_port_twin(const struct ovnet_port *port)
{
	return atomic_load_explicit(&port->twin, memory_order_relaxed);
}

/* Any thread: the one before or the one after a change, never a mixture. */
static inline struct ovnet_mac ovnet_port_mac(const struct ovnet_port *port)
{
	uint64_t word = atomic_load_explicit(&port->mac_word, memory_order_relaxed);
	struct ovnet_mac mac;

	memcpy(mac.b, &word, sizeof(mac.b));
	return mac;
}

/* Control thread. */
static inline void ovnet_port_set_mac(struct ovnet_port *port, const struct ovnet_mac *mac)
{
	uint64_t word = 0;

	memcpy(&word, mac->b, sizeof(mac->b));
	atomic_store_explicit(&port->mac_word, word, memory_order_relaxed);
}

/* Allocates, opens. NULL and *err = negative errno on failure (already logged). */
struct ovnet_port *ovnet_port_open(const struct ovnet_driver *driver, uint16_t id,
	const struct ovnet_port_conf *conf, int *err);
/* Closes and frees. NULL is fine. */
void ovnet_port_close(struct ovnet_port *port);
/* The same for ovnet_rcu_defer(rcu, &port->rcu, ovnet_port_release). */
void ovnet_port_release(struct ovnet_rcu_head *head);

#endif
