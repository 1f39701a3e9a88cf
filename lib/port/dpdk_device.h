/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices by their devargs: found, made, given back, and those DPDK cannot give back. */
#ifndef OVNET_PORT_DPDK_DEVICE_H
#define OVNET_PORT_DPDK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* DPDK's id of the device, which is made if it is not there. 0 or negative errno, logged. */
int ovnet_dpdk_device_get(const char *port, const char *devargs, uint16_t *id);
/* Such a device is only stopped when its port closes, for the next port of the same devargs. */
bool ovnet_dpdk_device_stays(const char *devargs);
/* One that does not stay. */
void ovnet_dpdk_device_remove(const char *port, uint16_t id);

#endif
