/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost driver: an attach port whose far end is a VM, by vhost-user over librte_vhost. Here is
 * the control thread's part; vhost_int.h says which other threads there are. By default QEMU makes
 * the socket and we connect, for ever, so that its guest outlives our restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_log.h>
#include <rte_vhost.h>

#include "base/clock.h"
#include "base/log.h"
#include "port/vhost_gate.h"
#include "port/vhost_int.h"

OVNET_LOG_TYPE(port)

#define MAC_AND_TAG 18
#define SAY_MS      1000 /* between lines about a guest that comes and goes */
#define AGAIN_MS    1000 /* between connecting and connecting again, of one that was refused */
#define FLAGS       RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS

/* Whatever a guest takes itself: vhost_queue.c finishes the rest. */
#define CAPS (OVNET_CAP_CHAINED | OVNET_CAP_RX_CSUM | OVNET_CAP_TX_CSUM)

/* The library's lines are a guest's to cause, one a packet if it likes: ours say what counts. */
static void calm_library(void)
{
	(void)rte_log_set_level_pattern("lib.vhost.data", RTE_LOG_EMERG);
	(void)rte_log_set_level_pattern("lib.vhost.config",
		log_type.level >= OVNET_LOG_DEBUG ? RTE_LOG_INFO : RTE_LOG_EMERG);
}

static void tell_failed(const struct vhost_port *v, const char *what)
{
	LOG(ERR, "port '%s': librte_vhost cannot %s %s (limits: memory, open files, %d sockets)",
		v->port->name, what, v->path, RTE_MAX_VHOST_DEVICE);
}

/* -EADDRINUSE, -ENOSPC or 0. The library would take a path twice. */
static int enlist(struct vhost_port *v)
{
	struct vhost_port *other;
	unsigned n = 0;
	int err = 0;

	pthread_mutex_lock(&vhost_lock);
	LIST_FOREACH (other, &vhost_ports, next) {
		n++;
		if (strcmp(other->path, v->path) == 0)
			err = -EADDRINUSE;
	}
	if (err == 0 && n == RTE_MAX_VHOST_DEVICE)
		err = -ENOSPC;
	if (err == 0)
		LIST_INSERT_HEAD(&vhost_ports, v, next);
	pthread_mutex_unlock(&vhost_lock);
	if (err == -EADDRINUSE)
		LOG(ERR, "port '%s': %s is in use by another port; give each its own path",
			v->port->name, v->path);
	else if (err < 0)
		LOG(ERR,
			"port '%s': there are %d vhost ports already, which is the most there can "
			"be; remove one",
			v->port->name, RTE_MAX_VHOST_DEVICE);
	return err;
}

static void delist(struct vhost_port *v)
{
	pthread_mutex_lock(&vhost_lock);
	LIST_REMOVE(v, next);
	pthread_mutex_unlock(&vhost_lock);
}

/* From here on the guest may come. 0, or -errno and what could not be done. */
static int start(struct vhost_port *v, const char **what)
{
	v->registered_ms = monotonic_ms();
	*what = "take";
	if (rte_vhost_driver_register(v->path, FLAGS | (v->server ? 0 : RTE_VHOST_USER_CLIENT)) < 0)
		return -ENOSPC;
	v->registered = true;
	*what = "set up";
	if (rte_vhost_driver_disable_features(v->path, vhost_features_off(v->pairs, v->segments)) <
			0 ||
		rte_vhost_driver_set_protocol_features(v->path, VHOST_PROTOCOL_FEATURES) < 0 ||
		rte_vhost_driver_callback_register(v->path, &vhost_guest_ops) < 0)
		return -EIO;
	*what = v->server ? "make" : "connect to";
	return rte_vhost_driver_start(v->path) < 0 ? -EIO : 0;
}

/* Waits for the library's threads, which may wait for workers, but never for us. */
static void stop(struct vhost_port *v)
{
	if (v->registered)
		(void)rte_vhost_driver_unregister(v->path);
	v->registered = false;
}

static void set_lost(struct vhost_port *v, enum vhost_loss lost)
{
	pthread_mutex_lock(&vhost_lock);
	v->guest.lost = lost;
	pthread_mutex_unlock(&vhost_lock);
}

/*
 * Of a socket it connects to, the library lets go when we refuse what it connected: for good, and
 * until it is registered anew. No worker is in a device then, so there is none to wait for.
 */
