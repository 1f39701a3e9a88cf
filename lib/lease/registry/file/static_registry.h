/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The static registry: network config and leases from a file instead of etcd, for benchmarks and
 * fixed clusters. It stands behind the registry interface, so the lease logic is the same: our own
 * lease is found by PublicIP and never expires, bad ones are refused alone, a changed file is
 * read again and only the differences reach the data path.
 *
 *   { "config": { "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } },
 *     "leases": { "10.5.1.0-24": { "PublicIP": "192.0.2.1", "BackendType": "vxlan",
 *                                  "BackendData": { "VtepMAC": "02:00:00:00:00:01" } } } }
 *
 * The file is only read. ovnet_registry_conf.endpoints is its path. Control thread.
 */
#ifndef OVNET_LEASE_REGISTRY_FILE_STATIC_REGISTRY_H
#define OVNET_LEASE_REGISTRY_FILE_STATIC_REGISTRY_H

#include "lease/registry/registry.h"

extern const struct ovnet_registry_ops ovnet_registry_static;

#endif
