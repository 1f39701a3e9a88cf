/* SPDX-License-Identifier: BSD-3-Clause */
/* Listings of more keys than a page holds, and floods of events, over all transports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

#define KEYS    5000 /* a few pages of either wire */
#define PER_TXN 100
#define BIG     900000 /* bytes of a value: two of them are no page */
#define UNNAMED 2047   /* the last one of a page over either wire has a NUL in its name */

struct listing {
	unsigned pages, keys, over, big;
	enum ovnet_registry_status status;
	int64_t revision;
	char last[192];
	bool seen[KEYS];
	void (*after_first)(void);
};

/* One by one, as v2 knows no transactions. */
static void fill_v2(void)
{
	FILE *list = popen("curl -s -Z --parallel-max 20 -K - >/dev/null 2>&1", "w");

	assert_non_null(list);
	for (unsigned k = 0; k < KEYS; k++)
		assert_true(
			fprintf(list,
				"%surl=\"%s/v2/keys%s%05u%s\"\nrequest=PUT\ndata=value=value-%u\n",
				k > 0 ? "next\n" : "", etcd.url, at("many/"), k,
				k == UNNAMED ? "%00" : "", k) > 0);
	assert_int_equal(pclose(list), 0);
}

static void fill(void)
{
	char cmd[160];

	if (live_v2()) {
		fill_v2();
		return;
	}

	snprintf(cmd, sizeof(cmd), "ETCDCTL_API=3 etcdctl --endpoints=%s txn >/dev/null", etcd.url);
	for (unsigned i = 0; i < KEYS; i += PER_TXN) {
		FILE *txn = popen(cmd, "w");
		assert_non_null(txn);
		assert_int_not_equal(fputs("\n", txn), EOF);
		for (unsigned k = i; k < i + PER_TXN; k++)
			assert_true(fprintf(txn, "put \"%s%05u%s\" value-%u\n", at("many/"), k,
					    k == UNNAMED ? "\\x00" : "", k) > 0);
		assert_int_not_equal(fputs("\n\n", txn), EOF);
		assert_int_equal(pclose(txn), 0);
	}
}

static void on_page(void *arg, const struct ovnet_registry_result *r)
{
	struct listing *l = arg;

	assert_int_equal(l->over, 0);
	l->status = r->status;
	l->over = !r->more;
	if (r->status != OVNET_REGISTRY_OK)
		return;
	if (l->pages++ == 0)
		l->revision = r->revision;
	assert_int_equal(r->revision, l->revision);
	for (size_t i = 0; i < r->n_kvs; i++) {
		char value[32];
		if (r->kvs[i].value_len == BIG) {
			l->big++;
			continue;
		}
		assert_true(live_v2() || strcmp(r->kvs[i].key, l->last) > 0);
		snprintf(l->last, sizeof(l->last), "%s", r->kvs[i].key);
		unsigned long k = strtoul(strrchr(l->last, '/') + 1, NULL, 10);
		snprintf(value, sizeof(value), "value-%lu", k);
		assert_string_equal(r->kvs[i].value, value);
		assert_true(k < KEYS && !l->seen[k]);
		l->seen[k] = true;
	}
	l->keys += (unsigned)r->n_kvs;
	if (l->pages == 1 && l->after_first != NULL)
		l->after_first();
}

static struct listing list(const char *name, void (*after_first)(void))
{
	struct ovnet_registry_conf conf = {.endpoints = etcd.url, .timeout_ms = 5000};
	struct ovnet_registry *e = over->open(base, &conf);
	struct listing l = {.after_first = after_first};

	assert_non_null(e);
	over->list(e, at(name), on_page, &l);
	wait_for(l.over == 1, 8000);
	over->close(e);
	return l;
}

static void change_what_is_to_come(void)
{
	assert_true(live_put(&etcd, at("many/99999"), "new"));
	assert_true(live_put(&etcd, at("many/04000"), "changed"));
	assert_true(live_del(&etcd, at("many/04999")));
}

static void forget_the_revision(void)
{
	char text[512], revision[32];

	change_what_is_to_come();
	live_details(&etcd, at("many/99999"), text, sizeof(text));
	const char *at_revision = strstr(text, "\"Revision\" : ");
	assert_non_null(at_revision);
	snprintf(revision, sizeof(revision), "%lld",
		strtoll(at_revision + strlen("\"Revision\" : "), NULL, 10));
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"compact", revision), 0);
}

static void none_is_one_page(void)
{
	struct listing l = list("none/", NULL);

	assert_int_equal(l.status, OVNET_REGISTRY_OK);
	assert_int_equal(l.pages + l.keys, 1);
}

