/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ovnetd's configuration, filled by options.c from one table: defaults, then the
 * file, then the environment, then the command line. Strings are owned by the struct (conf_free).
 * Main thread, before anything else starts; read-only afterwards.
 */
#ifndef OVNET_APP_CONF_CONF_H
#define OVNET_APP_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/net.h"

#define CONF_MAX_UPLINKS    8
#define CONF_MAX_NEIGHBOURS 64
#define CONF_MAX_PORTS      1000
#define CONF_PORT_MAX_ADDRS 64
#define CONF_VM_DIR_MAX     86 /* bytes; "/NAME.sock" fits a socket's address behind it */
#define CONF_MIN_MBUFS      1024
#define CONF_MAX_MBUFS      16777216
#define CONF_MAX_CPU        1024 /* CPU numbers are below this */
#define CONF_MAX_WORKERS    31
#define CONF_DEVICE_NAME    64 /* bytes of a port's name */

enum conf_api { CONF_API_AUTO, CONF_API_V3, CONF_API_V2 };
enum conf_hugepages { CONF_HUGE_AUTO, CONF_HUGE_ON, CONF_HUGE_OFF };
enum conf_registry { CONF_REGISTRY_ETCD, CONF_REGISTRY_STATIC };
enum conf_transport { CONF_TRANSPORT_AUTO, CONF_TRANSPORT_GRPC, CONF_TRANSPORT_JSON };
enum conf_on_lost { CONF_LOST_KEEP, CONF_LOST_DRAIN };
enum conf_on_stop { CONF_STOP_HOLD, CONF_STOP_KERNEL, CONF_STOP_REMOVE };
enum conf_takeover { CONF_TAKEOVER_ASK, CONF_TAKEOVER_YES, CONF_TAKEOVER_NO };
/* As enum ovnet_validation. */
enum conf_validation { CONF_VALIDATE_OFF, CONF_VALIDATE_PERMISSIVE, CONF_VALIDATE_STRICT };
enum conf_routed { CONF_ROUTED_STRICT, CONF_ROUTED_ASYMMETRIC };
enum conf_df { CONF_DF_AUTO, CONF_DF_CLEAR, CONF_DF_SET, CONF_DF_INHERIT };
enum conf_blackhole { CONF_BLACKHOLE_AUTO, CONF_BLACKHOLE_ON, CONF_BLACKHOLE_OFF };
enum conf_kernel_lane { CONF_LANE_AUTO, CONF_LANE_OFF };
enum conf_mode { CONF_MODE_ADAPTIVE, CONF_MODE_POLL };
enum conf_port_driver { CONF_PORT_DPDK, CONF_PORT_TAP, CONF_PORT_AF_XDP, CONF_PORT_VHOST };
enum conf_driver {
	CONF_DRIVER_AUTO,
	CONF_DRIVER_AF_XDP,
	CONF_DRIVER_AF_PACKET,
	CONF_DRIVER_SOCKET,
	CONF_DRIVER_DPDK,
};

struct conf_neighbour {
	struct ovnet_addr ip;
	struct ovnet_mac mac;
};

/*
 * One entry of `uplinks`. Either `iface` (shared with the kernel, which supplies address,
 * routes and neighbours), or `pci` or `devargs` (driver dpdk): with a twin, by which the kernel
 * supplies them, or with address, gateway and neighbours given here. Of those two `devargs` alone
 * is read behind conf_load().
 */
struct conf_uplink {
	char *iface;
	enum conf_driver driver;
	char *pci; /* a PCI address; devargs is the same then */
	char *devargs;
	char *twin;                       /* devargs: "auto", "off", or the twin's name */
	uint16_t mtu;                     /* devargs; 0: the twin's, or the device's */
	uint16_t vlan;                    /* devargs; 0: none */
	struct ovnet_prefix4 address_net; /* devargs: the on-link network ... */
	struct ovnet_addr address;        /* ... and our address in it */
	struct ovnet_addr gateway;        /* devargs: where everything else goes; may be none */
	struct conf_neighbour neighbours[CONF_MAX_NEIGHBOURS];
	unsigned n_neighbours;
	bool zero_copy;  /* af_xdp: the NIC writes into ovnet's memory */
	bool send_udp;   /* socket: by UDP sockets, through the kernel's IP layer */
	uint16_t queues; /* 0: one per worker, as far as the device has them */
	char *workers;   /* "0,2": its queues go to these in turn; "": by load */
};

/* One entry of `ports`: what something of ours is plugged in by. */
struct conf_port {
	char *name; /* unique; neither an uplink's nor the host device's */
	enum conf_port_driver driver;
	char *devargs;                    /* dpdk */
	char *iface;                      /* af_xdp: our end of a veth; tap: its name, never "" */
	char *path;                       /* vhost: its socket, absolute */
	bool server;                      /* vhost: we make the socket; otherwise QEMU does */
	char *socket_mode, *socket_owner; /* vhost, server: octal, "0660"; "qemu:kvm"; or "" */
	struct ovnet_prefix addresses[CONF_PORT_MAX_ADDRS]; /* of what lives there; one at least */
	unsigned n_addresses;
	struct ovnet_mac mac; /* the same */
	bool has_mac;
	uint16_t mtu;         /* 0: the overlay's */
	uint16_t queues;      /* 0: one */
	uint16_t descriptors; /* of each queue; 0: the driver's choice */
	char *workers;        /* as an uplink's */
	bool dhcp;            /* who lives there is told its address: one of each family at most */
};

