/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual machine as it was ordered, and what is made of that. Pure. */
#ifndef OVNET_APP_GUESTS_VM_H
#define OVNET_APP_GUESTS_VM_H

#include <jansson.h>
#include <net/if.h>

#include "base/net.h"

#define VM_MIN_MEMORY 32 /* megabytes: what a Linux starts with */
#define VM_MAX_MEMORY (8 * 1024 * 1024)
#define VM_MEMORY     512  /* unless it says */
#define VM_MAX_QUEUES 31   /* as of any attach port */
#define VM_RING       1024 /* descriptors; QEMU's limit for vhost-user */

struct vm {
	char name[IFNAMSIZ]; /* its port's as well */
	uint32_t addr_host;  /* of the subnet it was given in */
	struct ovnet_mac mac;
	uint32_t memory; /* megabytes */
	uint16_t queues; /* pairs */
	bool server;     /* we make the socket; else QEMU does */
};

/* What its QEMU has to be told beside that. */
struct vm_plug {
	const struct vm *vm;
	const char *socket;
	uint16_t mtu;
	bool kvm; /* otherwise TCG */
};

/*
 * 1 to 15 letters, digits, ".", "_" or "-", a letter or digit first: file name, argument, libvirt
 * domain.
 */
bool vm_name_ok(const char *name);
/* The one ports of this address get, wherever they stand. */
struct ovnet_mac vm_mac_of(uint32_t addr_host);

/*
 * From what `vm add` says or the state file has: {name, memory, queues, server, mac, address}. The
 * last two may be missing: `addr_host` 0, MAC zero. 0, or -EINVAL with a sentence in `err`.
 */
int vm_of_json(const json_t *from, struct vm *out, char *err, size_t size);
/* Such an object, with all of them; new reference. */
json_t *vm_to_json(const struct vm *vm);

/* QEMU's arguments word by word: memory and network, all but the machine and its disks. NULL, as
 * with the next two: no memory. */
json_t *vm_qemu(const struct vm_plug *p);
/* A domain for libvirt, without disks. New reference: a text. */
json_t *vm_libvirt(const struct vm_plug *p);
/* Who waits for whom, in a sentence or some. */
json_t *vm_next(const struct vm_plug *p);

#endif
