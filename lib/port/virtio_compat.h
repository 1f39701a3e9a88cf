/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What kernels from 6.2 on speak of UDP segmentation, for headers that are older (Debian 12's).
 * Whether the running kernel knows it is asked (tun.c) or tried, never taken from a version.
 */
#ifndef OVNET_PORT_VIRTIO_COMPAT_H
#define OVNET_PORT_VIRTIO_COMPAT_H

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#endif
