/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What suites of app/ovnetd/ports share: ports of a fake kind, those who want them, what two
 * workers that do not run would see. Cases run between ports_set_up() and parts_close(). Link it
 * with
 * --wrap=ovnet_queue_map_build.
 */
#ifndef OVNET_BED_PORTS_H
#define OVNET_BED_PORTS_H

#include "bed/fake_port.h"
#include "bed/parts.h"

#define READER 0 /* a worker that reads the tables */

struct owner {
	int answer; /* 0: opens it again */
	unsigned asked;
	struct ovnet_port *port;
};

extern const struct ovnet_driver fake_driver;
extern bool no_memory; /* for the next queue map */

int ports_set_up(void **state);
/* `o` NULL: nobody opens it again. */
struct ovnet_port *open_port(const char *name, struct owner *o);
/* What the owner, a `struct owner`, is asked for. */
int opens_again(void *arg, struct ovnet_port *port);
struct ovnet_port *replaced(struct ovnet_port *old, const char *name, int *err);

/* What the workers see; NULL: nothing was published. */
const struct ovnet_queue_map *map(void);
/* How many workers poll the port. */
unsigned polled(const struct ovnet_port *port);
/* How often both workers were woken since the last look. */
unsigned woken(void);
/* READER reads the tables from now on, until it says that it does not. */
void read_tables(void);
/* Frees what nobody reads any more; how many wait. */
unsigned reclaim(void);

/* The port has counted n, ten times as many of the next kind, and so on. */
void let_count(struct ovnet_port *port, uint64_t n);
/* That is what the port says. */
void has_counted(struct ovnet_port *port, uint64_t n);

#endif
