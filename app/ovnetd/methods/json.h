/* SPDX-License-Identifier: BSD-3-Clause */
/* What the answers of the control socket are made of. JSON values are new references. */
#ifndef OVNET_APP_METHODS_JSON_H
#define OVNET_APP_METHODS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"

struct daemon;
struct ovnet_port;

/* Between start and stop; otherwise false, with a sentence in `err`. */
bool methods_running(struct daemon *d, char *err, size_t err_size);

json_t *addr_json(const struct ovnet_addr *a);     /* null: none */
json_t *prefix_json(const struct ovnet_prefix *p); /* null: none */
json_t *prefix4_json(const struct ovnet_prefix4 *p);
json_t *prefix6_json(const struct ovnet_prefix6 *p);
json_t *mac_json(const struct ovnet_mac *m);
json_t *hex_json(const uint8_t *bytes, size_t n);                       /* "4500..." */
json_t *queue_name_json(const struct ovnet_port *port, uint16_t queue); /* "eth0:1" */

#endif