static void pages_show_one_moment(void **state)
{
	struct listing l;

	(void)state;
	fill();
	l = list("many/", change_what_is_to_come);
	assert_int_equal(l.status, OVNET_REGISTRY_OK);
	assert_int_equal(l.keys, KEYS - 1);
	assert_in_range(l.pages, 3, KEYS);
	assert_string_equal(strrchr(l.last, '/'), "/04999");
	l = list("many/0499", NULL);
	assert_int_equal(l.pages, 1);
	assert_int_equal(l.keys, 9);
	none_is_one_page();
}

/* v2 answers with all of it at once. */
static void one_answer_comes_in_parts(void **state)
{
	struct listing l;

	(void)state;
	fill();
	l = list("many/", change_what_is_to_come);
	assert_int_equal(l.status, OVNET_REGISTRY_OK);
	assert_int_equal(l.keys, KEYS - 1);
	assert_in_range(l.pages, 3, KEYS);
	none_is_one_page();
	assert_true(live_put(&etcd, at("few/00007"), "value-7"));
	l = list("few/", NULL);
	assert_int_equal(l.pages + l.keys, 2);
}

static void put_big(unsigned k)
{
	static char value[BIG + 1];
	char cmd[320];

	snprintf(cmd, sizeof(cmd), "ETCDCTL_API=3 etcdctl --endpoints=%s put %s%05u >/dev/null",
		etcd.url, at("many/"), k);
	FILE *put = popen(cmd, "w");
	assert_non_null(put);
	memset(value, 'x', BIG);
	assert_int_equal(fwrite(value, 1, BIG, put), BIG);
	assert_int_equal(pclose(put), 0);
}

/* Somebody's megabytes among the leases do not hide them. */
static void pages_as_small_as_they_have_to_be(void **state)
{
	struct listing l;

	(void)state;
	fill();
	for (unsigned k = 1000; k < 1020; k++)
		put_big(k);
	l = list("many/", NULL);
	assert_int_equal(l.status, OVNET_REGISTRY_OK);
	assert_int_equal(l.big, 20);
	assert_int_equal(l.keys, KEYS - 1);
	/* Large ones again behind them. */
	assert_in_range(l.pages, 20, 200);
}

static void compaction_between_pages_is_told(void **state)
{
	struct listing l;

	(void)state;
	fill();
	l = list("many/", forget_the_revision);
	assert_int_equal(l.status, OVNET_REGISTRY_COMPACTED);
	assert_int_equal(l.pages, 1);
}

struct flood {
	unsigned calls, keys, turns;
	bool this_turn;
};

static void on_flood(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct flood *f = arg;

	(void)revision;
	f->calls++;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(strtoul(strrchr(events[i].kv.key, '/') + 1, NULL, 10),
			f->keys + i + (f->keys + i >= UNNAMED));
	f->keys += (unsigned)n;
	f->this_turn |= n > 0;
	usleep(500); /* some 50 times: too much for a turn */
}

static void on_end(void *arg, const struct ovnet_registry_result *r)
{
	(void)arg;
	fail_msg("the watch ended: %s", r->text);
}

/* What came while nobody looked is taken in the order it was written, a part per turn. */
static void floods_come_in_order_and_in_parts(void **state)
{
	static const struct ovnet_registry_watch_cbs watch = {.events = on_flood, .ended = on_end};
	struct ovnet_registry_conf conf = {.endpoints = etcd.url, .timeout_ms = 5000};
	struct ovnet_registry *e = over->open(base, &conf);
	struct flood f = {0};

	(void)state;
	assert_non_null(e);
	assert_non_null(over->watch(e, at("many/"), 0, &watch, &f));
	wait_for(f.calls > 0, 5000);
	fill();
	for (int64_t end = now_ms() + 60000; f.keys < KEYS - 1 && now_ms() < end;) {
		f.this_turn = false;
		event_base_loop(base, EVLOOP_ONCE);
		f.turns += f.this_turn;
	}
	over->close(e);
	assert_int_equal(f.keys, KEYS - 1);
	assert_in_range(f.turns, 8, KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_v3(pages_show_one_moment),
		on_v3(pages_as_small_as_they_have_to_be),
		on_v3(floods_come_in_order_and_in_parts),
		on_v2(one_answer_comes_in_parts),
		on_v3(compaction_between_pages_is_told),
	};
	return cmocka_run_group_tests_name("etcd_pages", tests, start_all, stop_all);
}
