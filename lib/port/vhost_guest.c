/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the guest, or whoever speaks for it, does: librte_vhost calls here from its threads (one
 * that reads all sockets, one that connects again; open and close too, in the control thread).
 * Nothing is logged here, as it is the far end that decides how often we are called: the control
 * thread says what came of it (vhost.c).
 *
 * In vring_state_changed() the library holds the locks of all rings, for which a worker may be
 * waiting: no grace is waited for there, and none is needed, as it asks under that lock whether a
 * ring is enabled. What is unmapped and freed goes after destroy_device(), where it holds none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "port/vhost_int.h"

pthread_mutex_t vhost_lock = PTHREAD_MUTEX_INITIALIZER;
struct vhost_list vhost_ports = LIST_HEAD_INITIALIZER(vhost_ports);

static struct vhost_queue *queue_of(const struct vhost_port *v, uint16_t pair)
{
	return (struct vhost_queue *)v->port->queue[pair];
}

static struct vhost_port *find(int vid)
{
	struct vhost_port *v;

	LIST_FOREACH (v, &vhost_ports, next)
		if (v->guest.vid == vid)
			return v;
	return NULL;
}

static struct vhost_port *find_path(int vid)
{
	char path[VHOST_PATH_SIZE];
	struct vhost_port *v;

	if (rte_vhost_get_ifname(vid, path, sizeof(path)) < 0)
		return NULL;
	LIST_FOREACH (v, &vhost_ports, next)
		if (strcmp(v->path, path) == 0)
			return v;
	return NULL;
}

/* Eventfds of ours that are full were written to already. */
static void tell_control(const struct vhost_port *v)
{
	if (!v->closing && v->notify_fd >= 0)
		(void)eventfd_write(v->notify_fd, 1);
}

static void wake_workers(const struct vhost_port *v)
{
	if (!v->closing)
		(void)eventfd_write(v->nudge_fd, 1);
}

/* Lets workers in, or no more of them, as the guest's state says. */
static void publish(struct vhost_port *v, uint16_t pair)
{
	const struct vhost_guest *g = &v->guest;
	struct vhost_queue *q = queue_of(v, pair);
	bool well = g->running && g->trouble == VHOST_WELL;
	int64_t ring = well ? (int64_t)(++v->opened << 16 | (uint16_t)g->vid) : VHOST_NO_RING;

	atomic_store_explicit(&q->rx_ring, g->enabled[VHOST_GUEST_TX(pair)] ? ring : VHOST_NO_RING,
		memory_order_release);
	atomic_store_explicit(&q->tx_ring, g->enabled[VHOST_GUEST_RX(pair)] ? ring : VHOST_NO_RING,
		memory_order_release);
}

static void publish_all(struct vhost_port *v)
{
	for (uint16_t i = 0; i < v->pairs; i++)
		publish(v, i);
}

void vhost_guest_forget(struct vhost_port *v)
{
	struct vhost_guest *g = &v->guest;

	g->vid = -1;
	g->running = false;
	g->features = 0;
	g->mtu = 0;
	g->trouble = VHOST_WELL;
	memset(g->enabled, 0, sizeof(g->enabled));
	publish_all(v);
	for (uint16_t i = 0; i < v->pairs; i++)
		(void)vhost_queue_watch(queue_of(v, i), -1);
}

void vhost_guest_shut_out_torn(struct vhost_port *v)
{
	pthread_mutex_lock(&vhost_lock);
	if (vhost_guard_torn(&v->guard)) {
		v->guest.trouble = VHOST_TORN;
		publish_all(v);
	}
	pthread_mutex_unlock(&vhost_lock);
}

static void leave(struct vhost_port *v)
{
	vhost_guard_remove(&v->guard);
	vhost_guest_forget(v);
	tell_control(v);
}

/* Not under lock: it looks through all files. False: there is no port any more, or no socket. */
static bool limit_socket(int vid, const char *path, bool server)
{
	int fd = vhost_socket_limit(path, server);

	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL && fd >= 0) {
		v->guard.fd = fd;
		v->guest.lost = VHOST_NOT_LOST;
	} else if (v != NULL) {
		v->guest.lost = VHOST_NO_SOCKET;
		leave(v);
	}
	pthread_mutex_unlock(&vhost_lock);
	return v != NULL && fd >= 0;
}

