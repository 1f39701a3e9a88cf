/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether somebody of this host has an address already: its interfaces, containers with an address
 * of CNI's host-local, whoever answered for it. A silent container of docker's is not seen. Control
 * thread only.
 */
#ifndef OVNET_APP_HOST_IN_USE_H
#define OVNET_APP_HOST_IN_USE_H

#include "kernel/proxy.h"

#define IN_USE_CNI_DIR "/var/lib/cni/networks" /* host-local's: NETWORK/ADDRESS */

struct in_use {
	struct ovnet_kernel *kernel;
	const char *cni_dir;
};

/* `arg` is a struct in_use. True: `who` says by whom, and what to do where that is long over. */
bool in_use(void *arg, const struct ovnet_addr *addr, char *who, size_t size);

#endif
