/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guests of attach ports, by port id. Control thread. A port without one is answered ARP, ND
 * and ping alone.
 */
#ifndef OVNET_PATH_GUEST_H
#define OVNET_PATH_GUEST_H

#include "packet/guest.h"
#include "path/path.h"

/*
 * Takes over `g` (malloc'ed; NULL: nobody is there any more). The former one is freed after a grace
 * period. Before the port's id may be another port's, there has to be none.
 */
void ovnet_guest_publish(struct ovnet_path_shared *s, uint16_t port, struct ovnet_guest *g);
/* The one published last; it lives until the next. NULL: none. */
const struct ovnet_guest *ovnet_guest_of(const struct ovnet_path_shared *s, uint16_t port);
/* All of them, at the end. */
void ovnet_guests_fini(struct ovnet_path_shared *s);

#endif
