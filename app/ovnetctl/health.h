/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl health`, for people and as a plugin of a monitoring system. */
#ifndef OVNETCTL_HEALTH_H
#define OVNETCTL_HEALTH_H

#include <stdbool.h>

/* What such plugins exit with. Wrong usage is HEALTH_UNKNOWN as well: it says nothing of the node.
 */
enum { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN };

bool health_is_asked(int argc, char **argv);
int health_command(int argc, char **argv, const char *socket);

#endif
