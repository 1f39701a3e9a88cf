/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/wired.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bed/path.h"

#define RUN_MS 10000 /* libevent's clock is the coarse one, which may stand still for a moment */

static struct wired *opened; /* NULL: none is */

/* --- as reactions.c --- */

static void on_neighbour(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const struct ovnet_mac *mac)
{
	struct wired *w = arg;

	peers_neighbour(&w->peers, ifindex, addr, mac);
}

static void on_route_changed(void *arg)
{
	struct wired *w = arg;

	proxies_routes_changed(&w->proxies);
	peers_resolve_all(&w->peers);
}

static void on_link_changed(void *arg, const struct ovnet_link *link)
{
	struct wired *w = arg;

	underlay_link_changed(&w->underlay, link);
	host_link_changed(&w->host, link);
}

static void on_addrs_changed(void *arg)
{
	struct wired *w = arg;

	ingress_update(&w->ingress);
	proxies_links_changed(&w->proxies);
}

static void on_resync(void *arg)
{
	struct wired *w = arg;

	underlay_check(&w->underlay);
	host_check(&w->host);
	peers_resolve_all(&w->peers);
}

static void on_underlay_changed(void *arg)
{
	struct wired *w = arg;

	w->changed++;
	peers_resolve_all(&w->peers);
}

static void on_routes_gone(void *arg)
{
	struct wired *w = arg;

	w->routes_gone++;
	peers_set_routes(&w->peers);
	attach_routes_set_all(&w->attach_routes);
}

static void on_settled(void *arg)
{
	struct wired *w = arg;

	w->settled++;
}

/* --- start and stop, as modules.c --- */

static void read_conf(struct wired *w, const char *text)
{
	char path[] = "/tmp/ovnet-parts-XXXXXX", self[] = "ovnetd", flag[] = "--config",
	     nowhere[] = "--state-dir=", *argv[] = {self, flag, path, nowhere, NULL};
	enum conf_action action;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	int rc = conf_load(&w->conf, 4, argv, &action);
	unlink(path);
	assert_int_equal(rc, 0);
	assert_int_equal(ovnet_log_set_levels("error", NULL, 0), 0);
}

static void wire(struct wired *w)
{
	static const struct underlay_events underlay = {.changed = on_underlay_changed};
	static const struct host_events host = {.routes_gone = on_routes_gone};

	w->engine = (struct engine){.conf = &w->conf,
		.base = w->base,
		.warnings = &w->warnings,
		.pool = bed_pool,
		.mbufs = 16384};
	node_init(&w->node, &w->conf, &w->warnings);
	ingress_init(&w->ingress, &w->engine, w->kernel, &w->node);
	underlay_init(&w->underlay, w->kernel, &w->ports, &w->node, &underlay, w);
	host_init(&w->host, w->kernel, &w->ports, &w->node, &w->blackhole, &host, w);
	w->peers = (struct peers){
		.engine = &w->engine,
		.kernel = w->kernel,
		.underlay = &w->underlay,
		.node = &w->node,
		.ingress = &w->ingress,
		.host = &w->host,
		.attach_routes = &w->attach_routes,
		.warnings = &w->warnings,
		.events = {.settled = on_settled},
		.arg = w,
	};
}

static int open_ports(struct wired *w)
{
	int rc = underlay_choose(&w->underlay);

	if (rc == 0)
		rc = underlay_open(&w->underlay, NULL);
	if (rc == 0)
		rc = underlay_await_address(&w->underlay);
	if (rc == 0)
		rc = node_choose_public_ip(
			&w->node, &w->underlay.uplinks[0].addr, &w->underlay.uplinks[0].addr6);
	if (rc < 0)
		return rc;
	underlay_note_public(&w->underlay);
	rc = host_open(&w->host, NULL);
	return rc < 0 ? rc : ports_publish(&w->ports);
}

/* As if they stood still: for what they count. */
static void add_workers(struct engine *e)
{
	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		size_t size = RTE_ALIGN_CEIL(sizeof(struct ovnet_worker), RTE_CACHE_LINE_SIZE);
		struct ovnet_worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
		assert_non_null(w);
		memset(w, 0, size);
		w->counters.peers = ENGINE_MAX_PEERS;
		w->counters.peer = calloc(ENGINE_MAX_PEERS, sizeof(*w->counters.peer));
		assert_non_null(w->counters.peer);
		e->workers[i] = w;
	}
}

static void remove_workers(struct engine *e)
{
	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		free(e->workers[i]->counters.peer);
		free(e->workers[i]);
		e->workers[i] = NULL;
	}
}

struct wired *wired_try_open(const char *conf, int *rc)
{
	static const struct ovnet_kernel_events kernel = {
		.neighbour = on_neighbour,
		.route_changed = on_route_changed,
		.link_changed = on_link_changed,
		.addrs_changed = on_addrs_changed,
		.resync = on_resync,
	};
	struct wired *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	read_conf(w, conf);
	w->base = event_base_new();
	assert_non_null(w->base);
	w->kernel = ovnet_kernel_open(w->base, &kernel, w);
	assert_non_null(w->kernel);
	wire(w);
	assert_int_equal(engine_tables_init(&w->engine), 0);
	assert_int_equal(ports_init(&w->ports, &w->engine), 0);
	add_workers(&w->engine);
	*rc = open_ports(w);
	assert_int_equal(blackhole_init(&w->blackhole, w->kernel, w->base, &w->underlay), 0);
	assert_int_equal(attach_routes_init(&w->attach_routes, w->kernel, &w->host, w->base), 0);
	assert_int_equal(proxies_init(&w->proxies, w->kernel, &w->host, w->base), 0);
	assert_int_equal(peers_init(&w->peers), 0);
	opened = w;
	return w;
}

