/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration in force, without its secrets. `arg` is the daemon. Control thread only. */
#ifndef OVNET_APP_METHODS_CONF_SHOW_H
#define OVNET_APP_METHODS_CONF_SHOW_H

#include <jansson.h>

json_t *conf_show(void *arg, const json_t *params, char *err, size_t err_size);

#endif
