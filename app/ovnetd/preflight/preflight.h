/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetd --preflight`: what would keep ovnetd from doing well here. Changes nothing. */
#ifndef OVNET_APP_PREFLIGHT_PREFLIGHT_H
#define OVNET_APP_PREFLIGHT_PREFLIGHT_H

#include "conf/conf.h"

/* A line for each finding, or a JSON array. Exit status: 1 where something fails. Waits for etcd.
 */
int preflight_run(const struct conf *conf, bool json);
/* The same, where the settings are refused and there is nothing to go by: says just that. */
void preflight_refused(bool json);

#endif
