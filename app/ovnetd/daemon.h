/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that ovnetd holds, and who may touch it: everything here belongs to the control
 * thread, except `shared` and `workers`, whose headers say what workers read.
 *
 * The pieces start in the order of the module table (daemon.c) and stop in reverse;
 * each piece's fini is safe before its init.
 */
#ifndef OVNET_APP_DAEMON_H
#define OVNET_APP_DAEMON_H

#include <event2/event.h>
#include <time.h>

#include "conf/conf.h"
#include "ctl/ctl_server.h"
#include "fib/fib_writer.h"
#include "host/blackhole.h"
#include "host/firewall_job.h"
#include "kernel/host_device.h"
#include "lease/lease_client.h"
#include "loop.h"
#include "methods/lease_ctl.h"
#include "node/ingress.h"
#include "path/path.h"
#include "path/worker.h"
#include "peers/set.h"
#include "port/udp_guard.h"
#include "run/warnings.h"
#include "watch/impostors.h"
#include "watch/losses.h"
#include "watch/refusals.h"

#define MAX_PEERS (1u << 17) /* twice what a /8 of /24 holds */

/*
 * The kernel lists IPv4 first, service addresses (VRRP, load balancers) among them. The XDP maps
 * hold twice as many, so that old and new ones fit together.
 */
#define UPLINK_MAX_ADDRS 128

/* One underlay interface or vdev. */
struct uplink {
	const struct conf_uplink *conf; /* NULL: the default one */
	struct ovnet_port *port;
	struct ovnet_link link;  /* ifindex 0: no kernel device behind it */
	struct ovnet_addr addr;  /* outer source address */
	struct ovnet_addr addr6; /* the same of IPv6; family 0: none */
	/* the addresses in the tree were among these when it started */
	bool has_public, has_public6;
	unsigned n_addrs; /* all local addresses, what we accept packets to */
	struct ovnet_addr addrs[UPLINK_MAX_ADDRS];
	struct ovnet_port *fragments; /* for what the kernel puts together; NULL: none */
	struct event *readable;       /* its sockets */
};

struct daemon {
	struct conf conf;
	struct event_base *base;
	struct loop loop;
	struct event *signals[2];
	struct event *reclaim; /* timer: frees what is past its RCU grace */
	struct event *check;   /* timer: compares with the kernel, tries again what failed */
	struct event *reopen;  /* timer: while a port is lost */
	uint32_t reopen_ms;
	time_t started;
	struct ovnet_patience patience; /* at start, for a former daemon that is ending */
	int exit_code;

	bool eal, hugepages, stopping;
	uint16_t data_room; /* bytes of packet in one buffer */
	struct rte_mempool *pool;
	struct ovnet_path_shared shared;
	struct ovnet_fib_writer *fib;
	const struct ovnet_path_ops *path;
	struct ovnet_worker *workers[OVNET_MAX_WORKERS];

	struct ovnet_port *ports[OVNET_MAX_PORTS]; /* by id */
	bool lost[OVNET_MAX_PORTS];                /* its device is gone: out of the queue map */
	/* what former ports of the id had counted when another took their place */
	struct {
		struct ovnet_port_stats stats;
		uint64_t rx_drops[OVNET_DROP_COUNT];
	} former[OVNET_MAX_PORTS];
	uint16_t n_ports;
	uint32_t map_generation;
	struct ovnet_port *host;
	char iface[OVNET_ADDR_STRLEN]; /* stands for node.iface where that is not there; or "" */
	struct uplink uplinks[CONF_MAX_UPLINKS];
	unsigned n_uplinks;
	struct ovnet_addr public_ip;
	struct ovnet_addr public_ip6;     /* family 0: none */
	struct ovnet_udp_guard udp_guard; /* the overlay port, bound in the kernel */
	bool guarded;

	struct ovnet_kernel *kernel;
	struct ovnet_lease_client *lease;
	struct lease_orders orders;
	struct ovnet_ctl_server *ctl;
	struct peers peers;
	struct warnings warnings;
	struct impostors impostors;
	struct refusals refusals;
	struct losses losses;
	struct ingress_allowed allowed[INGRESS_MAX_ALLOWED]; /* ingress.allow */
	unsigned n_allowed, n_local;
	struct ovnet_addr *local; /* what the FIB knows as ours */
	bool ingress_set;
	struct rules rules;
	struct blackhole blackhole;

	bool have_netconf, ready, host_down;
	bool synced, settled;         /* all peers listed; all in the FIB, subnet.env written */
	bool subnet_env;              /* is as it should be */
	struct ovnet_netconf netconf; /* valid with have_netconf */
	struct ovnet_lease own;       /* valid once ready */
	uint16_t overlay_mtu;
};

