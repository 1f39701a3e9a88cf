/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ovnetctl why`: what becomes of a packet, by the path's own stages on the tables as they are
 * (capture/rehearsal.h), and of the answer to it. Nothing is sent. Control thread only.
 */
#ifndef OVNET_APP_METHODS_WHY_H
#define OVNET_APP_METHODS_WHY_H

#include <jansson.h>

/* {"src", "dst", "from": PORT, "size": BYTES, "df"} */
json_t *why_show(void *arg, const json_t *params, char *err, size_t err_size);

#endif
