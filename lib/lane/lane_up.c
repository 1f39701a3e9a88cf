/* SPDX-License-Identifier: BSD-3-Clause */
/* The upper end of the way in: the vxlan device with its program, made, and put back. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "lane/lane_int.h"
#include "lane_bpf.skel.h"

OVNET_LOG_TYPE(lane)

/* Between the look for a free port and the device's taking it somebody else may have. */
#define PORT_ATTEMPTS 5
#define RETRY         30 /* calls of mend */

/* The device with its program, before anything can come by it; `port` as long as that is free. */
static int make_device(struct ovnet_lane *lane, uint16_t port)
{
	int err = lane_device_make(&lane->nl, port, &lane->device);

	if (err < 0)
		return err;
	lane->port = port;
	lane->up.ifindex = lane->device;
	err = lane_tc_attach(
		&lane->nl, &lane->up, bpf_program__fd(lane->skel->progs.ovnet_lane_up));
	if (err == 0)
		err = lane_device_up(&lane->nl, lane->device);
	if (err < 0) {
		(void)lane_device_delete(&lane->nl, lane->device);
		lane->device = 0;
		lane->up = (struct lane_hook){0};
	}
	return err;
}

int lane_up_open(struct ovnet_lane *lane, uint16_t port, uint16_t udp_port)
{
	int err = -EADDRINUSE;

	for (unsigned i = 0; i < PORT_ATTEMPTS && err == -EADDRINUSE; i++) {
		uint16_t at = port != 0 ? port : lane_device_free_port();
		if (at == 0)
			return err;
		if (at == udp_port)
			continue;
		err = make_device(lane, at);
		if (port != 0)
			break;
	}
	if (err == -EADDRINUSE)
		LOG(ERR, "kernel lane: UDP port %u is somebody else's (`ss -lunp`)",
			port != 0 ? port : lane->port);
	return err;
}

/* Without it nothing is sent up; what could not be made is not said again for some minutes. */
int lane_up_mend(struct ovnet_lane *lane)
{
	int rc = lane->device != 0 ? lane_device_keep(&lane->nl, lane->device) : -ENODEV;

	if (rc != -ENODEV)
		return rc;
	lane->device = 0;
	lane->up = (struct lane_hook){0};
	lane_set_state(lane);
	if (lane->rest > 0) {
		lane->rest--;
		return -ENODEV;
	}
	rc = make_device(lane, lane->port);
	if (rc < 0) {
		LOG(ERR, "kernel lane: its device was removed, and cannot be made again: %s",
			strerror(-rc));
		lane->rest = RETRY;
		return rc;
	}
	lane_ways_forget(lane);
	lane_set_state(lane);
	return 1;
}