static void connect_again(struct vhost_port *v, enum vhost_loss lost)
{
	const char *what;

	if (v->server || lost == VHOST_NOT_LOST || monotonic_ms() - v->registered_ms < AGAIN_MS)
		return;
	stop(v);
	set_lost(v, VHOST_NOT_LOST); /* nobody calls any more; in start() it may be refused again */
	if (start(v, &what) < 0)
		set_lost(v, lost);
}

static void vhost_close(struct ovnet_port *port)
{
	struct vhost_port *v = port->priv;

	/* Nothing of it is any worker's: what the library frees now need not wait. */
	pthread_mutex_lock(&vhost_lock);
	v->closing = true;
	pthread_mutex_unlock(&vhost_lock);
	stop(v);
	delist(v);
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++)
		vhost_queue_close((struct vhost_queue *)port->queue[i]);
	if (v->notify_fd >= 0)
		close(v->notify_fd);
	close(v->nudge_fd);
	free(v);
	port->priv = NULL;
}

static int open_queues(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct vhost_port *v = port->priv;
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < v->pairs; i++)
		err = vhost_queue_open(port, v, i, conf);
	/* One until the guest enables more. */
	port->n_rxq = port->n_txq = 1;
	return err;
}

static int describe(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	const struct ovnet_mac mac = ovnet_driver_made_mac(port->name);

	port->mtu = conf->mtu != 0 ? conf->mtu : RTE_ETHER_MTU;
	if (port->mtu + MAC_AND_TAG > ovnet_driver_room(conf->pool)) {
		LOG(ERR,
			"port '%s': packets of MTU %u do not fit a buffer of %u bytes; lower the "
			"port's mtu",
			port->name, port->mtu, ovnet_driver_room(conf->pool));
		return -EMSGSIZE;
	}
	if (conf->descriptors != 0)
		LOG(NOTICE,
			"port '%s': its guest says how long the rings are; descriptors = %u is "
			"ignored",
			port->name, conf->descriptors);
	ovnet_port_set_mac(port, &mac);
	port->caps = CAPS | (conf->offloads ? OVNET_CAP_RX_GSO : 0);
	return 0;
}

static void free_port(struct vhost_port *v)
{
	if (v->notify_fd >= 0)
		close(v->notify_fd);
	close(v->nudge_fd);
	free(v);
}

/* Not in any list yet. NULL: no memory or no fds, logged. */
static struct vhost_port *new_port(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct vhost_port *v = calloc(1, sizeof(*v));

	if (v == NULL || (v->nudge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
		LOG(ERR, "port '%s': out of memory or file descriptors", port->name);
		free(v);
		return NULL;
	}
	v->port = port;
	v->rcu = conf->rcu;
	v->server = conf->server;
	v->segments = conf->offloads;
	v->pairs = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	/* Of those who keep the ports, and 0 of those who do not say: then nobody is told. */
	v->notify_fd = conf->notify_fd > 0 ? fcntl(conf->notify_fd, F_DUPFD_CLOEXEC, 0) : -1;
	v->guest.vid = -1;
	snprintf(v->path, sizeof(v->path), "%s", conf->path);
	int err = vhost_guard_open(&v->guard, port->name, v->path, v->pairs, v->notify_fd);
	if (err == 0)
		err = vhost_gate_init();
	if (err < 0) {
		LOG(ERR, "port '%s': cannot be guarded from its guest: %s", port->name,
			strerror(-err));
		free_port(v);
		return NULL;
	}
	return v;
}

static int vhost_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	int err = vhost_socket_prepare(conf);

	if (err < 0 || (err = describe(port, conf)) < 0)
		return err;
	struct vhost_port *v = new_port(port, conf);
	if (v == NULL)
		return -ENOMEM;
	port->priv = v;
	err = open_queues(port, conf);
	if (err == 0)
		err = enlist(v);
	if (err < 0) {
		for (uint16_t i = 0; i < v->pairs && port->queue[i] != NULL; i++)
			vhost_queue_close((struct vhost_queue *)port->queue[i]);
		free_port(v);
		port->priv = NULL;
		return err;
	}
	const char *what;
	calm_library();
	err = start(v, &what);
	if (err < 0)
		tell_failed(v, what);
	else if (v->server)
		err = vhost_socket_give(conf);
	if (err < 0)
		vhost_close(port);
	return err;
}

