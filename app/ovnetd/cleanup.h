/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetd --cleanup`: removes and lists what daemons left in this network namespace. */
#ifndef OVNET_APP_CLEANUP_H
#define OVNET_APP_CLEANUP_H

#include <stdbool.h>

#include "conf/conf.h"

/* Exit status. Refuses while a daemon runs on the configured control socket. */
int cleanup(const struct conf *c, bool dry_run);

#endif
