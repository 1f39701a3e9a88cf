/* SPDX-License-Identifier: BSD-3-Clause */
/* Those of the control socket's methods that read the packet path (status_path.c). */
#ifndef OVNET_APP_STATUS_H
#define OVNET_APP_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct daemon;

/* Between start and stop; otherwise false, with a sentence in `err`. */
bool status_running(struct daemon *d, char *err, size_t err_size);
json_t *status_ports(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_workers(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_stats(void *arg, const json_t *params, char *err, size_t err_size);
json_t *status_drops(void *arg, const json_t *params, char *err, size_t err_size);

#endif
