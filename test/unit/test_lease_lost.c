/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

#define THEIRS "{\"PublicIP\":\"10.168.0.66\"}"

static char key[192];

static struct node *start_node(enum ovnet_lease_on_lost on_lost)
{
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.on_lost = on_lost;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	return n;
}

static void value_is(const char *wanted)
{
	char value[512];

	live_get(&etcd, key, value, sizeof(value));
	assert_string_equal(value, wanted);
}

static void kept_until_it_is_free(void **state)
{
	(void)state;
	char ours[512];
	struct node *n = start_node(OVNET_LEASE_KEEP);

	live_get(&etcd, key, ours, sizeof(ours));
	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->lost == 1, 3000);
	assert_int_equal(ntohl(n->owner.public_ip.v4_be), 0x0aa80042);
	assert_non_null(strstr(status(n).error, "10.168.0.66"));
	/* The new owner is no peer as long as we go on; that it is there is told. */
	run_ms(300);
	assert_int_equal(n->n_peers, 0);
	assert_int_equal(status(n).invalid, 1);
	assert_int_equal(n->acquired, 1);

	/* Another one, then broken bytes: still not ours to write. */
	assert_true(live_put(&etcd, key, "{\"PublicIP\":\"10.168.0.67\"}"));
	wait_for(n->lost == 2, 3000);
	assert_true(live_put(&etcd, key, "broken"));
	run_ms(1000);
	value_is("broken");
	assert_int_equal(n->acquired, 1);

	assert_true(live_del(&etcd, key));
	wait_for(n->acquired == 2, 6000);
	value_is(ours);
	assert_int_equal(status(n).invalid, 0);
	assert_string_equal(status(n).error, "");
	assert_true(status(n).expires_at - time(NULL) > 86000);
}

static void kept_from_an_owner_of_another_length(void **state)
{
	(void)state;
	char half[192], text[600], hex[32], *id;
	struct node *n = start_node(OVNET_LEASE_KEEP);

	snprintf(half, sizeof(half), "%.*s-25", (int)strlen(key) - 3, key);
	assert_true(live_put(&etcd, half, THEIRS));
	wait_for(status(n).invalid == 1, 2000);
	assert_int_equal(n->lost, 0);
	live_ctl(&etcd, text, sizeof(text), (char *)"get", key, (char *)"-w", (char *)"fields");
	id = strstr(text, "\"Lease\" : ");
	assert_non_null(id);
	snprintf(hex, sizeof(hex), "%llx", strtoull(id + 10, NULL, 10));
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"lease", (char *)"revoke", hex), 0);
	wait_for(n->lost == 1, 3000);
	run_ms(500);
	value_is("");
	assert_true(live_del(&etcd, half));
	wait_for(n->acquired == 2, 8000);
	assert_int_equal(status(n).invalid, 0);
}

/* A lease that was first, but of nobody until now. */
static void yields_what_it_claimed_again(void **state)
{
	(void)state;
	char half[192];
	struct node *n = start_node(OVNET_LEASE_KEEP);

	snprintf(half, sizeof(half), "%.*s-25", (int)strlen(key) - 3, key);
	assert_true(live_put(&etcd, half, "broken"));
	assert_true(live_del(&etcd, key));
	wait_for(live_has_ttl(&etcd, key), 3000);
	run_ms(300);
	assert_int_equal(n->lost, 0);
	assert_true(live_put(&etcd, half, THEIRS));
	wait_for(n->lost == 1, 3000);
	run_ms(300);
	value_is("");
	assert_true(live_del(&etcd, half));
	wait_for(n->acquired == 2, 8000);
}

#define DUAL                                                                \
	"{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":" \
	"\"fd05::/48\",\"Backend\":{\"Type\":\"host-gw\"}}"
#define HOST_GW   "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}"
#define LEASE(ip) "{\"PublicIP\":\"" ip "\",\"BackendType\":\"host-gw\"}"
#define OURS      LEASE("10.168.0.1")
#define OTHERS    LEASE("10.168.0.66")

