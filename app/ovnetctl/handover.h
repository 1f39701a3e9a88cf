/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl handover kernel`: the daemon leaves the node to the kernel. */
#ifndef OVNETCTL_HANDOVER_H
#define OVNETCTL_HANDOVER_H

#include <stdbool.h>

/* Waits for the daemon's end. 0, or 1: said why. */
int handover_command(const char *socket, bool json);

#endif