struct module {
	const char *name;
	int (*init)(struct daemon *d); /* 0, -EAGAIN: try again later, or negative errno, logged */
	void (*fini)(struct daemon *d);
};

extern const struct module module_eal, module_rcu, module_kernel, module_iface, module_ports,
	module_workers, module_fib, module_ctl, module_rules, module_blackhole, module_lease,
	module_impostors, module_refusals, module_losses;

/* Runs until a signal or a fatal error; returns the exit code. */
int daemon_run(struct daemon *d);
/* Leaves the event loop with this code. */
void daemon_exit(struct daemon *d, int code);

/* ports/ports.c: publishes a new queue map over the ports that are not lost, and wakes the workers.
 */
int ports_publish(struct daemon *d);
/* Opens the host device as the port `id`. NULL and *err on failure (logged). */
struct ovnet_port *ports_open_host(
	struct daemon *d, uint16_t id, struct ovnet_patience *patience, int *err);
/* What its port and those before it of the same id counted. */
void ports_stats(struct daemon *d, struct ovnet_port *port, struct ovnet_port_stats *out);
uint64_t ports_rx_drops(
	const struct daemon *d, const struct ovnet_port *port, enum ovnet_drop reason);
/* ports/reopen.c: the port's device is gone. */
void port_lost(struct daemon *d, struct ovnet_port *port);
/* Puts `fresh` in the place of the port of the same id. On failure `fresh` is closed. */
int port_replace(struct daemon *d, struct ovnet_port *fresh);
/* Are the ports' devices still there? */
void ports_check(struct daemon *d);
/* Timers of the event loop. The second is armed by its first call. */
void reopen_run(evutil_socket_t fd, short what, void *arg);
void check_run(evutil_socket_t fd, short what, void *arg);
/* underlay/uplinks.c: the kernel interface `text` names, the first there is: by name, by address,
 * or (empty) of the default route. -ENODEV. */
int uplinks_look_up(struct daemon *d, const char *text, struct ovnet_link *link);
/* The largest MTU of the interfaces to come, for the size of packet buffers. */
uint16_t uplinks_mtu(struct daemon *d);
/* Opens what the configuration lists; sets d->public_ip. -EAGAIN: one is down, wait. */
int uplinks_open(struct daemon *d);
/* Tells every shared uplink what the overlay's packets look like. */
int uplinks_filter(struct daemon *d);
/* Warns while full-size packets of the overlay do not fit an uplink. */
void uplinks_check_mtu(struct daemon *d);
/* Does the uplink show us packets that the kernel handles as well (AF_PACKET)? */
bool uplink_is_copy(const struct uplink *u);
/* Warns of what that means where packets are routed, by what sysctl says now. */
void uplinks_check_copies(struct daemon *d);
/* The interface's addresses or state changed. */
void uplinks_link_changed(struct daemon *d, const struct ovnet_link *link);
/* Reads the addresses anew. -EADDRNOTAVAIL: it has none, and keeps what it had. */
int uplink_learn(struct daemon *d, struct uplink *u);
enum uplink_state { UPLINK_UP, UPLINK_DOWN, UPLINK_GONE };
void uplink_warn(struct daemon *d, const struct uplink *u, enum uplink_state state);
/* Is it one of the uplink's addresses? */
bool uplink_has(const struct uplink *u, const struct ovnet_addr *addr);
/* Opens again what is lost: -EAGAIN: there is no such device; or -errno, logged. */
int uplinks_reopen(struct daemon *d);
struct uplink *uplink_by_ifindex(struct daemon *d, uint32_t ifindex);

/* underlay/fragment_ports.c: a port for outer fragments beside each uplink that needs one. */
int fragment_ports_open(struct daemon *d);
/* Before the ports are closed. */
void fragment_ports_unwatch(struct daemon *d);
/* The uplink's filter has changed, or its interface. */
void fragment_port_filter(
	struct daemon *d, struct uplink *u, const struct ovnet_port_filter *filter);

/* host/host.c: addresses, MTU and blackhole of the host device. 0 or negative errno. */
int host_set_up(struct daemon *d);
void host_link_changed(struct daemon *d, const struct ovnet_link *link);
/* The device is gone: makes it anew, with all that belongs to it. 0 or -errno, logged. */
int host_reopen(struct daemon *d);

/* node/node.c: every peer is in the FIB, or failed and waits for the next check. */
void overlay_settled(struct daemon *d);
/* subnet.env, when it could not be written before. */
void overlay_write_env(struct daemon *d);

/* methods/status.c: the control socket's methods. */
extern const struct ovnet_ctl_method status_methods[];

#endif
