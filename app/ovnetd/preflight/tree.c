/* SPDX-License-Identifier: BSD-3-Clause */
/* etcd, the network config, this node's lease: read by the lease logic's own code. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/flannel/allocate.h"
#include "lease/flannel/subnet_env.h"
#include "lease/lease_survey.h"
#include "preflight/checks.h"
#include "run/tree_conf.h"

/* One of several that does not answer is passed over, until it is needed. */
static void check_member(
	struct preflight *p, const struct ovnet_lease_conf *all, const char *endpoint)
{
	struct ovnet_lease_conf one = *all;
	struct lease_tree tree;

	one.registry_conf.endpoints = endpoint;
	if (lease_tree_read(&one, LEASE_TREE_CONFIG, &tree) < 0) {
		preflight_say(p, PREFLIGHT_WARN, "%s", tree.error);
		preflight_fix(p, "the others serve meanwhile: mend it, or take it out of "
				 "etcd.endpoints");
	}
	lease_tree_free(&tree);
}

static void check_members(struct preflight *p, const struct ovnet_lease_conf *c)
{
	char *list = must(strdup(c->registry_conf.endpoints)), *save = NULL;
	bool preset = strstr(list, "127.0.0.1:4001,http://127.0.0.1:2379") != NULL;

	/* Of flannel's default nobody has both. */
	if (strchr(list, ',') != NULL && !preset)
		for (char *one = strtok_r(list, ",", &save); one != NULL;
			one = strtok_r(NULL, ",", &save))
			check_member(p, c, one);
	free(list);
}

void check_etcd(struct preflight *p)
{
	struct ovnet_lease_conf c;

	tree_conf(p->conf, &c);
	if (lease_tree_read(&c, LEASE_TREE_KEYS, &p->tree) < 0) {
		preflight_say(p, PREFLIGHT_FAIL, "%s", p->tree.error);
		if (p->tree.denied)
			preflight_fix(p,
				"what it is shown is etcd.certfile, etcd.keyfile, "
				"etcd.username and etcd.password; etcd.cafile is who signed it");
		else
			preflight_fix(p, "etcd.endpoints is %s", c.registry_conf.endpoints);
		return;
	}
	preflight_say(p, PREFLIGHT_OK, "%s%s%s%s at %s, revision %lld",
		p->tree.version[0] != '\0' ? "etcd " : "", p->tree.version,
		p->tree.version[0] != '\0' ? ", " : "", p->tree.transport, p->tree.endpoint,
		(long long)p->tree.revision);
	if (p->conf->registry.type == CONF_REGISTRY_ETCD)
		check_members(p, &c);
}

static void say_config(struct preflight *p)
{
	const struct ovnet_netconf *c = &p->tree.netconf;
	char net[OVNET_PREFIX_STRLEN];

	p->has_netconf = true;
	preflight_say(p, PREFLIGHT_OK, "Network %s, backend %s",
		ovnet_prefix4_text(&c->network, net, sizeof(net)), c->type);
	if (c->backend == OVNET_BACKEND_NONE) {
		p->lines[p->n - 1].level = PREFLIGHT_FAIL;
		preflight_fix(p, "ovnetd serves vxlan, udp and host-gw");
	} else if (!c->enable_ipv4) {
		p->lines[p->n - 1].level = PREFLIGHT_FAIL;
		preflight_fix(p,
			"EnableIPv4 is false: with etcd nodes are told apart by their IPv4 "
			"address; enable it");
	}
	if (p->node.public_ip.family != 0 && ovnet_netconf_leasable(c, &p->node.public_ip)) {
		preflight_say(p, PREFLIGHT_FAIL, "this node's own address is inside the overlay");
		preflight_fix(p, "leave the nodes' addresses out of SubnetMin to SubnetMax of the "
				 "network config");
	}
}

static void say_cure(struct preflight *p)
{
	const struct lease_tree *t = &p->tree;

	if (t->api[0] != 'v')
		preflight_fix(p, "see registry.file in ovnet.conf(5)");
	else
		preflight_fix(p,
			"ETCDCTL_API=%s etcdctl --endpoints=%s %s %s '{\"Network\":\"10.5.0.0/16\","
			"\"Backend\":{\"Type\":\"vxlan\"}}', with your network's values",
			t->api + 1, t->endpoint, strcmp(t->api, "v2") == 0 ? "set" : "put",
			t->config_key);
}

