/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/tree_conf.h"

#include "lease/registry/etcd/etcd.h"
#include "lease/registry/file/static_registry.h"

static const struct ovnet_registry_ops *etcd_v3_of(const struct conf *conf)
{
	static const struct ovnet_registry_ops *const v3[] = {
		[CONF_TRANSPORT_AUTO] = &ovnet_etcd_v3,
		[CONF_TRANSPORT_GRPC] = &ovnet_etcd_v3_grpc,
		[CONF_TRANSPORT_JSON] = &ovnet_etcd_v3_json,
	};

	return v3[conf->etcd.transport];
}

struct ovnet_registry_conf tree_registry_conf(const struct conf *conf)
{
	return (struct ovnet_registry_conf){.endpoints = conf->etcd.endpoints,
		.cafile = conf->etcd.cafile,
		.certfile = conf->etcd.certfile,
		.keyfile = conf->etcd.keyfile,
		.server_name = conf->etcd.server_name,
		.username = conf->etcd.username,
		.password = conf->etcd.password,
		.timeout_ms = conf->etcd.timeout * 1000};
}

void tree_conf(const struct conf *conf, struct ovnet_lease_conf *c)
{
	bool v2_first = conf->etcd.api == CONF_API_V2;

	*c = (struct ovnet_lease_conf){
		.registry = v2_first ? &ovnet_etcd_v2 : etcd_v3_of(conf),
		.other_registry = v2_first ? etcd_v3_of(conf) : &ovnet_etcd_v2,
		.may_switch = conf->etcd.api == CONF_API_AUTO,
		.registry_conf = tree_registry_conf(conf),
		.prefix = conf->etcd.prefix,
		.renew_margin_s = conf->node.subnet_lease_renew_margin * 60,
		.ttl_s = 86400,
		.snapshot = conf->registry.snapshot,
	};
	if (conf->registry.type == CONF_REGISTRY_STATIC) {
		c->registry = &ovnet_registry_static;
		c->other_registry = NULL;
		c->may_switch = false;
		c->registry_conf.endpoints = conf->registry.file;
		c->snapshot = NULL;
	}
}
