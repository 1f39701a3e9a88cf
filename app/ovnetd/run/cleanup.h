/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetd --cleanup`: removes and lists what daemons left in this network namespace. */
#ifndef OVNET_APP_RUN_CLEANUP_H
#define OVNET_APP_RUN_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/* Exit status. Refuses while a daemon runs on the configured control socket. */
int cleanup(const struct conf *c, bool dry_run);

/*
 * eal.c: EAL makes a directory for each process beside the control socket; killed daemons leave
 * theirs. Removes them, or only counts; `path`: where they are. Returns how many.
 */
int eal_remove_dead(const char *socket, char *path, size_t size, bool dry_run);

#endif
