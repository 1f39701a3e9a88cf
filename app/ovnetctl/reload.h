/* SPDX-License-Identifier: BSD-3-Clause */
/* Has ovnetd read its configuration anew, and says what came of it. */
#ifndef OVNETCTL_RELOAD_H
#define OVNETCTL_RELOAD_H

#include <stdbool.h>

/* 0, or 1: said why; nothing changed then. */
int reload_command(const char *socket, bool json);

#endif