void check_config(struct preflight *p)
{
	const struct lease_tree *t = &p->tree;

	if (t->error == NULL || t->error[0] != '\0') {
		preflight_say(p, PREFLIGHT_FAIL, "not known: etcd cannot be read");
		preflight_fix(p, "see etcd");
		return;
	}
	if (t->config_error[0] == '\0') {
		say_config(p);
	} else {
		preflight_say(
			p, PREFLIGHT_FAIL, "%s key %s: %s", t->api, t->config_key, t->config_error);
		say_cure(p);
	}
	if (t->also != NULL) {
		preflight_say(p, PREFLIGHT_WARN,
			"etcd's %s API has a network config under this "
			"prefix, too; nodes of the one do not see those "
			"of the other",
			t->also);
		preflight_fix(p,
			"set etcd.api to the one that is meant, on all nodes, and delete the "
			"other's; `ovnetctl check-tree --etcd-api=%s` shows who is there",
			t->also);
	}
}

static void judge_free(struct preflight *p, const struct lease_survey *s)
{
	const struct ovnet_netconf *c = &p->tree.netconf;
	uint64_t size = 1ull << (32 - c->subnet_len);
	uint64_t all = c->subnet_max < c->subnet_min
			       ? 0
			       : ((uint64_t)c->subnet_max - c->subnet_min) / size + 1;

	if (s->n >= all) {
		preflight_say(p, PREFLIGHT_FAIL,
			"none, and there are %llu subnets of /%u and %zu leases: none may be free",
			(unsigned long long)all, c->subnet_len, s->n);
		preflight_fix(
			p, "look for leftovers with `ovnetctl check-tree`, or widen the network");
		return;
	}
	preflight_say(p, PREFLIGHT_OK,
		"none yet: one of %llu subnets, %zu of them taken, will be "
		"claimed",
		(unsigned long long)all, s->n);
}

static void judge_own(
	struct preflight *p, const struct lease_survey *s, const struct lease_listing *l)
{
	struct ovnet_lease other;
	char key[OVNET_LEASE_KEY_MAX], ip[OVNET_ADDR_STRLEN];

	p->has_own = true;
	p->own = s->mine.lease;
	ovnet_lease_key_text(&p->own, key, sizeof(key));
	preflight_say(p, PREFLIGHT_OK, "%s%s", key,
		s->mine.kv.ttl_handle == 0 && p->tree.api[0] == 'v' ? ", a reservation" : "");
	if (lease_survey_older(s, l, &other)) {
		p->lines[p->n - 1].level = PREFLIGHT_FAIL;
		preflight_fix(p,
			"an older lease, of %s, has addresses of it: ovnetd will give it back "
			"and claim another subnet; containers need new addresses",
			ovnet_addr_text(&other.public_ip, ip, sizeof(ip)));
	} else if (s->n_ours > 1) {
		p->lines[p->n - 1].level = PREFLIGHT_WARN;
		preflight_fix(p,
			"%u keys have this node's PublicIP: leftovers, or two nodes with one "
			"address; `ovnetctl check-tree`",
			s->n_ours);
	}
}

/* As the daemon looks for it when it starts. */
static void survey(struct preflight *p)
{
	struct ovnet_registry_kv *kvs = must(calloc(p->tree.n + 1, sizeof(*kvs)));
	struct lease_listing *listing = lease_listing_new();
	struct ovnet_prefix4 previous = {0};
	struct ovnet_prefix6 previous6;
	size_t n = 0;

	(void)ovnet_subnet_env_read(p->conf->node.subnet_file, &previous, &previous6);
	for (size_t i = 0; i < p->tree.n; i++) {
		const struct lease_tree_key *k = &p->tree.keys[i];
		if (k->name == NULL)
			continue;
		kvs[n++] = (struct ovnet_registry_kv){.key = k->name,
			.value = k->value,
			.value_len = k->value_len,
			.create_revision = k->created,
			.ttl_handle = k->ttl_handle};
	}
	struct lease_survey *s =
		lease_survey_new(&p->tree.netconf, &p->node.public_ip, &previous, 0);
	lease_survey_add(s, kvs, n);
	lease_listing_add(listing, kvs, n, 0);
	if (s->mine.kv.key != NULL)
		judge_own(p, s, listing);
	else if (s->unfit.kv.key != NULL) {
		preflight_say(p, PREFLIGHT_WARN,
			"%s does not fit the network config: it will be given back, another "
			"claimed",
			s->unfit.kv.key);
		preflight_fix(
			p, "containers will need new addresses: restart docker behind ovnetd");
	} else
		judge_free(p, s);
	lease_survey_free(s);
	lease_listing_free(listing);
	free(kvs);
}

void check_lease(struct preflight *p)
{
	if (!p->has_netconf)
		preflight_say(p, PREFLIGHT_OK, "not known without a network config");
	else if (p->node.public_ip.family == 0)
		preflight_say(p, PREFLIGHT_OK, "not known without this node's address");
	else
		survey(p);
}