static struct node *start_between(const char *config, const char *first, const char *first_value,
	const char *then, const char *then_value)
{
	struct ovnet_lease_conf conf = conf_of(0);
	char name[2][100];

	assert_true(live_put(&etcd, at("config"), config));
	snprintf(name[0], sizeof(name[0]), "subnets/%s", first);
	snprintf(name[1], sizeof(name[1]), "subnets/%s", then);
	assert_true(live_put(&etcd, at(name[0]), first_value));
	assert_true(live_put(&etcd, at(name[1]), then_value));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 8000);
	return n;
}

static void name_is(const struct node *n, const char *wanted)
{
	char name[OVNET_LEASE_KEY_MAX];

	assert_string_equal(ovnet_lease_key_text(&n->own, name, sizeof(name)), wanted);
}

/* Two owners from an earlier life: the younger goes, whichever half it is. */
static void restart_ends_a_collision(const char *config, const char *theirs, const char *ours)
{
	struct node *n = start_between(config, theirs, OTHERS, ours, OURS);
	struct ovnet_lease one, other;
	char rest[100], value[256];

	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->n_peers, 1);
	assert_false(ovnet_lease_client_clash(n->client, &one, &other));
	snprintf(rest, sizeof(rest), "subnets/%s", ours);
	live_get(&etcd, at(rest), value, sizeof(value));
	assert_string_equal(value, "");
	snprintf(rest, sizeof(rest), "subnets/%s", theirs);
	live_get(&etcd, at(rest), value, sizeof(value));
	assert_string_equal(value, OTHERS);
}

static void restart_ends_a_collision4(void **state)
{
	(void)state;
	restart_ends_a_collision(
		DUAL, "10.5.3.0-24&fd05:0:0:7::-64", "10.5.3.0-24&fd05:0:0:3::-64");
}

static void restart_ends_a_collision6(void **state)
{
	(void)state;
	restart_ends_a_collision(
		DUAL, "10.5.7.0-24&fd05:0:0:3::-64", "10.5.3.0-24&fd05:0:0:3::-64");
}

static void restart_ends_a_collision_of_kinds(void **state)
{
	(void)state;
	restart_ends_a_collision(HOST_GW, "10.5.3.0-24&fd05:0:0:7::-64", "10.5.3.0-24");
}

/* Who was first stays, and both are named: the other may be a flanneld, which stays as well. */
static void the_older_stays(void **state)
{
	(void)state;
	struct node *n = start_between(
		DUAL, "10.5.3.0-24&fd05:0:0:3::-64", OURS, "10.5.3.0-24&fd05:0:0:7::-64", OTHERS);
	struct ovnet_lease one, other;

	name_is(n, "10.5.3.0-24&fd05:0:0:3::-64");
	assert_int_equal(n->n_peers, 0);
	assert_true(ovnet_lease_client_clash(n->client, &one, &other));
	assert_int_equal(ntohl(one.public_ip.v4_be), 0x0aa80001);
	assert_int_equal(ntohl(other.public_ip.v4_be), 0x0aa80042);
	assert_int_equal(other.subnet6.addr[7], 7);
	/* Two others, likewise. */
	assert_true(live_del(&etcd, at("subnets/10.5.3.0-24&fd05:0:0:7::-64")));
	wait_for(!ovnet_lease_client_clash(n->client, &one, &other), 4000);
	assert_true(live_put(&etcd, at("subnets/10.5.4.0-24&fd05:0:0:4::-64"), OTHERS));
	assert_true(
		live_put(&etcd, at("subnets/10.5.5.0-24&fd05:0:0:4::-64"), LEASE("10.168.0.67")));
	wait_for(ovnet_lease_client_clash(n->client, &one, &other), 4000);
	assert_int_equal(ntohl(one.public_ip.v4_be), 0x0aa80042);
	assert_int_equal(ntohl(other.public_ip.v4_be), 0x0aa80043);
}

/* Between a node and the transport: answers that come when the case says so, or not at all. */
static struct {
	struct ovnet_registry_ops ops;
	bool hold, refuse_lists;
	ovnet_registry_cb cb; /* of the one held */
	void *arg;
	struct ovnet_registry_result result;
	struct ovnet_registry_kv kv; /* no texts */
} slow;

