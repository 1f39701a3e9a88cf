/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the vhost driver: vhost.c (the control thread's), vhost_guest.c (what the guest
 * does, on librte_vhost's threads), vhost_queue.c and vhost_offload.c (the workers'),
 * vhost_socket.c, vhost_features.c.
 *
 * Three kinds of threads meet here. librte_vhost's take `lock` for a moment, and let workers into a
 * ring by `rx_ring`, `tx_ring`; before a device goes they take that back and wait for the workers'
 * RCU grace. Workers load these once per burst and take no lock of ours. The control thread takes
 * `lock` for a moment to read what the guest did; it never holds it while it calls librte_vhost.
 */
#ifndef OVNET_PORT_VHOST_INT_H
#define OVNET_PORT_VHOST_INT_H

#include <linux/virtio_net.h>
#include <pthread.h>
#include <sys/queue.h>
#include <sys/un.h>

#include "port/driver_int.h"
#include "port/vhost_guard.h"

#define VHOST_PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)
#define VHOST_NO_RING   (-1)

/* librte_vhost's number of the ring the guest receives by, and of that it sends by. */
#define VHOST_GUEST_RX(queue) ((uint16_t)(2 * (queue)))
#define VHOST_GUEST_TX(queue) ((uint16_t)(2 * (queue) + 1))

struct vhost_queue {
	struct ovnet_port_queue q; /* first */
	/*
	 * vhost threads: rw, workers: ro. The guest's device (low 16 bits) and how often rings were
	 * opened to workers (the rest), while it may be used; otherwise VHOST_NO_RING.
	 */
	_Atomic int64_t rx_ring, tx_ring;
	_Atomic uint64_t features; /* vhost threads: rw, workers: ro. What the guest negotiated */
	/* Holds the guest's kick and the port's nudge, edge-triggered: neither is ever read. */
	int wait_fd;
	int kick_fd; /* vhost threads: rw under lock. Our own of the guest's eventfd, or -1 */
	struct rte_mempool *pool;
	/* worker: rw */
	int64_t seen_ring; /* whose notifications were turned off */
	bool chains;       /* its last packets were in more than one buffer */
	uint16_t left;     /* packets the last tx did not take: given once more, they are lost */
	uint64_t missed;   /* control: ro. Packets the guest had no buffers for */
};

enum vhost_trouble {
	VHOST_WELL,
	VHOST_OLD_GUEST, /* without VIRTIO_F_VERSION_1 */
	VHOST_NO_FDS,    /* none is left to watch its kicks by */
	VHOST_TORN,      /* the memory it shares was cut short */
};

/* Why the last one who connected was refused. */
enum vhost_loss {
	VHOST_NOT_LOST,
	VHOST_NO_GUARD,  /* librte_vhost does not let us see its messages */
	VHOST_NO_SOCKET, /* its socket was not found among our files, so it has no time limit */
};

enum vhost_state {
	VHOST_WAITING,  /* for the guest */
	VHOST_STARTING, /* it is connected, its driver is not ready */
	VHOST_RUNNING,
	VHOST_REFUSED,
};

/* What the guest did. vhost threads: rw, control: ro, all under lock. */
struct vhost_guest {
	int vid;                            /* -1: nobody is connected */
	bool running;                       /* between new_device and destroy_device */
	bool enabled[2 * OVNET_MAX_QUEUES]; /* rings */
	enum vhost_trouble trouble;
	enum vhost_loss lost;
	uint64_t features;
	uint16_t mtu; /* 0: not told */
	uint64_t connections, turned_away;
};

/* port->priv */
struct vhost_port {
	LIST_ENTRY(vhost_port) next; /* under lock */
	struct ovnet_port *port;
	struct ovnet_rcu *rcu;
	char path[VHOST_PATH_SIZE];
	bool server;
	uint16_t pairs; /* queue pairs we have, whatever the guest enables */
	bool segments;  /* packets of 64 KB are offered to the guest */
	int notify_fd;  /* our own of the configuration's */
	int nudge_fd;   /* eventfd in each queue's wait_fd: a sleeper looks once more */
	bool registered;
	int64_t registered_ms; /* when it last was to be */
	bool closing;          /* under lock: no worker can have it, nobody wants to hear of it */
	struct vhost_guest guest;
	struct vhost_guard guard; /* see there */
	uint64_t opened;          /* under lock: how often rings were opened to workers */
	/* control: rw. What was said of it last */
	struct {
		enum vhost_state state;
		uint64_t turned_away, features;
		uint16_t mtu, pairs;
		int64_t at_ms;
		bool unreachable;
		enum vhost_loss lost;
	} told;
};

extern pthread_mutex_t vhost_lock;
LIST_HEAD(vhost_list, vhost_port);
extern struct vhost_list vhost_ports; /* under lock */

/* vhost_guest.c */
extern const struct rte_vhost_device_ops vhost_guest_ops;
/* No ring is anybody's any more, its fds are closed. Under lock. */
void vhost_guest_forget(struct vhost_port *v);
/* If its memory was cut short, no worker gets in until it connects anew. Takes the lock. */
void vhost_guest_shut_out_torn(struct vhost_port *v);

/* vhost_queue.c: the vtable's, and a queue's life. */
int vhost_queue_open(struct ovnet_port *port, struct vhost_port *v, uint16_t id,
	const struct ovnet_port_conf *conf);
void vhost_queue_close(struct vhost_queue *q);
uint16_t vhost_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
uint16_t vhost_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
int vhost_wait_fd(struct ovnet_port_queue *q);
int vhost_arm(struct ovnet_port_queue *q);
void vhost_disarm(struct ovnet_port_queue *q);
/* vhost threads, under lock: the ring's kick is watched by the queue; -1: none. 0 or -errno. */
int vhost_queue_watch(struct vhost_queue *q, int kick_fd);

/* vhost_socket.c. The first two: 0 or negative errno, logged. */
/* The path is one for a socket, and free if we are to make it: its directory is there then. */
int vhost_socket_prepare(const struct ovnet_port_conf *conf);
/* Mode and owner, of one that we made; -EPERM: something else is there now. */
int vhost_socket_give(const struct ovnet_port_conf *conf);
/* Whether there is a socket that we may not connect to. */
bool vhost_socket_closed(const char *path);
/* Of such a one: whose it is, and what to do. Asks the users' database, which may take a moment. */
void vhost_socket_why_closed(const char *path, char *why, size_t size);
/*
 * A front end that says half a message, or does not read its answers, must not hold up the thread
 * that serves all of them: its socket gets a time limit. librte_vhost shows no socket of its own,
 * so it is found by its path, or what QEMU may have called that. Returns it, or -1.
 */
int vhost_socket_limit(const char *path, bool server);
/* Whether an answer can be sent without waiting. */
bool vhost_socket_has_room(int fd);

/* vhost_features.c */
/* Of a guest that may send segments. */
#define VHOST_FEATURES_SEGMENTS_IN \
	(UINT64_C(1) << VIRTIO_NET_F_HOST_TSO4 | UINT64_C(1) << VIRTIO_NET_F_HOST_TSO6)

/* What librte_vhost has and ovnet does not do; `segments`: packets of 64 KB, either way. */
uint64_t vhost_features_off(uint16_t pairs, bool segments);
bool vhost_features_enough(uint64_t features);
/* OVNET_CAP_*: what a guest with these may send and takes. */
uint32_t vhost_features_caps(uint64_t features);
void vhost_features_name(uint64_t features, struct ovnet_port_details *out);
/* "csum, mrg_rxbuf"; `buf`. */
const char *vhost_features_text(uint64_t features, char *buf, size_t size);

#endif
