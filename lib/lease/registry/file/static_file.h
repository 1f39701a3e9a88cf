/* SPDX-License-Identifier: BSD-3-Clause */
/* The static registry's file in memory: names, values, and what a new version changed. */
#ifndef OVNET_LEASE_REGISTRY_FILE_STATIC_FILE_H
#define OVNET_LEASE_REGISTRY_FILE_STATIC_FILE_H

#include <stddef.h>
#include <stdint.h>

#define STATIC_CONFIG "config"
#define STATIC_LEASES "subnets/"

/* One key as etcd would have it, without the prefix: "config", "subnets/10.5.1.0-24". */
struct static_entry {
	char *name;
	char *value;      /* compact JSON */
	char *file_value; /* as the file has it; `value` may be what the lease logic made of it */
	int64_t revision; /* of the file's version that brought this value */
};

struct static_file {
	struct static_entry *entries; /* sorted by name */
	size_t n;
	int64_t revision;
};

/*
 * Reads `path` into a zeroed `f`. 0, or -EINVAL / -errno with a sentence in `err` that says
 * what and where.
 */
int static_file_read(const char *path, struct static_file *f, char *err, size_t err_size);
void static_file_free(struct static_file *f);
struct static_entry *static_file_find(const struct static_file *f, const char *name);
/*
 * Makes `now` the successor of `old`: unchanged entries keep revision and value, the others get the
 * new revision. Returns how many are new, different or gone.
 */
size_t static_file_succeed(struct static_file *now, const struct static_file *old);

#endif