static void on_answer(void *arg, const struct ovnet_registry_result *r)
{
	(void)arg;
	slow.result = *r;
	slow.result.text = "";
	if (r->n_kvs > 0) {
		slow.kv = r->kvs[0];
		slow.kv.key = slow.kv.value = NULL;
		slow.result.kvs = &slow.kv;
	}
	if (!slow.hold)
		slow.cb(slow.arg, &slow.result);
}

static void slow_create(struct ovnet_registry *e, const char *name, const char *value,
	uint32_t ttl_s, ovnet_registry_cb cb, void *arg)
{
	slow.result = (struct ovnet_registry_result){.status = OVNET_REGISTRY_BROKEN};
	slow.cb = cb;
	slow.arg = arg;
	over->create(e, name, value, ttl_s, on_answer, NULL);
}

static void slow_list(struct ovnet_registry *e, const char *from, ovnet_registry_cb cb, void *arg)
{
	if (slow.refuse_lists && slow.result.status == OVNET_REGISTRY_OK)
		cb(arg, &(struct ovnet_registry_result){
				.status = OVNET_REGISTRY_UNAVAILABLE, .text = "refused"});
	else
		over->list(e, from, cb, arg);
}

static struct ovnet_lease_conf slow_conf(void)
{
	struct ovnet_lease_conf conf = conf_of(0);

	memset(&slow, 0, sizeof(slow));
	slow.result.status = OVNET_REGISTRY_BROKEN;
	slow.ops = *over;
	slow.ops.create = slow_create;
	slow.ops.list = slow_list;
	conf.registry = &slow.ops;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	return conf;
}

/* The watch may tell of our write, and of whoever was first, before its answer comes. */
static void yields_although_the_answer_comes_last(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = slow_conf();
	char half[192];
	struct node *n = start_with(0, &conf);

	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	snprintf(half, sizeof(half), "%.*s-25", (int)strlen(key) - 3, key);
	assert_true(live_put(&etcd, half, "broken"));
	run_ms(100);
	slow.result.status = OVNET_REGISTRY_BROKEN;
	slow.hold = true;
	assert_true(live_del(&etcd, key));
	wait_for(slow.result.status == OVNET_REGISTRY_OK, 3000);
	assert_true(live_put(&etcd, half, THEIRS));
	run_ms(300);
	assert_int_equal(n->lost, 0);
	slow.hold = false;
	slow.cb(slow.arg, &slow.result);
	/* Sooner than it writes anything again. */
	wait_for(n->lost == 1, 1800);
	value_is("");
}

static long ttl_left(const char *name)
{
	char text[600], hex[32], *at;

	live_ctl(&etcd, text, sizeof(text), (char *)"get", (char *)(uintptr_t)name, (char *)"-w",
		(char *)"fields");
	at = strstr(text, "\"Lease\" : ");
	assert_non_null(at);
	snprintf(hex, sizeof(hex), "%llx", strtoull(at + 10, NULL, 10));
	live_ctl(&etcd, text, sizeof(text), (char *)"lease", (char *)"timetolive", hex);
	at = strstr(text, "remaining(");
	assert_non_null(at);
	return strtol(at + 10, NULL, 10);
}

/* From the claim to the look at it an outage may pass, and the TTL goes on. */
static void claim_that_waited(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = slow_conf();

	conf.ttl_s = 600;
	slow.refuse_lists = true;
	struct node *n = start_with(0, &conf);
	wait_for(slow.result.status == OVNET_REGISTRY_OK, 5000);
	run_ms(3500);
	assert_int_equal(n->acquired, 0);
	slow.refuse_lists = false;
	wait_for(ready(n), 12000);
	assert_in_range(ttl_left(key_of(n)) - (status(n).expires_at - time(NULL)) + 1, 0, 2);
}

/* What does not fit goes, as with flanneld; of what does, the newest is ours. */
static void leftovers_of_ours(void **state)
{
	(void)state;
	struct node *n;
	char value[256];

	assert_true(live_put(&etcd, at("subnets/10.5.9.0-25"), OURS));
	n = start_between(HOST_GW, "10.5.5.0-24", OURS, "10.5.3.0-24", OURS);
	name_is(n, "10.5.3.0-24");
	live_get(&etcd, at("subnets/10.5.9.0-25"), value, sizeof(value));
	assert_string_equal(value, "");
	live_get(&etcd, at("subnets/10.5.5.0-24"), value, sizeof(value));
	assert_string_equal(value, OURS);
	stop(n);
	/* But containers here have the addresses of subnet.env. */
	struct ovnet_lease_conf conf = conf_of(0);
	conf.previous = (struct ovnet_prefix4){0x0a050500, 24};
	n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	name_is(n, "10.5.5.0-24");
}

