/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/options.h"

#include "conf/conf.h"
#include "conf/validate.h"

#define AT(member)                                    \
	.offset = offsetof(struct conf_port, member), \
	.width = sizeof(((struct conf_port *)0)->member)

static const char *const driver[] = {"dpdk", "tap", "af_xdp", "vhost", NULL};

static_assert(
	CONF_PORT_DPDK == 0 && CONF_PORT_TAP == 1 && CONF_PORT_AF_XDP == 2 && CONF_PORT_VHOST == 3,
	"order of choices");

/* clang-format off */
const struct option_def port_options[] = {
	{"name", OPTION_TEXT, AT(name), .check = check_port_name_or_none, .preset = "",
		.form = "1 to 15 letters, digits, \".\", \"_\" or \"-\"",
		.help = "its name, which no other port has"},
	{"driver", OPTION_CHOICE, AT(driver), .choices = driver, .preset = "dpdk",
		.help = "what it is plugged in by"},
	{"devargs", OPTION_TEXT, AT(devargs), .preset = "", .form = "a device string of DPDK's",
		.help = "with dpdk: the device, \"net_memif0,...\", \"net_pcap0,...\""},
	{"iface", OPTION_TEXT, AT(iface), .check = check_iface_name_or_none, .preset = "",
		.form = "the name of an interface, 1 to 15 characters",
		.help = "with af_xdp: the interface, our end of a veth; with tap: its name, if not the port's"},
	{"path", OPTION_TEXT, AT(path), .check = check_socket_or_none, .preset = "",
		.form = "the absolute path of a socket, 107 bytes at most",
		.help = "with vhost: the socket, which QEMU makes and ovnet connects to, again and again"},
	{"server", OPTION_SWITCH, AT(server), .preset = "false",
		.help = "with vhost: ovnet makes the socket, and QEMU connects"},
	{"socket-mode", OPTION_TEXT, AT(socket_mode), .check = check_mode_or_none, .preset = "",
		.form = "an octal mode such as \"0660\"",
		.help = "with server: permissions of the socket; \"\": for ovnetd's user alone"},
	{"socket-owner", OPTION_TEXT, AT(socket_owner), .check = check_owner_or_none, .preset = "",
		.form = "a user, \":\" and a group, or both, such as \"libvirt-qemu:kvm\"",
		.help = "with server: who owns the socket, \"libvirt-qemu:kvm\"; \"\": ovnetd's user"},
	{"addresses", OPTION_PARSED, .parse = parse_port_addresses, .preset = "",
		.form = "addresses, or prefixes without host bits, such as \"10.5.1.7,10.5.1.64/26\"; at most 64",
		.help = "what lives behind it, in this node's subnet; a comma list, \"10.5.1.7,10.5.1.64/26\""},
	{"mac", OPTION_PARSED, .parse = parse_port_mac, .preset = "",
		.form = "a unicast MAC address such as \"02:00:00:00:00:02\"",
		.help = "MAC of what lives behind it; without one, a TAP's is made from its first prefix, elsewhere it may be any"},
	{"mtu", OPTION_UINT, AT(mtu), .preset = "0", .min = 0, .max = 65000,
		.help = "largest IP packet; 0: the overlay's"},
	{"queues", OPTION_UINT, AT(queues), .preset = "0", .min = 0, .max = 31,
		.help = "queues to open; 0: one"},
	{"descriptors", OPTION_UINT, AT(descriptors), .preset = "0", .min = 0, .max = 32768,
		.help = "packets a queue holds, each way; 0: the driver's choice"},
	{"workers", OPTION_TEXT, AT(workers), .check = check_cpus, .preset = "",
		.form = "numbers of workers such as \"0,2\" or \"0-2\", each once, or \"\" for by load",
		.help = "workers its queues go to, in turn, and stay with; \"\": by load"},
	{"dhcp", OPTION_SWITCH, AT(dhcp), .preset = "false",
		.help = "tell what lives behind it its address, by DHCP, DHCPv6 and router advertisements"},
	{NULL},
};
/* clang-format on */
