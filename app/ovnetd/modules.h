/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the daemon, in the order of their start. */
#ifndef OVNET_APP_MODULES_H
#define OVNET_APP_MODULES_H

#include "daemon.h"

extern const struct module modules[];
extern const unsigned n_modules;

#endif
