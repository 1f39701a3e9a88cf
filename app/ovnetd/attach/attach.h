/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attach ports: what something of this node is plugged in by. The configuration has some, others
 * are ordered while the daemon runs. Opened once our lease says the MTU, their addresses entered
 * into the FIB, opened again while they are not there. One that cannot be opened is a warning: the
 * others go on. Control thread only.
 */
#ifndef OVNET_APP_ATTACH_ATTACH_H
#define OVNET_APP_ATTACH_ATTACH_H

#include <jansson.h>

#include "kernel/kernel.h"
#include "node/node.h"
#include "ports/ports.h"

/* Who wants a port, and alone may change it. */
enum attach_source {
	ATTACH_CONF,  /* ovnet.conf, or --port */
	ATTACH_STATE, /* `ovnetctl port add`, kept in ports.json */
	ATTACH_VM,    /* a VM; who has those keeps them as well */
};

struct attached {
	struct conf_port conf;
	json_t *members; /* as it was asked for while the daemon runs; NULL: it was not */
	enum attach_source source;
	struct ovnet_port *port; /* NULL: not open now; ports/ owns it */
	unsigned pause, left;    /* after a failure: checks until the next try */
	bool told;               /* that its interface is not there */
	bool behind;             /* a former port that closes has what this one wants */
	char why[512];           /* it is not open, as of the last try; "": not tried yet */
	struct attached *next;   /* of those that close */
};

struct attach_events {
	/* A port was opened or is gone, or its addresses are others. May be NULL. */
	void (*changed)(void *arg);
};

struct attach {
	struct engine *engine;
	struct ports *ports;
	struct ovnet_kernel *kernel;
	const struct node *node;
	struct attach_events events;
	void *arg;
	struct attached **items; /* those of the configuration first; each stays where it is */
	unsigned n;
	struct attached *closing;
	struct attached *of_id[OVNET_MAX_PORTS]; /* by the port's id */
	bool unfinished;                         /* addresses are missing in the FIB */
	bool loading;                            /* from ports.json: nothing to be saved */
	json_t *left_out;                        /* of ports.json, what did not do: kept there */
	struct ovnet_prefix was, was6; /* our subnet when ports.json was written; family 0: none */
};

/* The largest MTU asked for, for the size of packet buffers. */
uint16_t attach_max_mtu(const struct conf *conf);

/* 0 or -ENOMEM. Nothing is opened. `events` may be NULL. */
int attach_init(struct attach *a, struct engine *engine, struct ports *ports,
	struct ovnet_kernel *kernel, const struct node *node, const struct attach_events *events,
	void *arg);
/* The ports close what is open. Safe before init. */
void attach_fini(struct attach *a);

/* load.c: the ports of ports.json beside those of the configuration. What is not good is a
 * warning, and stays in the file. */
void attach_load(struct attach *a);

/*
 * order.c: ports while the daemon runs. `members` are the file's, as texts, numbers or booleans
 * ("addresses": "10.5.1.7"), with the file's checks and messages, against all ports there are. What
 * is wrong is a sentence with the cure in `err`, and nothing has changed. Those of ATTACH_STATE are
 * saved.
 */
/*
 * Opened at once where there is a lease. One that cannot be opened now stays and is tried again
 * when `keep`, otherwise it is refused. One that waits for a former port to close is there, and
 * opened soon. NULL: refused.
 */
struct attached *attach_add(struct attach *a, const json_t *members, enum attach_source source,
	bool keep, char *err, size_t size);
/*
 * Members that are there replace those of the port; null or "": its preset again. What is other
 * than addresses and MAC closes the port, and opens it anew. 0 or -errno.
 */
int attach_set(struct attach *a, const char *name, const json_t *members, char *err, size_t size);
/* 0 or -errno. Another source's is refused. */
int attach_del(
	struct attach *a, const char *name, enum attach_source source, char *err, size_t size);
/* May who is of `source` change it? Otherwise who may is said in `err`. */
bool attach_may(const struct attached *it, enum attach_source source, char *err, size_t size);
struct attached *attach_find(const struct attach *a, const char *name);
/*
 * The addresses of all of them that lie in our subnet, open or not. How many; *out is malloc'ed,
 * NULL where there are none, or (logged) no memory.
 */
unsigned attach_addresses(const struct attach *a, struct ovnet_prefix **out);

/* Opens what is not open, by the node's lease, and enters it. What fails is a warning. */
void attach_open(struct attach *a);
/*
 * Enters all addresses of open ports that lie in our subnet: after each change of the tables. The
 * others are a warning.
 */
void attach_enter(struct attach *a);
/* Nothing if the link is none of ours. */
void attach_link_changed(struct attach *a, const struct ovnet_link *link);
/*
 * Every second: is what the kernel does not tell us of still there? A container ends, and its
 * namespace's interfaces with it; the next one waits for the port.
 */
void attach_look(struct attach *a);
/* Now and then: what is gone unseen, what is to be tried again. */
void attach_check(struct attach *a);

/* NULL: the port is no attach port. */
const struct attached *attach_of(const struct attach *a, const struct ovnet_port *port);

#endif
