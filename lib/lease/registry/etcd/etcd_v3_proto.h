/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and replies as etcd's protobuf messages, without gRPC's frame. Pure; any thread. */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_V3_PROTO_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_V3_PROTO_H

#include "lease/registry/etcd/etcd_v3.h"

#define V3_PROTO_PAGE 2048 /* keys, as struct v3_wire has it */

/* Leaves `before` bytes in front of the message. */
struct v3_bytes v3_proto_encode(const struct v3_request *r, size_t before);
struct v3_bytes v3_proto_probe(size_t before);
/* -EINVAL: no such message. */
int v3_proto_decode(enum v3_method method, const void *bytes, size_t len, struct v3_reply *out);
int v3_proto_decode_watch(const void *bytes, size_t len, struct v3_watch_reply *out);

#endif
