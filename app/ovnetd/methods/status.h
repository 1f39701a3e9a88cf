/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's methods: status.c its own, these are elsewhere. */
#ifndef OVNET_APP_METHODS_STATUS_H
#define OVNET_APP_METHODS_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"
#include "ctl/ctl_server.h"

struct daemon;

/* status_path.c: what the packet path did. */
/* Between start and stop; otherwise false, with a sentence in `err`. */
bool status_running(struct daemon *d, char *err, size_t err_size);
json_t *status_ports(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_workers(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_stats(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_drops(void *arg, const json_t *params, char *err, size_t err_size);

/* status_lists.c */
extern const struct ovnet_ctl_rows status_peers, status_leases;

/* status.c */
extern const struct ovnet_ctl_method status_methods[];
/* New references. */
json_t *addr_json(const struct ovnet_addr *a);
json_t *prefix_json(const struct ovnet_prefix *p); /* null: none */
json_t *prefix4_json(const struct ovnet_prefix4 *p);
json_t *prefix6_json(const struct ovnet_prefix6 *p);
json_t *mac_json(const struct ovnet_mac *m);

#endif
