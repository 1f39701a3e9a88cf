/* SPDX-License-Identifier: BSD-3-Clause */
/* However many keys a listing has: they reach the table oldest first, in more than one turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/lease_listing.h"

#define KEYS_MAX 20000
#define PAGE     700

static int64_t revisions[KEYS_MAX]; /* by subnet number */
static struct {
	unsigned sets, turns, done;
	int64_t last;
} seen;

static void on_set(void *arg, const struct ovnet_lease *lease)
{
	int64_t revision = revisions[lease->subnet.addr_host >> 8 & 0xffff];

	(void)arg;
	assert_true(revision > seen.last);
	seen.last = revision;
	seen.sets++;
}

static void on_del(void *arg, const struct ovnet_lease *lease)
{
	(void)arg, (void)lease;
	fail();
}

static void on_done(void *arg)
{
	(void)arg;
	seen.done++;
}

static void shuffle(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		revisions[i] = i + 1;
	for (unsigned i = n; i > 1; i--) {
		unsigned k = (unsigned)rand() % i;
		int64_t other = revisions[k];
		revisions[k] = revisions[i - 1];
		revisions[i - 1] = other;
	}
}

static void add_page(struct lease_listing *l, unsigned from, unsigned to)
{
	static struct ovnet_registry_kv kvs[PAGE];
	static char keys[PAGE][48], values[PAGE][48];

	for (unsigned i = from; i < to; i++) {
		unsigned k = i - from;
		snprintf(keys[k], sizeof(keys[k]), "/x/10.%u.%u.0-24", i >> 8, i & 255);
		snprintf(values[k], sizeof(values[k]), "{\"PublicIP\":\"172.16.%u.%u\"}", i >> 8,
			i & 255);
		kvs[k] = (struct ovnet_registry_kv){.key = keys[k],
			.value = values[k],
			.value_len = strlen(values[k]),
			.create_revision = revisions[i]};
	}
	lease_listing_add(l, kvs, to - from, strlen("/x/"));
}

static void oldest_first(void **state)
{
	static const unsigned sizes[] = {0, 1, 2, 1023, 1024, 1025, 2048, 2049, 5000, KEYS_MAX};
	static const char conf[] = "{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":24}";
	struct event_base *base = event_base_new();
	struct ovnet_netconf netconf;
	char err[200];

	(void)state;
	srand(1);
	assert_int_equal(
		ovnet_netconf_parse(conf, sizeof(conf) - 1, &netconf, err, sizeof(err)), 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct lease_table *t = lease_table_new(
			&(struct lease_table_conf){.public_ip = ovnet_addr_v4(0xc0a80001),
				.peer_set = on_set,
				.peer_del = on_del});
		struct lease_listing *l = lease_listing_new();

		lease_table_set_netconf(t, &netconf);
		shuffle(sizes[i]);
		memset(&seen, 0, sizeof(seen));
		for (unsigned k = 0; k < sizes[i]; k += PAGE)
			add_page(l, k, k + PAGE < sizes[i] ? k + PAGE : sizes[i]);
		lease_listing_apply(l, base, t, NULL, on_done, NULL);
		assert_int_equal(seen.sets, 0);
		while (seen.done == 0) {
			event_base_loop(base, EVLOOP_ONCE);
			seen.turns++;
		}
		assert_int_equal(seen.sets, sizes[i]);
		assert_true(seen.turns > sizes[i] / 4000);
		lease_listing_free(l);
		assert_int_equal(lease_table_peers(t), sizes[i]);
		memset(&seen, 0, sizeof(seen));
		lease_table_free(t);
	}
	event_base_free(base);
}

/* Nobody's lease is that long; it is refused for that, and not kept. */
static void long_values_are_cut(void **state)
{
	static char value[OVNET_LEASE_VALUE_MAX * 3];
	struct lease_listing *l = lease_listing_new();
	const struct ovnet_registry_kv *found;

	(void)state;
	memset(value, ' ', sizeof(value));
	for (size_t extra = 0; extra < 3; extra++) {
		struct ovnet_registry_kv kv = {.key = "10.5.1.0-24",
			.value = value,
			.value_len = OVNET_LEASE_VALUE_MAX + extra * extra};
		lease_listing_free(l);
		l = lease_listing_new();
		lease_listing_add(l, &kv, 1, 0);
		found = lease_listing_find(l, "10.5.1.0-24");
		assert_non_null(found);
		assert_int_equal(found->value_len, OVNET_LEASE_VALUE_MAX + (extra > 0));
		assert_int_equal(strlen(found->value), found->value_len);
	}
	lease_listing_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_first),
		cmocka_unit_test(long_values_are_cut),
	};
	return cmocka_run_group_tests_name("lease_listing", tests, NULL, NULL);
}