struct wired *wired_open(const char *conf)
{
	int rc;
	struct wired *w = wired_try_open(conf, &rc);

	assert_int_equal(rc, 0);
	return w;
}

static void stop(struct wired *w)
{
	opened = NULL;
	peers_fini(&w->peers);
	proxies_fini(&w->proxies);
	attach_routes_fini(&w->attach_routes);
	blackhole_fini(&w->blackhole);
	remove_workers(&w->engine);
	underlay_fini(&w->underlay);
	ports_fini(&w->ports);
	engine_tables_fini(&w->engine);
	ingress_fini(&w->ingress);
	ovnet_kernel_close(w->kernel);
	event_base_free(w->base);
	conf_free(&w->conf);
	free(w);
}

/* The sums that metrics give are those of a walk over all peers. */
static void states_are_counted(const struct peers *ps)
{
	uint32_t in_state[PEER_STATES] = {0};
	const struct peer *p;

	TAILQ_FOREACH (p, &ps->list, entry)
		in_state[p->state]++;
	assert_memory_equal(in_state, ps->in_state, sizeof(in_state));
}

void wired_close(struct wired *w)
{
	states_are_counted(&w->peers);
	peers_fini(&w->peers);
	for (unsigned i = 0; i < fake.n_neighs; i++)
		assert_int_equal(fake.neigh[i].refs, 0);
	stop(w);
}

int wired_eal(void **state)
{
	(void)state;
	return bed_eal("0");
}

int wired_reset(void **state)
{
	(void)state;
	if (opened != NULL) /* the case before failed */
		stop(opened);
	fake_reset();
	fake_drivers = (struct fake_drivers){0};
	return 0;
}

/* --- what happens --- */

void wired_lease(struct wired *w, const char *netconf, const char *key)
{
	struct ovnet_lease own = {.has_vtep_mac = true,
		.vtep_mac = {{2, 0, 0, 0, 9, 9}},
		.has_vtep_mac6 = true,
		.vtep_mac6 = {{2, 0, 0, 6, 9, 9}}};
	struct ovnet_netconf c;
	char err[256] = "";

	int rc = ovnet_netconf_parse(netconf, strlen(netconf), &c, err, sizeof(err));
	assert_string_equal(err, "");
	assert_int_equal(rc, 0);
	assert_int_equal(ovnet_lease_key_parse(key, &own), 0);
	own.backend = c.backend;
	node_take_lease(&w->node, &c, &own, underlay_facts(&w->underlay).mtu);
	const struct ovnet_mac mac = ovnet_port_mac(w->host.port);
	rc = backend_set_tables(&w->node, w->engine.fib, &own.subnet, w->host.port->id, &mac);
	assert_int_equal(rc, 0);
	assert_int_equal(underlay_filter(&w->underlay), 0);
	assert_int_equal(host_set_up(&w->host), 0);
	node_advance(&w->node, NODE_READY);
	underlay_check_mtu(&w->underlay);
	ingress_update(&w->ingress);
	peers_republish(&w->peers);
}

void wired_run(struct wired *w)
{
	const int64_t end = monotonic_ms() + RUN_MS;

	do {
		fake_tell();
		assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
		fake_tell();
		assert_true(monotonic_ms() < end);
	} while (event_pending(w->peers.worker, EV_TIMEOUT, NULL) ||
		 event_pending(w->attach_routes.worker, EV_TIMEOUT, NULL) ||
		 event_pending(w->proxies.worker, EV_TIMEOUT, NULL));
}

const char *wired_warning(const struct wired *w, const char *key)
{
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (strcmp(w->warnings.row[i].key, key) == 0)
			return w->warnings.row[i].text;
	return NULL;
}

bool wired_polls(const struct wired *w, const struct ovnet_port *p)
{
	const struct ovnet_queue_map *map = atomic_load(&w->engine.shared.map);

	for (unsigned i = 0; i < map->worker[0].n_rx; i++)
		if (map->worker[0].rx[i].port == p)
			return true;
	return false;
}

/* --- texts --- */

struct ovnet_addr wired_addr(const char *text)
{
	struct ovnet_addr a;

	if (ovnet_addr_parse(text, &a) < 0)
		fail_msg("%s is no address", text);
	return a;
}

struct ovnet_prefix wired_prefix(const char *text)
{
	struct ovnet_prefix p;

	if (ovnet_prefix_parse(text, &p) < 0)
		fail_msg("%s is no prefix", text);
	return p;
}

struct ovnet_mac wired_mac(const char *text)
{
	struct ovnet_mac m;

	if (ovnet_mac_parse(text, &m) < 0)
		fail_msg("%s is no MAC", text);
	return m;
}

void assert_addr(const struct ovnet_addr *addr, const char *text)
{
	char is[OVNET_ADDR_STRLEN] = "none";

	if (addr->family != 0)
		ovnet_addr_text(addr, is, sizeof(is));
	assert_string_equal(is, text);
}

void assert_hop(const struct ovnet_nh_slot *nh, const char *dst, const char *src)
{
	char is[OVNET_MAC_STRLEN];
	struct ovnet_mac mac;

	assert_non_null(nh);
	const struct ovnet_nexthop *hop = ovnet_nh_get(nh);
	assert_int_equal(hop->resolved, dst != NULL);
	if (dst == NULL)
		return;
	memcpy(mac.b, hop->eth, sizeof(mac.b));
	assert_string_equal(ovnet_mac_text(&mac, is, sizeof(is)), dst);
	memcpy(mac.b, hop->eth + sizeof(mac.b), sizeof(mac.b));
	assert_string_equal(ovnet_mac_text(&mac, is, sizeof(is)), src);
}
