/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <stdio.h>
#include <string.h>

#define GATEWAY_BROKEN                                                                       \
	"etcd's JSON gateway does not reach etcd, as with a server certificate that has no " \
	"client usage: set etcd.transport to \"grpc\""

/* What etcd says with a general code but an operator can mend; and gRPC's codes otherwise. */
static const struct {
	const char *part; /* of etcd's message */
	enum ovnet_registry_status status;
	bool token;
	const char *cure;
} known[] = {
	{"invalid auth token", OVNET_REGISTRY_DENIED, true, "the login ran out"},
	{"revision of auth store is old", OVNET_REGISTRY_DENIED, true, "the login ran out"},
	{"user name is empty", OVNET_REGISTRY_DENIED, true,
		"etcd wants a login: set etcd.username and etcd.password"},
	{"authentication failed", OVNET_REGISTRY_DENIED, false,
		"check etcd.username and etcd.password"},
	{"CommonName of client", OVNET_REGISTRY_DENIED, false,
		"with authentication on, etcd's JSON gateway takes no certificate that has a CN: "
		"use one without, or set etcd.transport to \"grpc\""},
	/* By etcd 3.4 (two) and 3.5. */
	{"connection closed", OVNET_REGISTRY_UNAVAILABLE, false, GATEWAY_BROKEN},
	{"SubConns are in TransientFailure", OVNET_REGISTRY_UNAVAILABLE, false, GATEWAY_BROKEN},
	{"connection error: desc", OVNET_REGISTRY_UNAVAILABLE, false, GATEWAY_BROKEN},
	{"permission denied", OVNET_REGISTRY_DENIED, false,
		"the user needs read and write on the prefix: etcdctl role grant-permission"},
	{"database space exceeded", OVNET_REGISTRY_UNAVAILABLE, false,
		"etcd's quota is full: compact, defragment, then etcdctl alarm disarm"},
	{"no leader", OVNET_REGISTRY_UNAVAILABLE, false, "the etcd cluster has lost its quorum"},
	{"lease already exists", OVNET_REGISTRY_CONFLICT, false, "its answer was lost"},
	{"has been compacted", OVNET_REGISTRY_COMPACTED, false, "listing again"},
	{"HTTP request to an HTTPS server", OVNET_REGISTRY_DENIED, false,
		"this port speaks TLS: write https:// in etcd.endpoints"},
};

static enum ovnet_registry_status status_of(int64_t code)
{
	switch (code) {
	case 5:
		return OVNET_REGISTRY_NOT_FOUND;
	case 7:
	case 16:
		return OVNET_REGISTRY_DENIED;
	case 11:
		return OVNET_REGISTRY_COMPACTED;
	case 3:
	case 9:
	case 12:
		return OVNET_REGISTRY_BROKEN;
	default:
		return OVNET_REGISTRY_UNAVAILABLE;
	}
}

void v3_error_of_code(int64_t code, const char *message, struct v3_error *out)
{
	*out = (struct v3_error){.status = status_of(code), .token = code == 16};
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strstr(message, known[i].part) == NULL)
			continue;
		out->status = known[i].status;
		out->token = known[i].token;
		snprintf(out->text, sizeof(out->text), "%.120s (%s)", message, known[i].cure);
		return;
	}
	snprintf(out->text, sizeof(out->text), "%.240s", message);
}

void v3_error_of_cancel(int64_t compacted, const char *reason, struct v3_error *out)
{
	if (compacted > 0)
		v3_error_of_code(11, "the revision has been compacted", out);
	else
		v3_error_of_code(14, reason != NULL ? reason : "etcd canceled it", out);
}