static int on_connection(int vid)
{
	char path[VHOST_PATH_SIZE] = "";
	bool server = false;

	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find_path(vid);
	bool alone = v != NULL && v->guest.vid < 0 && !v->closing;
	bool mine = alone && vhost_guard_add(&v->guard, vid) == 0;
	if (mine) {
		vhost_guest_forget(v);
		v->guest.vid = vid;
		v->guest.connections++;
		memcpy(path, v->path, sizeof(path));
		server = v->server;
	} else if (alone) {
		v->guest.lost = VHOST_NO_GUARD;
	} else if (v != NULL) {
		v->guest.turned_away++;
	}
	if (v != NULL)
		tell_control(v);
	pthread_mutex_unlock(&vhost_lock);
	return mine && limit_socket(vid, path, server) ? 0 : -1;
}

static void on_disconnection(int vid)
{
	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL)
		leave(v);
	pthread_mutex_unlock(&vhost_lock);
}

static int on_device(int vid)
{
	uint64_t features = 0;
	uint16_t mtu = 0;
	bool good = false;

	if (rte_vhost_get_negotiated_features(vid, &features) < 0)
		return -1;
	if (rte_vhost_get_mtu(vid, &mtu) < 0)
		mtu = 0;
	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL) {
		struct vhost_guest *g = &v->guest;
		g->features = features;
		g->mtu = mtu;
		good = vhost_features_enough(features);
		/* Firmware may come first, and the operating system after it. */
		if (!good)
			g->trouble = VHOST_OLD_GUEST;
		else if (g->trouble == VHOST_OLD_GUEST)
			g->trouble = VHOST_WELL;
		g->running = good;
		for (uint16_t i = 0; i < v->pairs; i++)
			atomic_store_explicit(
				&queue_of(v, i)->features, features, memory_order_relaxed);
		publish_all(v);
		wake_workers(v);
		tell_control(v);
	}
	pthread_mutex_unlock(&vhost_lock);
	return good ? 0 : -1;
}

/* When this returns, the library unmaps the guest's memory and frees its rings. */
static void on_device_gone(int vid)
{
	struct ovnet_rcu *rcu = NULL;

	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL) {
		v->guest.running = false;
		publish_all(v);
		tell_control(v);
		/* A port that closes is no worker's any more. */
		rcu = v->closing ? NULL : v->rcu;
	}
	pthread_mutex_unlock(&vhost_lock);
	if (rcu != NULL)
		ovnet_rcu_wait(rcu);
}

/*
 * A sleeping worker is to hear of the guest's kicks. The guard has let through eventfds alone, so
 * what fails here is ours: no file descriptor is left.
 */
static void watch_kicks(struct vhost_port *v, uint16_t ring, int vid)
{
	struct rte_vhost_vring vring;

	if ((ring & 1) != 0 && (rte_vhost_get_vhost_vring(vid, ring, &vring) < 0 ||
				       vhost_queue_watch(queue_of(v, ring / 2), vring.kickfd) < 0))
		v->guest.trouble = VHOST_NO_FDS;
}

static int on_ring(int vid, uint16_t ring, int enable)
{
	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL && ring / 2 < v->pairs) {
		v->guest.enabled[ring] = enable != 0;
		if (enable)
			watch_kicks(v, ring, vid);
		else if ((ring & 1) != 0)
			(void)vhost_queue_watch(queue_of(v, ring / 2), -1);
		publish(v, ring / 2);
	}
	if (v != NULL) {
		wake_workers(v);
		tell_control(v);
	}
	pthread_mutex_unlock(&vhost_lock);
	return 0;
}

/* Of a device that runs: only whether writes are logged, for a migration. */
static int on_features(int vid, uint64_t features)
{
	pthread_mutex_lock(&vhost_lock);
	struct vhost_port *v = find(vid);
	if (v != NULL)
		v->guest.features = features;
	pthread_mutex_unlock(&vhost_lock);
	return 0;
}

const struct rte_vhost_device_ops vhost_guest_ops = {
	.new_connection = on_connection,
	.destroy_connection = on_disconnection,
	.new_device = on_device,
	.destroy_device = on_device_gone,
	.vring_state_changed = on_ring,
	.features_changed = on_features,
};
