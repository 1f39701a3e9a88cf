/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports and their queues. */
#include <stdio.h>

#include "daemon.h"
#include "methods/counters.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *caps_json(uint32_t caps)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{OVNET_CAP_L3, "l3"}, {OVNET_CAP_CHAINED, "chained"},
		{OVNET_CAP_RX_CSUM, "rx-csum"}, {OVNET_CAP_RX_GSO, "rx-gso"},
		{OVNET_CAP_TX_CSUM, "tx-csum"}, {OVNET_CAP_TX_TSO4, "tx-tso4"},
		{OVNET_CAP_TX_TSO6, "tx-tso6"}, {OVNET_CAP_TX_USO, "tx-uso"},
		{OVNET_CAP_TX_ECN, "tx-ecn"}, {OVNET_CAP_EXCLUSIVE, "exclusive"}};
	json_t *list = json_array();

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (caps & names[i].bit)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

/* What lives behind an attach port. */
static void add_attached(json_t *o, const struct attached *it)
{
	if (it == NULL)
		return;
	json_t *list = json_array();
	for (unsigned i = 0; i < it->conf.n_addresses; i++)
		json_array_append_new(list, prefix_json(&it->conf.addresses[i]));
	json_object_set_new(o, "addresses", list);
	json_object_set_new(o, "far_mac", it->conf.has_mac ? mac_json(&it->conf.mac) : json_null());
}

/* A worker's number; null: nobody polls the queue, because the port's device is gone. */
static json_t *worker_json(const struct ports *ports, const struct ovnet_port *p, uint16_t queue)
{
	uint16_t worker = ovnet_queue_worker(p->queue[queue]);

	return ports_is_lost(ports, p) || worker == OVNET_WORKER_NONE ? json_null()
								      : json_integer(worker);
}

static json_t *queue_json(struct daemon *d, const struct ovnet_port *p, uint16_t queue)
{
	const struct ports_queue_counters sum = ports_queue(&d->ports, p, queue);
	json_t *o = json_pack("{s:i,s:o,s:b}", "id", (int)queue, "worker",
		worker_json(&d->ports, p, queue), "fixed", p->n_workers > 0);

	counters_json(o, QUEUE, &sum);
	return o;
}

static void add_queues(struct daemon *d, json_t *o, const struct ovnet_port *p)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < RTE_MAX(p->n_rxq, p->n_txq); i++)
		json_array_append_new(list, queue_json(d, p, i));
	json_object_set_new(o, "queues", list);
}

static json_t *names_json(const char *const *names, unsigned n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

/* What the far end did: nothing of ports whose far end is the kernel or a cable. */
static void add_details(json_t *o, const struct ovnet_port *p)
{
	struct ovnet_port_details s = {0};

	if (p->driver->details == NULL)
		return;
	p->driver->details(p, &s);
	json_object_set_new(o, "state", s.state != NULL ? json_string(s.state) : json_null());
	json_object_set_new(o, "features", names_json(s.features, s.n_features));
	json_object_set_new(o, "used_features", names_json(s.used, s.n_used));
	json_object_set_new(o, "queues_ready", json_integer(s.queues_ready));
	json_object_set_new(
		o, "guest_mtu", s.guest_mtu != 0 ? json_integer(s.guest_mtu) : json_null());
	json_object_set_new(o, "reconnects", json_integer((json_int_t)s.reconnects));
}

json_t *status_port_json(struct daemon *d, struct ovnet_port *p)
{
	static const char *const roles[] = {[OVNET_PORT_HOST] = "host",
		[OVNET_PORT_ATTACH] = "attach",
		[OVNET_PORT_UPLINK] = "uplink",
		[OVNET_PORT_TWIN] = "twin"};
	const struct ovnet_port_counters sum = ports_packets(&d->ports, p);
	struct ovnet_port_stats st = {0};
	struct ovnet_link link;
	const struct ovnet_mac ours = ovnet_port_mac(p);
	char mac[OVNET_MAC_STRLEN];

	ports_stats(&d->ports, p, &st);
	/* The kernel's, which changes: the host device gets the overlay's after it was opened. */
	uint16_t mtu =
		p->ifindex != 0 && ovnet_kernel_link_by_index(d->kernel, p->ifindex, &link) == 0
			? link.mtu
			: p->mtu;
	json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:i,s:i,s:s,s:i,s:i,s:b,s:o}", "id", (int)p->id,
		"name", p->name, "kind", p->driver->name, "role", roles[p->role], "ifindex",
		(int)p->ifindex, "mtu", (int)mtu, "mac", ovnet_mac_text(&ours, mac, sizeof(mac)),
		"rx_queues", (int)p->n_rxq, "tx_queues", (int)p->n_txq, "link",
		p->driver->link_up(p), "caps", caps_json(p->caps));
	if (p->vlan != 0)
		json_object_set_new(o, "vlan", json_integer(p->vlan));
	add_attached(o, attach_of(&d->attach, p));
	add_details(o, p);
	counters_json(o, PORT, &sum);
	counters_json(o, DEVICE, &st);
	add_queues(d, o, p);
	return o;
}

json_t *status_ports(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	for (uint16_t i = 0; i < d->ports.n; i++)
		if (ports_at(&d->ports, i) != NULL)
			json_array_append_new(list, status_port_json(d, ports_at(&d->ports, i)));
	return list;
}

/* The queues of all ports, for a table of them. */
json_t *status_queues(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	for (uint16_t id = 0; id < d->ports.n; id++) {
		const struct ovnet_port *p = ports_at(&d->ports, id);
		for (uint16_t i = 0; p != NULL && i < RTE_MAX(p->n_rxq, p->n_txq); i++) {
			json_t *o = queue_json(d, p, i);
			json_object_set_new(o, "queue", queue_name_json(p, i));
			json_object_set_new(o, "port", json_string(p->name));
			json_array_append_new(list, o);
		}
	}
	return list;
}
