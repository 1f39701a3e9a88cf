/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a guest shares with us is a file of its front end's, which may cut it short whenever
 * it likes: the next access is a SIGBUS. Regions are checked before they are mapped, and watched
 * while they are: the first access behind the end of the file turns the whole region into pages of
 * our own.
 *
 * Any thread, but each region by one.
 */
#ifndef OVNET_PORT_VHOST_MEMORY_H
#define OVNET_PORT_VHOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in a SET_MEM_TABLE message. */
struct vhost_region {
	uint64_t gpa;    /* the guest's address */
	uint64_t size;   /* bytes */
	uint64_t user;   /* the front end's address */
	uint64_t offset; /* in the file */
};

/* The handler, once for the process. 0 or negative errno. */
int vhost_memory_init(void);

/* NULL, or what is wrong with a table of regions and their files. */
const char *vhost_memory_fault(const struct vhost_region *r, unsigned n, const int *fds);

/*
 * A mapping of `size` bytes: its number, or -1: too many. To be forgotten before it is unmapped.
 * `notify_fd` is an eventfd that is written to when it was cut short; -1: none.
 */
int vhost_memory_watch(void *at, size_t size, int notify_fd);
void vhost_memory_forget(int number);
/* Whether it was cut short. */
bool vhost_memory_torn(int number);

/*
 * Around what maps memory and reads it before it can be watched; of the thread that calls. The
 * second one says whether it was cut short; alone it does nothing.
 */
void vhost_memory_mapping(void);
bool vhost_memory_mapped(void);

#endif