struct conf {
	struct {
		enum conf_registry type;
		char *file;     /* static */
		char *snapshot; /* etcd; "": none */
	} registry;
	struct {
		char *endpoints, *prefix, *cafile, *certfile, *keyfile, *server_name;
		char *username, *password;
		uint32_t timeout; /* seconds per request */
		enum conf_api api;
		enum conf_transport transport;
	} etcd;
	struct {
		char *iface; /* name or address; "" : interface of the default route */
		char *iface_regex, *iface_can_reach; /* where iface names none; or "" */
		char *public_ip;                     /* "": address of the interface */
		char *public_ipv6;                   /* "": the same of IPv6, if it has one */
		char *subnet_file;
		char *state_dir; /* what was ordered at run time; "": kept nowhere */
		uint32_t subnet_lease_renew_margin; /* minutes */
		enum conf_on_lost on_lost;
		enum conf_on_stop on_stop;
		enum conf_takeover takeover;
	} node;
	struct {
		char *device; /* name of the host device; "": none */
		enum conf_blackhole blackhole;
		enum conf_kernel_lane kernel_lane;
		bool ip_masq, fully_random_disable, forward_rules;
		uint32_t rules_resync; /* seconds */
	} host;
	struct {
		enum conf_validation validation;
		enum conf_routed routed;
		char *allow; /* see ingress.h */
	} ingress;
	struct {
		uint16_t src_port_min, src_port_max;
		char *dscp, *ttl; /* "inherit" or a number */
		enum conf_df df;
		bool udp_checksum, udp_checksum6, mss_clamp;
	} encap;
	struct {
		uint16_t workers;
		char *worker_cpus; /* "2,3": worker i on the i-th; "": the scheduler places them */
		uint32_t memory;   /* megabytes; 0: what the pool needs */
		uint32_t mbufs;    /* 0: what the ports need */
		enum conf_hugepages hugepages;
		enum conf_mode mode;
		bool balance;
		uint32_t verify; /* one packet in so many; 0: none */
		char *cpu_level; /* "auto", "x86-64-v2", ... */
		char *eal_args;  /* appended, split at blanks, no shell */
	} dpdk;
	struct conf_uplink uplinks[CONF_MAX_UPLINKS]; /* none: one, on node.iface, driver auto */
	unsigned n_uplinks;
	struct conf_port *ports;
	unsigned n_ports;
	struct {
		char *pool, *dns, *domain, *routes; /* see vm_value.h; "": none */
		uint32_t lease_time;                /* seconds */
		char *socket_dir, *socket_owner;    /* owner: "qemu:kvm"; "": ovnetd's user */
	} vm;
	struct {
		char *ip;      /* an address, either family */
		uint16_t port; /* 0: nobody listens */
	} health;
	struct {
		char *socket;
		char *socket_mode; /* octal, "0660" */
		char *log_level;
	} control;
};

/* What main() is to do after the command line was read. */
enum conf_action {
	CONF_RUN,
	CONF_CHECK,
	CONF_CLEANUP,
	CONF_CLEANUP_DRY_RUN,
	CONF_PREFLIGHT,
	CONF_PREFLIGHT_JSON,
	CONF_EXIT,
};

/*
 * Reads the command line and the file it names (default /etc/ovnet/ovnet.conf, which may be
 * missing), and flannel's environment variables, FLANNELD_<FLAG>. Errors are printed to stderr,
 * all of them, each with file, line and cure, before it
 * returns -EINVAL; what the command line asks for is in `action` even then. CONF_EXIT: --help and
 * --version, already printed. CONF_CHECK: the file was good.
 */
int conf_load(struct conf *conf, int argc, char **argv, enum conf_action *action);
void conf_free(struct conf *conf);

/*
 * What uplink or attach port `i` of the file, uplinks first, is opened by; "" without devargs, NULL
 * behind the last. Its port's name is put into `name`.
 */
const char *conf_device(const struct conf *conf, unsigned i, char name[CONF_DEVICE_NAME]);

/*
 * Numbers of CPUs or workers: "2,3" or "2-3" into `cpus`, at most `max` of them. How many the list
 * names ("": 0), or -EINVAL when it is no list or names one twice.
 */
int conf_cpu_list(const char *text, uint16_t *cpus, unsigned max);
/*
 * The kernel device of an uplink that DPDK drives, into `name` (16 bytes). False: it has none.
 * `c` is one of conf->uplinks.
 */
bool conf_twin(const struct conf *conf, const struct conf_uplink *c, char *name);
/* 0, or -EINVAL with a sentence in `why`: the list names a worker that dpdk.workers does not make.
 */
int conf_workers_there(const struct conf *conf, const char *list, char *why, size_t size);

#endif
