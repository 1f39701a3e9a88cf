/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the configuration anew. `arg` is the daemon. Control thread only. */
#ifndef OVNET_APP_METHODS_RELOAD_CTL_H
#define OVNET_APP_METHODS_RELOAD_CTL_H

#include <jansson.h>

json_t *reload_now(void *arg, const json_t *params, char *err, size_t err_size);

#endif
