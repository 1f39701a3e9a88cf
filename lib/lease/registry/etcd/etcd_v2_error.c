/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v2.h"

#include <stdio.h>
#include <string.h>

static void say(struct v2_error *out, enum ovnet_registry_status status, const char *text)
{
	out->status = status;
	snprintf(out->text, sizeof(out->text), "%s", text);
}

void v2_error_dir(const char *key, struct v2_error *out)
{
	out->status = OVNET_REGISTRY_BROKEN;
	snprintf(out->text, sizeof(out->text),
		"%.120s is a directory in etcd and has to be a key with a value: remove it "
		"(ETCDCTL_API=2 etcdctl rmdir %.120s), then set it",
		key, key);
}

void v2_error_not_dir(const char *key, struct v2_error *out)
{
	out->status = OVNET_REGISTRY_BROKEN;
	snprintf(out->text, sizeof(out->text),
		"%.120s is a key in etcd and has to be a directory: remove it (ETCDCTL_API=2 "
		"etcdctl rm %.120s)",
		key, key);
}

static void error_of_code(
	int64_t code, const char *message, const char *cause, struct v2_error *out)
{
	switch (code) {
	case 100:
		out->status = OVNET_REGISTRY_NOT_FOUND;
		snprintf(out->text, sizeof(out->text), "there is no %.240s", cause);
		return;
	case 101:
	case 105:
		say(out, OVNET_REGISTRY_CONFLICT, "somebody else changed the key first");
		return;
	case 102:
		v2_error_dir(cause, out);
		return;
	case 104:
		v2_error_not_dir(cause, out);
		return;
	case 110:
		out->status = OVNET_REGISTRY_DENIED;
		snprintf(out->text, sizeof(out->text),
			"%.100s (etcd.username and etcd.password have to be those of a v2 user "
			"who may read and write the prefix)",
			cause);
		return;
	case 401:
		say(out, OVNET_REGISTRY_COMPACTED, "the index is out of etcd's history");
		return;
	default:
		/* 3xx: raft, 4xx: etcd itself; the others are about the request. */
		out->status = code >= 300 ? OVNET_REGISTRY_UNAVAILABLE : OVNET_REGISTRY_BROKEN;
		snprintf(out->text, sizeof(out->text), "error %lld: %.160s (%.160s)",
			(long long)code, message, cause);
	}
}

static void error_of_plain(long http_status, const char *body, struct v2_error *out)
{
	if (strstr(body, "HTTP request to an HTTPS server") != NULL)
		say(out, OVNET_REGISTRY_DENIED,
			"this port speaks TLS: write https:// in etcd.endpoints");
	else if (http_status == 401 || http_status == 403)
		error_of_code(110, "", "etcd wants another login", out);
	else if (http_status == 404)
		say(out, OVNET_REGISTRY_BROKEN,
			"no etcd v2 API there (etcd 3.4 and 3.5 need --enable-v2=true, 3.6 has "
			"none; or no etcd at all)");
	else
		snprintf(
			out->text, sizeof(out->text), "HTTP status %ld: %.240s", http_status, body);
}

void v2_error_of(long http_status, const char *body, size_t len, struct v2_error *out)
{
	json_t *root = v2_parse(body, len);
	const char *message = json_string_value(json_object_get(root, "message"));
	const char *cause = json_string_value(json_object_get(root, "cause"));
	int64_t code = v2_index(root, "errorCode");

	*out = (struct v2_error){
		.status = http_status >= 500 ? OVNET_REGISTRY_UNAVAILABLE : OVNET_REGISTRY_BROKEN,
		.index = v2_index(root, "index")};
	if (code > 0)
		error_of_code(
			code, message != NULL ? message : "", cause != NULL ? cause : "", out);
	else
		error_of_plain(http_status, message != NULL ? message : body, out);
	json_decref(root);
}
