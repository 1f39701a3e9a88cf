/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL makes a directory for each process beside the control socket; killed daemons leave theirs. */
#ifndef OVNET_APP_RUN_EAL_DIRS_H
#define OVNET_APP_RUN_EAL_DIRS_H

#include <stdbool.h>
#include <stddef.h>

#define EAL_DIRS_PREFIX "ovnet-" /* of EAL's --file-prefix; the process number follows */

/* Removes those of dead processes, or only counts; `path`: where they are. Returns how many. */
int eal_dirs_remove_dead(const char *socket, char *path, size_t size, bool dry_run);

#endif
