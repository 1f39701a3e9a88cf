/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told to who lives behind an attach port and asks (DHCP, router discovery). Pure. */
#ifndef OVNET_APP_GUESTS_RECORD_H
#define OVNET_APP_GUESTS_RECORD_H

#include "node/node.h"
#include "path/guest.h"

/*
 * From the port's addresses of one host each, as far as they are in our subnets, its MAC and MTU,
 * and the group vm of the configuration. For ovnet_guest_publish(), which takes it over. *out NULL:
 * the port has no option dhcp, or nothing of it is in our subnets (drained, we have none). 0 or
 * -ENOMEM, logged.
 */
int guest_record(const struct conf *conf, const struct node *node, const struct conf_port *port,
	struct ovnet_guest **out);

#endif
