/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/options.h"

static const char *const uplinks_example[] = {
	"{ iface = \"eth0\"; driver = \"auto\"; queues = 0; },",
	"{ pci = \"0000:01:00.0\"; twin = \"ovnet-uplink1\"; mtu = 9000; },",
	"{ pci = \"0000:02:00.0\"; address = \"192.0.2.1/24\"; gateway = \"192.0.2.254\";",
	"  neighbours = ( { ip = \"192.0.2.254\"; mac = \"02:00:00:00:00:fe\"; } ); }",
	NULL,
};

static const char *const ports_example[] = {
	"{ name = \"gen0\"; driver = \"dpdk\"; devargs = \"net_memif0,role=server,socket=/run/g\";",
	"  addresses = \"10.5.1.64/26\"; mac = \"02:00:00:00:00:01\"; },",
	"{ name = \"box1\"; driver = \"tap\"; addresses = \"10.5.1.7,fd00:5:1::7\"; },",
	"{ name = \"web\"; driver = \"vhost\"; path = \"/run/ovnet/vm/web.sock\";",
	"  addresses = \"10.5.1.8\"; mac = \"02:00:00:00:00:08\"; queues = 2; }",
	NULL,
};

const struct option_items option_items[] = {
	{"uplinks", "an uplink", uplink_options, uplinks_example},
	{"neighbours", "a neighbour", neighbour_options, NULL},
	{"ports", "a port", port_options, ports_example},
	{NULL, NULL, NULL, NULL},
};
