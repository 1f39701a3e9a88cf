/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/options.h"

#include "conf/conf.h"
#include "conf/validate.h"

#define AT(type, member) .offset = offsetof(type, member), .width = sizeof(((type *)0)->member)
#define UP(member)       AT(struct conf_uplink, member)
#define NEIGH(member)    AT(struct conf_neighbour, member)

/* "dpdk" is not for the asking: it follows from pci and devargs. */
static const char *const driver[] = {"auto", "af_xdp", "af_packet", "socket", NULL};

static const char *const off_on[] = {"off", "on", NULL};

static const char *const sends[] = {"auto", "udp", NULL};

static_assert(CONF_DRIVER_AUTO == 0 && CONF_DRIVER_AF_XDP == 1 && CONF_DRIVER_AF_PACKET == 2 &&
		      CONF_DRIVER_SOCKET == 3,
	"order of choices");

/* clang-format off */
const struct option_def uplink_options[] = {
	{"iface", OPTION_TEXT, UP(iface), .check = check_iface_name_or_none, .preset = "",
		.form = "the name of an interface, 1 to 15 characters",
		.help = "kernel interface, shared with the kernel"},
	{"driver", OPTION_CHOICE, UP(driver), .choices = driver, .preset = "auto", .help = "how packets come from it and go to it; auto: socket, or af_xdp with zero-copy where the NIC does that, or af_packet"},
	{"pci", OPTION_TEXT, UP(pci), .check = check_pci_or_none, .preset = "",
		.form = "a PCI address such as \"0000:3b:00.0\" (`nic.sh status` lists them); other devices, or with arguments: devargs",
		.help = "PCI NIC, taken whole: \"0000:3b:00.0\""},
	{"devargs", OPTION_TEXT, UP(devargs), .preset = "", .form = "a device string of DPDK's",
		.help = "in place of pci: any device of DPDK's, with arguments: \"net_bonding0,mode=1,...\""},
	{"twin", OPTION_TEXT, UP(twin), .check = check_twin, .preset = "auto",
		.form = "\"auto\", \"off\", or the name of an interface, 1 to 15 characters",
		.help = "with pci, devargs: kernel interface for what is the host's own there; auto: ovnet-uplink0 (1, ...) where no address is given"},
	{"mtu", OPTION_UINT, UP(mtu), .preset = "0", .min = 0, .max = 65000,
		.help = "with pci, devargs: largest IP packet; 0: what its twin had, or the device has"},
	{"vlan", OPTION_UINT, UP(vlan), .preset = "0", .min = 0, .max = 4094,
		.help = "with pci, devargs: VLAN of the underlay, to which the twin belongs too; what has another tag or none is dropped; 0: no tags"},
	{"address", OPTION_PARSED, .parse = parse_uplink_address, .preset = "", .form = "an IPv4 address and its prefix length such as \"192.0.2.1/24\"",
		.help = "with pci, devargs, without a twin: our address and its network"},
	{"gateway", OPTION_PARSED, UP(gateway), .parse = parse_unicast4, .preset = "", .form = "an IPv4 address such as \"192.0.2.254\"",
		.help = "with address: where everything outside that network goes"},
	{"neighbours", OPTION_ITEMS, .preset = "", .help = "with address: MAC addresses of nodes and gateway"},
	{"zero-copy", OPTION_CHOICE, UP(zero_copy), .choices = off_on, .preset = "off",
		.help = "af_xdp, auto: the NIC reads and writes ovnet's memory, where its driver can"},
	{"send", OPTION_CHOICE, UP(send_udp), .choices = sends, .preset = "auto",
		.help = "socket: udp: through the kernel's own IP layer (IPsec, policy routing), a few source ports; auto: past it where the kernel can"},
	{"queues", OPTION_UINT, UP(queues), .preset = "0", .min = 0, .max = 31, .help = "queues to open; 0: one per worker, as far as there are any"},
	{"workers", OPTION_TEXT, UP(workers), .check = check_cpus, .preset = "",
		.form = "numbers of workers such as \"0,2\" or \"0-2\", each once, or \"\" for by load",
		.help = "workers its queues go to, in turn, and stay with; \"\": by load"},
	{NULL},
};

const struct option_def neighbour_options[] = {
	{"ip", OPTION_PARSED, NEIGH(ip), .parse = parse_unicast4, .preset = "", .form = "an IPv4 address such as \"192.0.2.2\"", .help = "its address"},
	{"mac", OPTION_PARSED, NEIGH(mac), .parse = parse_mac, .preset = "", .form = "a unicast MAC address such as \"02:00:00:00:00:02\"", .help = "its MAC"},
	{NULL},
};
/* clang-format on */
