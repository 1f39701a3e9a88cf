/* SPDX-License-Identifier: BSD-3-Clause */
/* Which etcd it is that answers: GET /version, which every version has. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/registry/etcd/etcd_client.h"

#define VERSION_MAX 4096

static void on_version(void *arg, const struct http_result *r)
{
	static const char key[] = "etcdserver";
	json_t *root = r->outcome == HTTP_ANSWERED ? json_loadb(r->body, r->len, 0, NULL) : NULL;
	const char *version = json_string_value(json_object_get(root, key));
	struct ovnet_registry_kv kv = {.key = key, .value = version};
	struct ovnet_registry_result res = {
		.status = OVNET_REGISTRY_UNAVAILABLE, .text = "it does not say its version"};

	if (version != NULL) {
		kv.value_len = strlen(version);
		res = (struct ovnet_registry_result){
			.status = OVNET_REGISTRY_OK, .text = "", .kvs = &kv, .n_kvs = 1};
	}
	etcd_op_finish(arg, &res);
	json_decref(root);
}

void etcd_client_about(struct etcd_client *c, ovnet_registry_cb cb, void *arg)
{
	static const char *const headers[] = {NULL};
	struct etcd_op *op = etcd_op_new(sizeof(*op), c, "", NULL, cb, arg);
	char *url = must_printf("%s/version", etcd_client_endpoint(c));

	http_client_post(c->http, &(struct http_request){.method = "GET",
					  .url = url,
					  .headers = headers,
					  .timeout_ms = c->timeout_ms,
					  .max_bytes = VERSION_MAX,
					  .done = on_version,
					  .arg = op});
	free(url);
}
