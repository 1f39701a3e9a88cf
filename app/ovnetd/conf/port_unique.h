/* SPDX-License-Identifier: BSD-3-Clause */
/* What no single port shows: names, addresses, MACs, devices over all of them. Private to conf/. */
#ifndef OVNET_APP_CONF_PORT_UNIQUE_H
#define OVNET_APP_CONF_PORT_UNIQUE_H

#include "conf/conf.h"

struct port_set {
	const struct conf *conf; /* of the uplinks and the host device */
	const struct conf_port *const *ports;
	unsigned n;
	unsigned known; /* the first so many are good, among themselves */
	/* What is wrong with a port, and the cure. */
	void (*tell)(void *arg, unsigned port, const char *line);
	void *arg;
};

/* False: no memory. */
bool port_set_check(const struct port_set *s);

#endif
