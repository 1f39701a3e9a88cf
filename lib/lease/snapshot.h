/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node knew of the tree, as a file for a start without etcd: network config, our own lease,
 * everybody else's, each of these on a line of its own, so that they can be read one by one. Only
 * its owner may read or write it; what is read from it is as hostile as what comes from etcd. Any
 * thread, but one file at a time.
 */
#ifndef OVNET_LEASE_SNAPSHOT_H
#define OVNET_LEASE_SNAPSHOT_H

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "lease/flannel/lease_value.h"

struct snapshot {
	const char *prefix; /* of the tree */
	struct ovnet_addr public_ip;
	int64_t saved_at, expires_at; /* unix seconds; expires_at 0: our lease has no TTL */
	char boot_id[BOOT_ID_SIZE];   /* saved_at by the clock that nobody sets ... */
	int64_t boot_ms;              /* ... while that start of the machine lasts */
	int64_t revision;
	const char *config; /* the network config's JSON */
	struct ovnet_lease own;
	const struct ovnet_lease *leases; /* all others */
	size_t n;
};

/*
 * Directory made 0700, file 0600, whole or not at all: a file beside it, fsync, rename. 0, or
 * negative errno with a sentence in `err`.
 */
int snapshot_write(const char *path, const struct snapshot *s, char *err, size_t size);

/* Strings are `root`'s, but own_value. */
struct snapshot_file {
	json_t *root; /* all but the leases, which stay in the file */
	FILE *file;
	char *line; /* of it, the last one */
	size_t room;
	unsigned left_out;
	int64_t saved_at, expires_at, boot_ms, revision;
	const char *config, *own_name, *boot_id; /* boot_id "": not told */
	char *own_value;
};

/*
 * 0; -ENOENT: there is none; other negative errno with a sentence in `err`: not ours alone to
 * write, broken, or of another tree or node. Names, values and config are still unchecked.
 */
int snapshot_read(const char *path, const char *prefix, const struct ovnet_addr *public_ip,
	struct snapshot_file *out, char *err, size_t size);
/*
 * How long ago it was saved, in seconds; negative: the clock does not know, it shows an earlier
 * time than then.
 */
int64_t snapshot_age_s(const struct snapshot_file *f);
/*
 * The next lease, until the next call. False: that was all. Lines that are none are left out, and
 * counted.
 */
bool snapshot_next(struct snapshot_file *f, const char **name, const char **value, size_t *len);
void snapshot_file_free(struct snapshot_file *f);

#endif
