/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "port/port.h"
#include "port/xsk.h"
#include "preflight/checks.h"

#define LEAST_MTU 1330 /* less leaves the overlay less than IPv6's 1280 */

static bool by_xdp(const struct link_facts *f)
{
	return f->driver == CONF_DRIVER_AF_XDP || (f->driver == CONF_DRIVER_AUTO && f->zero_copy);
}

/* Where the driver is left open, sockets stand in. */
static enum preflight_level without_xdp(const struct link_facts *f)
{
	return f->driver == CONF_DRIVER_AF_XDP ? PREFLIGHT_FAIL : PREFLIGHT_WARN;
}

static void judge_xdp(struct preflight *p, const struct link_facts *f)
{
	if (f->bond) {
		preflight_say(p, without_xdp(f),
			"%s is a bond, whose slaves' queues AF_XDP cannot receive by", f->name);
		preflight_fix(p, "driver = \"socket\" for this uplink");
	}
	if (strcmp(f->kind, "vlan") == 0) {
		preflight_say(p, PREFLIGHT_WARN,
			"%s is a VLAN's interface: the kernel has AF_XDP there in its slow, "
			"generic "
			"form only",
			f->name);
		preflight_fix(p, "driver = \"socket\" for this uplink");
	}
	if (ovnet_xsk_frame_size(f->mtu) == 0) {
		preflight_say(p, without_xdp(f),
			"packets of %s's MTU %u do not fit a frame of AF_XDP", f->name, f->mtu);
		preflight_fix(p, "lower the MTU, or driver = \"socket\" for this uplink");
	}
	if (f->rx_channels > OVNET_MAX_QUEUES) {
		preflight_say(p, without_xdp(f),
			"%s has %u receive channels, AF_XDP needs a socket on each, and ovnetd "
			"opens %u "
			"at most",
			f->name, f->rx_channels, OVNET_MAX_QUEUES);
		preflight_fix(p, "ethtool -L %s combined %u", f->name, OVNET_MAX_QUEUES);
	}
}

static void judge_state(struct preflight *p, const struct link_facts *f)
{
	if (!f->up) {
		preflight_say(
			p, PREFLIGHT_FAIL, "%s is down: ovnetd waits until it is up", f->name);
		preflight_fix(p, "ip link set dev %s up", f->name);
	} else if (!f->running) {
		preflight_say(p, PREFLIGHT_WARN, "%s has no carrier", f->name);
		preflight_fix(p, "is the cable plugged in, the switch's port on?");
	}
	if (!f->has_address) {
		preflight_say(p, PREFLIGHT_FAIL,
			"%s has no IPv4 address, which is how other nodes reach this one", f->name);
		preflight_fix(p, "give it one, or name another interface with --iface");
	}
}

void judge_link(struct preflight *p, const struct link_facts *f)
{
	size_t before = p->n;

	judge_state(p, f);
	if (f->mtu < LEAST_MTU) {
		preflight_say(p, PREFLIGHT_WARN,
			"%s has an MTU of %u: the overlay's would be below 1280, too small for "
			"IPv6",
			f->name, f->mtu);
		preflight_fix(p, "raise it to 1500 on the whole underlay");
	}
	if (by_xdp(f))
		judge_xdp(p, f);
	if (f->veth) {
		preflight_say(p, PREFLIGHT_WARN,
			"%s is a veth: packets of its other end may come with checksums that "
			"nobody "
			"finished, which kernel vxlan devices behind it leave so",
			f->name);
		preflight_fix(
			p, "where it stands for a NIC: ethtool -K PEER tx off at its other end");
	}
	if (p->n == before)
		preflight_say(p, PREFLIGHT_OK, "%s%s%s%s: up, MTU %u, %u receive channel%s",
			f->name, f->kind[0] != '\0' ? " (" : "", f->kind,
			f->kind[0] != '\0' ? ")" : "", f->mtu, f->rx_channels,
			f->rx_channels == 1 ? "" : "s");
}
