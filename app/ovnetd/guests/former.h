/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VM that is no more had which address: one of the same name gets it again, as long as nobody
 * else has. One address for a name, one name for an address. Pure.
 */
#ifndef OVNET_APP_GUESTS_FORMER_H
#define OVNET_APP_GUESTS_FORMER_H

#include <jansson.h>
#include <net/if.h>
#include <stdint.h>

#define FORMER_MAX 1024 /* then the one that went first is forgotten */

struct former {
	struct former_vm {
		char name[IFNAMSIZ];
		uint32_t addr_host;
	} * items; /* in the order they went */
	unsigned n, room;
};

/* Without memory it is forgotten. */
void former_note(struct former *f, const char *name, uint32_t addr_host);
/* 0: nothing is known of it. */
uint32_t former_of(const struct former *f, const char *name);
/* Somebody has the address now. */
void former_forget(struct former *f, uint32_t addr_host);
void former_free(struct former *f);

/* [{name, address}]; new reference. */
json_t *former_to_json(const struct former *f);
/* What is no such entry is left out. */
void former_of_json(struct former *f, const json_t *list);

#endif
