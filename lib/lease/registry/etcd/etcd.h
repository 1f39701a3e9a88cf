/* SPDX-License-Identifier: BSD-3-Clause */
/* etcd as a registry, by each of its APIs. Their keys are two worlds. Control thread. */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_H

#include "lease/registry/registry.h"

/* v3 by gRPC, by etcd's JSON gateway, or by the first of the two that there is. */
extern const struct ovnet_registry_ops ovnet_etcd_v3_grpc, ovnet_etcd_v3_json, ovnet_etcd_v3;
extern const struct ovnet_registry_ops ovnet_etcd_v2;

#endif
