/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl capture`, `trace`: the connection becomes a stream of base/packet_record.h. */
#ifndef OVNET_APP_METHODS_CAPTURE_CTL_H
#define OVNET_APP_METHODS_CAPTURE_CTL_H

#include <jansson.h>

int capture_ctl(void *arg, const json_t *params, int fd, char *err, size_t err_size);
int trace_ctl(void *arg, const json_t *params, int fd, char *err, size_t err_size);

#endif
