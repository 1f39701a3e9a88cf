/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's attach port: of vhost-user, with its addresses, DHCP and MAC. Control thread only. */
#ifndef OVNET_APP_GUESTS_PLUGGED_H
#define OVNET_APP_GUESTS_PLUGGED_H

#include "guests/guests.h"

/*
 * `keep`: one that cannot be opened now is there, and tried again. 0 or -errno with a sentence in
 * `err`.
 */
int plugged_add(struct guests *g, struct guest *guest, bool keep, char *err, size_t size);
/* One that is there is given the addresses of our present subnets. */
void plugged_set(struct guests *g, const struct guest *guest);
/* Nothing if there is none. 0, or -errno with a sentence: it is as it was. */
int plugged_del(struct guests *g, const struct guest *guest, char *err, size_t size);

#endif
