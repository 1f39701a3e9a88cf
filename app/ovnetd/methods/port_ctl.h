/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ovnetctl port`: attach ports while the daemon runs. "params" are a port's members by their keys
 * in ovnet.conf, its name among them. Control thread only.
 */
#ifndef OVNET_APP_METHODS_PORT_CTL_H
#define OVNET_APP_METHODS_PORT_CTL_H

#include <jansson.h>

/* "keep": true: one that cannot be opened now stays, and is tried again. The port as it is then. */
json_t *port_ctl_add(void *arg, const json_t *params, char *err, size_t err_size);
json_t *port_ctl_set(void *arg, const json_t *params, char *err, size_t err_size);
/* {"name"}: the port as it was. */
json_t *port_ctl_del(void *arg, const json_t *params, char *err, size_t err_size);
/* {"name"}: that one; without it all of them, open or not, in a list. */
json_t *port_ctl_show(void *arg, const json_t *params, char *err, size_t err_size);

#endif
