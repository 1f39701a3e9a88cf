/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the lease tree is and how it is spoken to, by the configuration. Without DPDK: ovnetctl's,
 * too. */
#ifndef OVNET_APP_RUN_TREE_CONF_H
#define OVNET_APP_RUN_TREE_CONF_H

#include "conf/conf.h"
#include "lease/lease_client.h"

/* How etcd is to be asked. Borrows from `conf`. */
struct ovnet_registry_conf tree_registry_conf(const struct conf *conf);

/* Registries, credentials, prefix, times; who we are is left to the caller. Keeps strings of
 * `conf`. */
void tree_conf(const struct conf *conf, struct ovnet_lease_conf *out);

#endif
