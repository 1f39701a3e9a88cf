/* SPDX-License-Identifier: BSD-3-Clause */
/* How many packet buffers ports, queues and descriptors need. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/pool.h"

OVNET_LOG_TYPE(memory)

#define LEAST      16384 /* for what comes in bursts, on a node of the usual kind */
#define PER_WORKER 2048  /* its pool cache, its hand-off ring, bursts in its hands */
#define PER_QUEUE \
	256 /* of other drivers: what one turn takes, and what lies ready for the next one */
#define SHOWN      5    /* ports in a message */
#define BURST_HELD 128  /* of a worker: without them nothing moves */
#define LATER      4096 /* ports to come while the daemon runs: two of dpdk, or 16 others */

/* The sum as it grows, and as people read it. */
struct sum {
	uint64_t held;     /* in rx rings, before the first packet comes */
	uint64_t wanted;   /* with what waits to be sent, on the way and in pieces */
	unsigned n, shown; /* ports with rings */
	char text[256];
};

static void add_rings(struct sum *s, const char *name, unsigned queues, unsigned descriptors)
{
	size_t len = strlen(s->text);

	s->held += (uint64_t)queues * descriptors;
	s->wanted += 2ull * queues * descriptors;
	s->n++;
	if (s->shown == SHOWN)
		return;
	int n = snprintf(
		s->text + len, sizeof(s->text) - len, " %s %u x %u +", name, queues, descriptors);
	if (n > 0 && (size_t)n < sizeof(s->text) - len)
		s->shown++;
	else
		s->text[len] = '\0';
}

static void add_uplink(struct sum *s, const struct conf *c, unsigned i)
{
	const struct conf_uplink *u = &c->uplinks[i];
	unsigned queues = u->queues != 0 ? u->queues : c->dpdk.workers;
	char name[24], twin[IFNAMSIZ];

	snprintf(name, sizeof(name), "uplink%u", i);
	if (u->devargs != NULL && u->devargs[0] != '\0')
		add_rings(s, name, queues, OVNET_DPDK_DESCRIPTORS);
	/* It, or its twin. */
	if (u->devargs == NULL || u->devargs[0] == '\0' || conf_twin(c, u, twin))
		s->wanted += (uint64_t)queues * PER_QUEUE;
}

static void add_port(struct sum *s, const struct conf_port *p)
{
	unsigned queues = p->queues != 0 ? p->queues : 1;

	if (p->driver == CONF_PORT_DPDK)
		add_rings(s, p->name, queues,
			p->descriptors != 0 ? p->descriptors : OVNET_DPDK_DESCRIPTORS);
	else
		s->wanted += (uint64_t)queues * PER_QUEUE;
}

/* What there is whatever attach ports come: uplinks, and the host device's queues. */
static void add_node(struct sum *s, const struct conf *c)
{
	*s = (struct sum){0};
	for (unsigned i = 0; i < c->n_uplinks; i++)
		add_uplink(s, c, i);
	if (c->host.device != NULL && c->host.device[0] != '\0')
		s->wanted += (uint64_t)c->dpdk.workers * PER_QUEUE;
}

static void add_workers(struct sum *s, const struct conf *c)
{
	s->held += (uint64_t)c->dpdk.workers * BURST_HELD;
	s->wanted += (uint64_t)c->dpdk.workers * PER_WORKER;
	s->wanted += s->wanted / 7; /* an eighth of the pool is for fragments that wait */
}

/* As many as are wanted, within what there always was and what there can be. */
static uint32_t preset(const struct sum *s)
{
	return (uint32_t)RTE_MIN(
		RTE_MAX(s->wanted + LATER, (uint64_t)LEAST), (uint64_t)CONF_MAX_MBUFS);
}

/* "gen0 1 x 1024 + 3 ports more + workers 1 x 128 = 1152": who holds them. */
static const char *sum_text(const struct sum *s, const struct conf *c, char *buf, size_t size)
{
	char more[48] = "";

	if (s->shown < s->n)
		snprintf(more, sizeof(more), " %u ports more +", s->n - s->shown);
	snprintf(buf, size, "%s%s workers %u x %u = %" PRIu64, s->text, more, c->dpdk.workers,
		BURST_HELD, s->held);
	return buf;
}

static int refuse(const struct engine *e, const struct sum *s)
{
	char text[384], cure[96];

	if (s->held > CONF_MAX_MBUFS)
		snprintf(cure, sizeof(cure), "%d is the most there can be: lower", CONF_MAX_MBUFS);
	else
		snprintf(cure, sizeof(cure), "set dpdk.mbufs to 0, which makes %u, or lower",
			preset(s));
	LOG(ERR,
		"%u packet buffers are too few, as%s are held by the ports' rings and the workers "
		"alone; %s queues or descriptors of ports",
		e->mbufs, sum_text(s, e->conf, text, sizeof(text)), cure);
	return -ENOMEM;
}

int memory_count(struct engine *e)
{
	const struct conf *c = e->conf;
	struct sum s;

	add_node(&s, c);
	for (unsigned i = 0; i < c->n_ports; i++)
		add_port(&s, &c->ports[i]);
	add_workers(&s, c);
	e->mbufs = c->dpdk.mbufs != 0 ? c->dpdk.mbufs : preset(&s);
	return e->mbufs >= s.held ? 0 : refuse(e, &s);
}

bool memory_fits(const struct engine *e, const struct conf_port *const *ports, unsigned n,
	char *err, size_t size)
{
	struct sum s;
	char text[384], cure[96];

	add_node(&s, e->conf);
	/* The last one first: it is what is asked for. */
	for (unsigned i = n; i > 0; i--)
		add_port(&s, ports[i - 1]);
	add_workers(&s, e->conf);
	if (e->mbufs >= s.held)
		return true;
	if (s.held > CONF_MAX_MBUFS)
		snprintf(cure, sizeof(cure), "%d is the most there can be", CONF_MAX_MBUFS);
	else
		snprintf(cure, sizeof(cure), "or set dpdk.mbufs to %u and restart ovnetd",
			preset(&s));
	snprintf(err, size,
		"port %s: there are %u packet buffers, made at the start, and%s would be held by "
		"the ports' rings and the workers alone; give it fewer queues or descriptors, %s",
		ports[n - 1]->name, e->mbufs, sum_text(&s, e->conf, text, sizeof(text)), cure);
	return false;
}