static struct vhost_guest guest_now(const struct vhost_port *v)
{
	pthread_mutex_lock(&vhost_lock);
	struct vhost_guest g = v->guest;
	pthread_mutex_unlock(&vhost_lock);
	return g;
}

static uint16_t ready_pairs(const struct vhost_port *v, const struct vhost_guest *g)
{
	uint16_t n = 0;

	while (g->running && n < v->pairs && g->enabled[VHOST_GUEST_RX(n)] &&
		g->enabled[VHOST_GUEST_TX(n)])
		n++;
	return n;
}

static enum vhost_state state_of(const struct vhost_port *v, const struct vhost_guest *g)
{
	if (g->vid < 0)
		return VHOST_WAITING;
	if (g->trouble != VHOST_WELL)
		return VHOST_REFUSED;
	return ready_pairs(v, g) > 0 ? VHOST_RUNNING : VHOST_STARTING;
}

static const char *state_text(enum vhost_state state, const struct vhost_guest *g)
{
	if (state == VHOST_WAITING)
		return "waiting for the guest";
	if (state == VHOST_STARTING)
		return "connected, the guest's driver is not ready";
	if (state == VHOST_RUNNING)
		return "connected";
	if (g->trouble == VHOST_TORN)
		return "refused: the memory it shares was cut short; start its QEMU anew";
	return g->trouble == VHOST_OLD_GUEST
		       ? "refused: the guest's driver is older than virtio 1.0 "
			 "(VIRTIO_F_VERSION_1); "
			 "leave disable-legacy at auto or on, disable-modern off"
		       : "refused: ovnetd has no file descriptor left to hear its kicks by; raise "
			 "LimitNOFILE, and connect the guest anew";
}

static bool tell_running(struct vhost_port *v, const struct vhost_guest *g)
{
	char features[512];
	uint16_t pairs = ready_pairs(v, g);
	bool news = v->told.state != VHOST_RUNNING || pairs != v->told.pairs ||
		    g->features != v->told.features;

	if (news)
		LOG(NOTICE, "port '%s': the guest is there, %u queue pair%s (%s)", v->port->name,
			pairs, pairs == 1 ? "" : "s",
			vhost_features_text(g->features, features, sizeof(features)));
	if (g->mtu != 0 && g->mtu != v->port->mtu && g->mtu != v->told.mtu)
		LOG(WARN,
			"port '%s': the guest was told MTU %u, the port's is %u; set host_mtu=%u "
			"where it is started",
			v->port->name, g->mtu, v->port->mtu, v->port->mtu);
	v->told.pairs = pairs;
	v->told.features = g->features;
	v->told.mtu = g->mtu;
	return news;
}

/* Was a line worth it? */
static bool tell_state(struct vhost_port *v, enum vhost_state state, const struct vhost_guest *g)
{
	enum vhost_state before = v->told.state;

	if (state == VHOST_STARTING) /* it soon runs, or is gone */
		return false;
	if (state == VHOST_RUNNING) {
		bool news = tell_running(v, g);
		v->told.state = state;
		return news;
	}
	v->told.state = state;
	if (state == before)
		return false;
	if (state == VHOST_REFUSED)
		LOG(WARN, "port '%s': the guest is %s", v->port->name, state_text(state, g));
	else
		LOG(NOTICE, "port '%s': the guest is gone; waiting for it at %s", v->port->name,
			v->path);
	return true;
}

static bool tell_turned_away(struct vhost_port *v, const struct vhost_guest *g)
{
	if (g->turned_away == v->told.turned_away)
		return false;
	LOG(WARN,
		"port '%s': somebody else connected to %s and was turned away: it serves one guest "
		"at a time",
		v->port->name, v->path);
	v->told.turned_away = g->turned_away;
	return true;
}

/* Once, until it can be reached: QEMU may come any time later. */
static void tell_unreachable(struct vhost_port *v)
{
	char why[512];
	bool told = v->told.unreachable;

	v->told.unreachable = !v->server && vhost_socket_closed(v->path);
	if (told || !v->told.unreachable)
		return;
	vhost_socket_why_closed(v->path, why, sizeof(why));
	LOG(WARN, "port '%s': the guest's socket cannot be reached: %s", v->port->name, why);
}

