/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ports' far ends change while they run: a guest that connects, enables queues, leaves. A
 * driver's own thread writes to an eventfd, and in the control thread each driver is asked
 * (`changed` of driver.h). Asked they are every few seconds as well, for what nobody tells.
 * Control thread only.
 */
#ifndef OVNET_APP_PORTS_CHANGES_H
#define OVNET_APP_PORTS_CHANGES_H

struct ports;

/* `publish` is called when a queue map is to be made. 0 or -errno (logged). */
int ports_changes_init(struct ports *ports, int (*publish)(struct ports *ports));
/* Nobody is asked any more; then, when all ports are closed, the eventfd goes. Safe before init. */
void ports_changes_stop(struct ports *ports);
void ports_changes_fini(struct ports *ports);

#endif
