/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ovnetctl lease`: our own lease and what is ordered about it. An order is answered with its
 * number at once; "lease" tells how it went. Control thread only.
 */
#ifndef OVNET_APP_METHODS_LEASE_CTL_H
#define OVNET_APP_METHODS_LEASE_CTL_H

#include <jansson.h>

json_t *lease_show(void *arg, const json_t *params, char *err, size_t err_size);
json_t *lease_reserve(void *arg, const json_t *params, char *err, size_t err_size);
/* "now": gives the lease back and ends the daemon. */
json_t *lease_release(void *arg, const json_t *params, char *err, size_t err_size);

#endif
