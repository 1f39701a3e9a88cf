/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl drops --last [REASON]`: the last packets refused, of each reason a few. */
#ifndef OVNETCTL_LAST_H
#define OVNETCTL_LAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `reason` NULL: of each. An exit code. */
int last_command(const char *socket, const char *reason, bool json);

/* What the daemon wrote as "4500...": how many bytes went into `out`. */
size_t last_bytes(const char *hex, uint8_t *out, size_t size);

#endif
