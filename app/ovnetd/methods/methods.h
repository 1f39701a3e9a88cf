/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's methods; their `arg` is the daemon. Control thread only. */
#ifndef OVNET_APP_METHODS_METHODS_H
#define OVNET_APP_METHODS_METHODS_H

#include "ctl/ctl_server.h"

extern const struct ovnet_ctl_method methods[];

#endif
