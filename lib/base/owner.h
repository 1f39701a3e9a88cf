/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is to own a file. The databases of users are asked, which may take a moment; no logs. */
#ifndef OVNET_BASE_OWNER_H
#define OVNET_BASE_OWNER_H

#include <stddef.h>
#include <sys/types.h>

/*
 * "user", "user:group" or ":group", by name or number; -1 for what it does not say. 0, or -EINVAL:
 * `missing` says what there is none of, "group 'kvm'".
 */
int ovnet_owner_find(const char *text, uid_t *uid, gid_t *gid, char *missing, size_t size);

#endif
