/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtual machines of this node: which there are, their addresses, the attach ports they are
 * plugged in by, what DHCP tells them. Kept in node.state-dir. Control thread only.
 */
#ifndef OVNET_APP_GUESTS_GUESTS_H
#define OVNET_APP_GUESTS_GUESTS_H

#include "attach/attach.h"
#include "guests/former.h"
#include "guests/vm.h"

struct event_base;

/* Has somebody on this host that address, of whom ovnetd does not know? Who, for people. */
typedef bool guests_in_use_fn(void *arg, const struct ovnet_addr *addr, char *who, size_t size);

struct guest {
	struct vm vm;
	char *socket;
	bool outside; /* our lease's subnet is another one now: it has no port */
	bool failed;  /* its port could not be made; tried again */
	char why[512];
};

struct guests {
	struct engine *engine;
	struct attach *attach;
	const struct node *node;
	guests_in_use_fn *in_use; /* NULL: nobody can be asked */
	void *arg;
	struct guest **items; /* in the order they were added */
	unsigned n;
	struct former former;
	json_t *left_out;        /* of vms.json, what did not do: kept there */
	bool unpublished;        /* ports came or went */
	unsigned next;           /* those from here on have their turn yet: ... */
	bool all;                /* ... all of them, else those that failed */
	int64_t advertise_at_ms; /* monotonic */
	unsigned first;          /* advertisements of the quick ones that are left */
	struct event *turn;
};

/* 0 or -ENOMEM. */
int guests_init(struct guests *g, struct engine *engine, struct attach *attach,
	const struct node *node, guests_in_use_fn *in_use, void *arg);
/* The ports close what is open. Safe before init. */
void guests_fini(struct guests *g);

/*
 * lease.c: our lease is there, or another one. Those in its subnet get their ports, in slices:
 * there may be a thousand.
 */
void guests_lease(struct guests *g);
/* An attach port was opened or closed: in the next turn DHCP is told who is there. */
void guests_ports_changed(struct guests *g);
/* What is to be done in a turn of its own. */
void guests_turn(struct guests *g);
/* Now and then: what could not be done is tried again, in slices as well. */
void guests_check(struct guests *g);

/* As vm_of_json() has it. NULL with a sentence, what is wrong and the cure, in `err`. */
const struct guest *guests_add(struct guests *g, const json_t *params, char *err, size_t size);
/* One that was left out as well. 0, or -ENOENT and so on with a sentence. */
int guests_del(struct guests *g, const char *name, char *err, size_t size);
const struct guest *guests_find(const struct guests *g, const char *name);
/* Our port of it; NULL: none is open. */
const struct ovnet_port *guests_port(const struct guests *g, const struct guest *guest);
/* Its IPv6 address; false: it has none. */
bool guests_addr6(const struct guests *g, const struct guest *guest, struct ovnet_addr *out);
/* What its QEMU is told. `tcg`: without KVM, though the machine may have it. */
struct vm_plug guests_plug(const struct guests *g, const struct guest *guest, bool tcg);

/*
 * held.c: is the port that is ordered by `members` in the way of a VM that has no port just now,
 * as it has its name or an address of it? Then that is said.
 */
bool guests_object(const struct guests *g, const json_t *members, char *err, size_t size);

/* published.c: what DHCP tells is as the ports are. False: not all of it, for want of memory. */
bool guests_publish(struct guests *g);
/* Routers say now and then that they are there; more often after something changed. */
void guests_advertise(struct guests *g);
/* list.c: the file. Loaded at the start: names and addresses are taken before our lease. */
void guests_load(struct guests *g);
/* An entry of vms.json that did not do goes as well. NULL: none is called that; new reference. */
json_t *guests_forget_left_out(struct guests *g, const char *name);
/* Has a VM that address? Which, for people. */
bool guests_has_address(const struct guests *g, uint32_t addr_host, char *who, size_t size);
/* 0 or negative errno, logged. */
int guests_save(const struct guests *g);
/* The same: one more of them, or one less. NULL: no memory. */
struct guest *guests_append(struct guests *g, const struct vm *vm);
void guests_remove(struct guests *g, const struct guest *guest);

#endif
