/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl handover`: the daemon ends and leaves the node to another data plane. */
#ifndef OVNET_APP_METHODS_HANDOVER_CTL_H
#define OVNET_APP_METHODS_HANDOVER_CTL_H

#include <jansson.h>

/* "to": "kernel". The answer says what the kernel will have; the daemon ends soon after. */
json_t *handover_order(void *arg, const json_t *params, char *err, size_t err_size);

#endif