/* Once, until a guest runs. */
static void tell_lost(struct vhost_port *v, const struct vhost_guest *g)
{
	if (g->lost != VHOST_NOT_LOST && g->lost != v->told.lost)
		LOG(WARN, "port '%s': the connection by %s was refused: %s%s", v->port->name,
			v->path,
			g->lost == VHOST_NO_GUARD
				? "its messages cannot be guarded"
				: "its socket is not to be told from ovnetd's other files; have "
				  "QEMU name it as here, and see the limit of open files",
			v->server ? "" : "; connecting again until it is taken");
	if (g->lost != VHOST_NOT_LOST || g->running)
		v->told.lost = g->lost;
}

/* What a guest does a thousand times a second is said once a second at most. */
static void tell(struct vhost_port *v, const struct vhost_guest *g)
{
	enum vhost_state state = state_of(v, g);
	int64_t now = monotonic_ms();

	if (state == VHOST_WAITING)
		tell_unreachable(v);
	tell_lost(v, g);
	if (now - v->told.at_ms < SAY_MS)
		return;
	bool said = tell_state(v, state, g);
	if (tell_turned_away(v, g) || said)
		v->told.at_ms = now;
}

/*
 * What the guest takes. What it may hand in stays as it was offered: a guest may be faster than we
 * are here. While workers look: what was meant for a former one vhost_tx() refuses.
 */
static bool take_over_caps(struct ovnet_port *port, uint64_t features)
{
	const uint32_t caps = CAPS | (port->caps & OVNET_CAP_RX_GSO) |
			      (vhost_features_caps(features) & OVNET_CAP_TX_GSO);

	if (caps == port->caps)
		return false;
	__atomic_store_n(&port->caps, caps, __ATOMIC_RELAXED);
	return true;
}

static bool vhost_changed(struct ovnet_port *port)
{
	struct vhost_port *v = port->priv;

	vhost_guest_shut_out_torn(v);
	const struct vhost_guest g = guest_now(v);
	uint16_t n_rx = 0, n_tx = 0;

	tell(v, &g);
	connect_again(v, g.lost);
	const bool other_caps = g.running && take_over_caps(port, g.features);
	/* By what it enabled it may send; to it we send by the first ones, without a gap. */
	for (uint16_t i = 0; i < v->pairs; i++)
		if (g.enabled[VHOST_GUEST_TX(i)])
			n_rx = (uint16_t)(i + 1);
	while (n_tx < v->pairs && g.enabled[VHOST_GUEST_RX(n_tx)])
		n_tx++;
	/* Without a guest the map may stay as it is. */
	if (!g.running || (n_rx == port->n_rxq && n_tx == port->n_txq) || n_rx == 0 || n_tx == 0)
		return other_caps;
	port->n_rxq = n_rx;
	port->n_txq = n_tx;
	return true;
}

static void vhost_details(const struct ovnet_port *port, struct ovnet_port_details *out)
{
	const struct vhost_port *v = port->priv;
	const struct vhost_guest g = guest_now(v);

	*out = (struct ovnet_port_details){
		.state = state_text(state_of(v, &g), &g),
		.negotiated = g.features,
		.queues_ready = ready_pairs(v, &g),
		.guest_mtu = g.mtu,
		.reconnects = g.connections > 0 ? g.connections - 1 : 0,
	};
	if (g.vid < 0 && !v->server && vhost_socket_closed(v->path))
		out->state = "the guest's socket cannot be reached: owner or mode, see the log";
	vhost_features_name(g.features, out);
	if (out->queues_ready > 0)
		out->enabled = vhost_features_caps(g.features);
	else
		out->n_used = 0;
}

static void vhost_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const struct vhost_port *v = port->priv;

	*out = (struct ovnet_port_stats){0};
	for (uint16_t i = 0; i < v->pairs; i++) {
		const struct vhost_queue *q = (const struct vhost_queue *)port->queue[i];
		out->missed += q->missed;
		out->errors +=
			q->q.rx_drops[OVNET_DROP_GSO_STATE] + q->q.rx_drops[OVNET_DROP_CSUM_STATE];
	}
}

static bool vhost_link_up(struct ovnet_port *port)
{
	const struct vhost_port *v = port->priv;
	const struct vhost_guest g = guest_now(v);

	return state_of(v, &g) == VHOST_RUNNING;
}

const struct ovnet_driver ovnet_driver_vhost = {
	.name = "vhost",
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.wait_fd = vhost_wait_fd,
	.arm = vhost_arm,
	.disarm = vhost_disarm,
	.stats = vhost_stats,
	.link_up = vhost_link_up,
	.changed = vhost_changed,
	.details = vhost_details,
};