/* Nothing of ours in the tree: the subnets of subnet.env are claimed again, each that is free. */
static void former_halves(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), DUAL));
	conf.previous = (struct ovnet_prefix4){0x0a054d00, 24};
	assert_int_equal(ovnet_prefix6_parse("fd05:0:0:99::/64", &conf.previous6), 0);
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	name_is(n, "10.5.77.0-24&fd05:0:0:99::-64");
	conf.public_ip = ovnet_addr_v4(0x0aa80002);
	conf.previous = (struct ovnet_prefix4){0x0a054e00, 24};
	n = start_with(1, &conf);
	wait_for(ready(n), 5000);
	name_is(n, "10.5.78.0-24&fd05:0:0:4e::-64");
}

/* Our key ran out meanwhile, and another node has a half of it. */
static void half_is_anothers_after_an_outage(void **state)
{
	(void)state;
	struct live_etcd aside;
	struct ovnet_lease_conf conf = conf_of(0);
	char half[192], value[256];

	live_start(&second);
	conf.registry_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), DUAL));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_del(&aside, key));
	snprintf(half, sizeof(half), "%.*s&fd05:0:0:ff::-64", (int)strcspn(key, "&"), key);
	assert_true(live_put(&aside, half, OTHERS));
	live_kill(&aside);
	live_start(&second);
	wait_for(n->lost == 1, 9000);
	run_ms(500);
	live_get(&second, key, value, sizeof(value));
	assert_string_equal(value, "");
	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->n_peers, 0);
}

/* Across an outage: nobody sees the key change hands. */
static void kept_after_an_outage(void **state)
{
	(void)state;
	struct live_etcd aside;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	conf.registry_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_put(&aside, key, THEIRS));
	live_kill(&aside);
	live_start(&second);
	wait_for(n->lost == 1, 9000);
	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->n_peers, 0);
}

static void drained_to_another_subnet(void **state)
{
	(void)state;
	struct node *n = start_node(OVNET_LEASE_DRAIN);
	struct ovnet_lease before = n->own;

	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->acquired == 2 && n->n_peers == 1, 5000);
	assert_int_equal(n->lost, 1);
	assert_int_equal(status(n).invalid, 0);
	assert_false(ovnet_prefix4_equal(&n->own.subnet, &before.subnet));
	assert_true(ovnet_prefix4_equal(&n->peers[0].subnet, &before.subnet));
	assert_int_equal(status(n).state, OVNET_LEASE_RUNNING);
	value_is(THEIRS);
}

/* No other subnet is left: the new owner is a peer all the same, and we wait. */
static void drained_in_a_full_network(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.7.0.0/24\",\"SubnetLen\":26,\"SubnetMin\":\"10.7.0.64\","
		"\"SubnetMax\":\"10.7.0.64\",\"Backend\":{\"Type\":\"host-gw\"}}"));
	conf.on_lost = OVNET_LEASE_DRAIN;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->lost == 1 && n->n_peers == 1, 3000);
	run_ms(500);
	assert_int_equal(n->acquired, 1);
	assert_true(live_del(&etcd, key));
	wait_for(n->acquired == 2 && n->n_peers == 0, 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(kept_until_it_is_free),
		live(kept_from_an_owner_of_another_length),
		live(yields_what_it_claimed_again),
		on_all(restart_ends_a_collision4),
		on_all(restart_ends_a_collision6),
		live(restart_ends_a_collision_of_kinds),
		on_v2(restart_ends_a_collision_of_kinds),
		live(the_older_stays),
		live(yields_although_the_answer_comes_last),
		live(claim_that_waited),
		live(leftovers_of_ours),
		live(former_halves),
		live(half_is_anothers_after_an_outage),
		live(kept_after_an_outage),
		live(drained_to_another_subnet),
		live(drained_in_a_full_network),
	};
	return cmocka_run_group_tests_name("lease_lost", tests, start_all, stop_all);
}
