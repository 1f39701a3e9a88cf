/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fake_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bed/fake_kernel.h"
#include "port/driver_int.h"

#define MTU 1500

struct fake_port fake_port;

int fake_port_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	fake_port.asked++;
	fake_port.conf = *conf;
	if (fake_port.refuses < 0)
		return fake_port.refuses;
	port->priv = calloc(1, sizeof(struct ovnet_port_stats));
	if (port->priv == NULL)
		return -ENOMEM;
	if (ovnet_driver_queue_new(port, 0, sizeof(struct ovnet_port_queue)) == NULL) {
		free(port->priv);
		return -ENOMEM;
	}
	port->n_rxq = port->n_txq = 1;
	port->mtu = MTU;
	if (fake_port.links)
		port->ifindex = fake_link_add(conf->iface, "tun", MTU, NULL);
	fake_port.opened++;
	return 0;
}

void fake_port_close(struct ovnet_port *port)
{
	if (fake_port.n_closed < FAKE_PORTS)
		snprintf(fake_port.closed[fake_port.n_closed], sizeof(fake_port.closed[0]), "%s",
			port->name);
	fake_port.n_closed++;
	free(port->priv);
}

void fake_port_lose(struct ovnet_port *port)
{
	(void)port;
	fake_port.lost++;
}

void fake_port_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = *(const struct ovnet_port_stats *)port->priv;
}

void fake_port_count(struct ovnet_port *port, uint64_t n)
{
	*(struct ovnet_port_stats *)port->priv = (struct ovnet_port_stats){
		.missed = n, .errors = 10 * n, .no_mbuf = 100 * n, .tx_errors = 1000 * n};
}
