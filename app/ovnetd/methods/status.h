/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods of the control socket that tell how things are. */
#ifndef OVNET_APP_METHODS_STATUS_H
#define OVNET_APP_METHODS_STATUS_H

#include <jansson.h>

#include "ctl/ctl_server.h"

/* status.c */
json_t *status_show(void *arg, const json_t *params, char *err, size_t err_size);

/* status_lane.c: the kernel lane. */
struct daemon;
json_t *status_lane_json(struct daemon *d);

/* status_ports.c: one port with all that is counted of it. */
struct ovnet_port;
json_t *status_port_json(struct daemon *d, struct ovnet_port *p);

/* status_ports.c */
json_t *status_ports(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_queues(void *arg, const json_t *params, char *err, size_t err_size);

/* status_path.c: what the packet path did. */
json_t *status_workers(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_stats(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_drops(void *arg, const json_t *params, char *err, size_t err_size);

/* status_dropped.c: "reason": of that one. The last packets refused, the newest first. */
json_t *status_dropped(void *arg, const json_t *params, char *err, size_t err_size);

/* status_lists.c */
extern const struct ovnet_ctl_rows status_peers, status_leases;

#endif
