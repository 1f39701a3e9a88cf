/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guests of attach ports, by port id. Control thread, where nothing else is said. A port
 * without one is answered ARP, ND and ping alone.
 */
#ifndef OVNET_PATH_GUEST_H
#define OVNET_PATH_GUEST_H

#include "packet/guest.h"
#include "packet/router_advert.h"
#include "path/path.h"

/*
 * Takes over `g` (malloc'ed; NULL: nobody is there any more). The former one is freed after a grace
 * period. Before the port's id may be another port's, there has to be none.
 */
void ovnet_guest_publish(struct ovnet_path_shared *s, uint16_t port, struct ovnet_guest *g);
/* The one published last. Control thread: until the next; a worker: within one burst. NULL: none.
 */
const struct ovnet_guest *ovnet_guest_of(const struct ovnet_path_shared *s, uint16_t port);
/* All of them, at the end. */
void ovnet_guests_fini(struct ovnet_path_shared *s);

/*
 * Router advertisements nobody has asked for (RFC 4861 section 6.2.4) go at random times between
 * these, in seconds; the first ones, after a port was opened, no further apart than the last.
 */
#define OVNET_ADVERTISE_MAX_S   OVNET_ROUTER_INTERVAL
#define OVNET_ADVERTISE_MIN_S   198
#define OVNET_ADVERTISE_FIRST   3 /* of them ... */
#define OVNET_ADVERTISE_FIRST_S 16
/*
 * Sends the guest of that port one, by the worker that owns a tx queue of it. 0; -ENOENT: no guest
 * with IPv6, or no such port; -ENOMEM: no buffer; -ENOBUFS: the worker's hand-off ring is full.
 */
int ovnet_guest_advertise(struct ovnet_path_shared *s, uint16_t port);

#endif
