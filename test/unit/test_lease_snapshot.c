/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "bed/live_node.h"
#include "lease/snapshot.h"

#define DAY    86400
#define THEIRS "{\"PublicIP\":\"10.168.0.66\"}"

static time_t jumped_s;

/* In the place of libc's, for the code under test. */
time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	time_t t = now.tv_sec + jumped_s;
	if (out != NULL)
		*out = t;
	return t;
}

static char dir[64], file[128], key[192];
static struct ovnet_lease_conf conf;
static struct live_etcd aside;

/* A node with one peer, both in its snapshot, and etcd away. */
static struct node *prepare(void)
{
	jumped_s = 0;
	strcpy(dir, "/tmp/ovnet-snapshot-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/lib/leases.json", dir);
	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	assert_true(live_put(&second, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	conf = conf_of(0);
	conf.registry_conf.endpoints = second.url;
	conf.snapshot = file;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n) && n->n_peers == 1, 5000);
	strcpy(key, key_of(n));
	return n;
}

static void end(void)
{
	if (nodes[0].client != NULL)
		stop(&nodes[0]);
	live_remove_dir(dir);
}

static struct node *restart(void)
{
	struct ovnet_mac mac = nodes[0].mac;
	struct node *n = start_with(0, &conf);

	n->mac.b[5] = (uint8_t)(mac.b[5] + 1);
	return n;
}

/* The same data on another port, behind the node's back. */
static void live_aside(void)
{
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
}

static void read_file(char *text, size_t size)
{
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

static void replace(const char *from, const char *to)
{
	char text[8192], *where;

	read_file(text, sizeof(text));
	where = strstr(text, from);
	assert_non_null(where);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f, "%.*s%s%s", (int)(where - text), text, to, where + strlen(from));
	assert_int_equal(fclose(f), 0);
}

static void written_after_changes_and_at_the_end(void **state)
{
	(void)state;
	struct snapshot_file f;
	struct stat st;
	char err[300], prefix_[128];
	struct node *n = prepare();

	wait_for(stat(file, &st) == 0, 4000);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(live_put(&second, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.51\"}"));
	assert_true(live_put(&second, at("subnets/stray"), "x"));
	wait_for(n->sets == 2, 2000);
	stop(n);
	snprintf(prefix_, sizeof(prefix_), "%s", at("subnets/"));
	assert_int_equal(snapshot_read(file, prefix_, &conf.public_ip, &f, err, sizeof(err)), 0);
	assert_string_equal(f.config, VXLAN);
	assert_string_equal(f.own_name, strrchr(key, '/') + 1);
	const char *name, *value;
	size_t len;
	assert_true(snapshot_next(&f, &name, &value, &len));
	assert_string_equal(name, "10.5.0.0-24");
	json_t *lease = json_loadb(value, len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(lease, "PublicIP")), "10.168.0.51");
	json_decref(lease);
	assert_false(snapshot_next(&f, &name, &value, &len));
	assert_int_equal(f.left_out, 0);
	assert_true(f.expires_at > time(NULL) + 86000);
	snapshot_file_free(&f);

	static const struct ovnet_addr other = {.family = AF_INET, .v4_be = 0x0100a8c0};
	assert_int_equal(
		snapshot_read(file, "/other/", &conf.public_ip, &f, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "another lease tree"));
	assert_int_equal(snapshot_read(file, prefix_, &other, &f, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "another PublicIP"));
	end();
}

static void start_without_etcd_then_with_it(void **state)
{
	(void)state;
	char before[512], after[512];
	struct node *n = prepare();
	struct ovnet_lease own = n->own;

	live_get(&second, key, before, sizeof(before));
	stop(n);
	live_kill(&second);
	n = restart();
	wait_for(n->restored == 1, 3000);
	assert_int_equal(n->acquired, 1);
	assert_true(ovnet_lease_equal(&n->own, &own));
	assert_int_equal(n->n_peers, 1);
	assert_int_equal(n->synced, 0);
	assert_true(status(n).stale && !status(n).connected);
	assert_in_range(n->saved_at, time(NULL) - 60, time(NULL));
	assert_int_equal(status(n).state, OVNET_LEASE_RUNNING);
	assert_true(status(n).error[0] != '\0');

	live_start(&second);
	wait_for(ready(n) && !status(n).stale, 9000);
	run_ms(500);
	live_get(&second, key, after, sizeof(after));
	assert_string_equal(before, after);
	/* All as it was: nobody is told anything twice. */
	assert_int_equal(n->acquired + n->sets + n->dels + n->lost, 2);
	assert_string_equal(n->config, "");
	assert_true(status(n).expires_at - time(NULL) > 86000);
	assert_int_equal(status(n).renewals, 1);
	end();
}

static void what_changed_meanwhile_is_found(void **state)
{
	(void)state;
	char value[256];
	struct node *n = prepare();

	stop(n);
	live_kill(&second);
	live_aside();
	assert_true(live_put(&aside, at("config"),
		"{\"Network\":\"10.5.0.0/16\",\"Backend\":"
		"{\"Type\":\"vxlan\",\"VNI\":4}}"));
	assert_true(live_del(&aside, at("subnets/10.5.0.0-24")));
	assert_true(live_put(&aside, key, THEIRS));
	live_kill(&aside);
	n = restart();
	wait_for(n->restored == 1, 3000);
	live_start(&second);
	wait_for(n->lost == 1 && n->synced == 1, 9000);
	wait_for(strstr(n->config, "VNI 1 -> 4") != NULL, 3000);
	assert_int_equal(n->n_peers, 1);
	assert_int_equal(n->acquired, 1);
	live_get(&second, key, value, sizeof(value));
	assert_string_equal(value, THEIRS);
	end();
}

/* A subnet that somebody got meanwhile: no policy keeps what is only of a file. */
static void given_away_meanwhile_it_is_left(void **state)
{
	(void)state;
	char value[256], text[8192];
	struct node *n = prepare();
	struct ovnet_lease before = n->own;

	stop(n);
	live_kill(&second);
	live_aside();
	assert_true(live_put(&aside, key, THEIRS));
	live_kill(&aside);
	assert_int_equal(conf.on_lost, OVNET_LEASE_KEEP);
	n = restart();
	wait_for(n->restored == 1, 3000);
	live_start(&second);
	wait_for(n->acquired == 2 && ready(n), 9000);
	assert_int_equal(n->lost, 1);
	assert_true(n->left);
	assert_false(ovnet_prefix4_equal(&n->own.subnet, &before.subnet));
	assert_int_equal(n->n_peers, 2);
	live_get(&second, key, value, sizeof(value));
	assert_string_equal(value, THEIRS);
	stop(n);
	read_file(text, sizeof(text));
	snprintf(value, sizeof(value), "\"own\":{\n\"%s\"", strrchr(key_of(n), '/') + 1);
	assert_non_null(strstr(text, value));
	end();
}

static void a_lost_one_is_not_saved(void **state)
{
	(void)state;
	struct stat st;
	struct node *n = prepare();

	wait_for(stat(file, &st) == 0, 4000);
	assert_true(live_put(&second, key, THEIRS));
	wait_for(n->lost == 1, 3000);
	assert_false(n->left);
	assert_int_equal(stat(file, &st), -1);
	assert_true(live_put(&second, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(n->sets == 2, 2000);
	run_ms(2300);
	assert_int_equal(stat(file, &st), -1);
	/* Ours again, it is. */
	assert_true(live_del(&second, key));
	wait_for(n->acquired == 2, 6000);
	stop(n);
	assert_int_equal(stat(file, &st), 0);
	end();
}

/* Some time later, on the same boot or another one: does it start by the file? */
static void starts(bool wanted, bool rebooted, time_t later_s, const char *why)
{
	struct node *n = &nodes[0];

	if (n->client == NULL) {
		live_start(&second);
		jumped_s = 0;
		n = restart();
		wait_for(ready(n), 6000);
	}
	stop(n);
	live_kill(&second);
	if (rebooted)
		replace("\"boot_id\":\"", "\"boot_id\":\"x");
	jumped_s = later_s;
	n = restart();
	if (wanted)
		wait_for(n->restored == 1, 3000);
	else
		run_ms(1200);
	if (n->restored != wanted)
		fail_msg("%s", why);
	stop(n);
}

/* How long it was off is counted by the clock that nobody sets, as long as that is the same. */
static void past_its_end_it_claims_nothing(void **state)
{
	(void)state;

	prepare();
	starts(true, true, DAY - 60, "rebooted, a minute is left");
	starts(false, true, DAY + 1, "rebooted, it is over");
	starts(true, true, -60, "rebooted, the clock is a little behind");
	starts(false, true, -DAY, "rebooted, the clock does not know the day");
	starts(true, false, 400 * DAY, "the clock was set a year ahead");
	starts(true, false, -400 * DAY, "the clock was set a year back");
	jumped_s = 0;
	end();
}

static void past_its_end_on_the_same_boot(void **state)
{
	(void)state;
	struct node *n = prepare();
	char text[8192], at_end[64], at_once[64];

	stop(n);
	live_kill(&second);
	read_file(text, sizeof(text));
	char *end_s = strstr(text, "\"expires_at\":"), *saved = strstr(text, "\"saved_at\":");
	assert_true(end_s != NULL && saved != NULL);
	snprintf(at_end, sizeof(at_end), "%.*s", (int)strcspn(end_s, ","), end_s);
	snprintf(at_once, sizeof(at_once), "\"expires_at\":%lld", strtoll(saved + 11, NULL, 10));
	replace(at_end, at_once);
	n = restart();
	run_ms(1200);
	assert_int_equal(n->restored + n->acquired, 0);
	stop(n);
	/* A reservation has no end. */
	replace(at_once, "\"expires_at\":0");
	n = restart();
	wait_for(n->restored == 1, 3000);
	end();
}

/* A single one of these, and the node waits for etcd as it would without a file. */
static void file_is_believed_as_little_as_etcd(void **state)
{
	(void)state;
	struct node *n = prepare();
	char own[64];
	const char *name = strrchr(key, '/') + 1;
	snprintf(own, sizeof(own), "\"%s\":{\"PublicIP\":\"10.168.0.1\"", name);
	const char *const bad[][2] = {
		{"\"version\":1", "\"version\":2"},
		{"{\"version\"", "{{\"version\""},
		{"10.5.0.0/16", "10.9.0.0/16"},
		{"\\\"Network\\\"", "\\\"Nothing\\\""},
		{own, "\"10.6.1.0-24\":{\"PublicIP\":\"10.168.0.1\""},
		{own, "\"own\":{\"PublicIP\":\"10.168.0.1\""},
		{name, "../x"},
		{"\"PublicIP\":\"10.168.0.1\"", "\"PublicIP\":\"10.168.0.2\""},
		{"\"leases\":{", "\"leases\":[],\"other\":{"},
		{"\"own\":{", "\"own\":{},\"own\":{"},
		{"}}\n", "}"},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (n->client == NULL) {
			live_start(&second);
			n = restart();
			wait_for(ready(n), 6000);
		}
		stop(n);
		live_kill(&second);
		replace(bad[i][0], bad[i][1]);
		n = restart();
		run_ms(1200);
		if (n->restored + n->acquired + n->sets + n->fatal > 0)
			fail_msg("\"%s\" was believed", bad[i][1]);
		stop(n);
	}
	end();
}

static void bad_leases_in_it_are_refused_alone(void **state)
{
	(void)state;
	struct node *n = prepare();

	stop(n);
	live_kill(&second);
	replace("\"leases\":{\n", "\"leases\":{\n\"stray\":{},\nx,\n\"10.5.3.0-24\":{\"PublicIP\":"
				  "\"127.0.0.1\"},\n\"\\u0031\":{},\n\"10.5.4.0-24\":[],\n\"\n");
	n = restart();
	wait_for(n->restored == 1, 3000);
	assert_int_equal(n->n_peers, 1);
	assert_int_equal(status(n).invalid, 3);
	end();
}

#define MANY 20000

/* A loop that is away for long loses packets' peers and etcd's patience. */
static void many_come_in_parts(void **state)
{
	(void)state;
	static char lines[MANY * 32] = "\"leases\":{\n";
	char *at_end = lines + strlen(lines);
	struct node *n = prepare();
	unsigned turns = 0;

	stop(n);
	live_kill(&second);
	for (unsigned i = 0; i < MANY; i++)
		at_end += sprintf(at_end, "\"stray-%u\":{},\n", i);
	replace("\"leases\":{\n", lines);
	n = restart();
	wait_for(n->acquired == 1, 3000);
	for (int64_t over_at = now_ms() + 5000; n->restored == 0 && now_ms() < over_at; turns++)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n->restored, 1);
	assert_in_range(turns, 3, MANY);
	assert_int_equal(n->n_peers, 1);
	assert_int_equal(status(n).invalid, MANY);
	end();
}

static void others_may_not_have_written_it(void **state)
{
	(void)state;
	struct node *n = prepare();
	struct ovnet_lease_conf mine;
	char moved[160];

	stop(n);
	live_kill(&second);
	mine = conf;
	for (unsigned i = 0; i < 3; i++) {
		if (i == 0)
			assert_int_equal(chmod(file, 0620), 0);
		if (i == 1)
			assert_true(chmod(file, 0600) == 0 &&
				    (geteuid() != 0 || chown(file, 1, 1) == 0));
		if (i == 1 && geteuid() != 0)
			continue;
		if (i == 2) {
			snprintf(moved, sizeof(moved), "%s.moved", file);
			assert_true(geteuid() != 0 || chown(file, 0, 0) == 0);
			assert_int_equal(rename(file, moved), 0);
			assert_int_equal(symlink(moved, file), 0);
		}
		n = start_with(0, &mine);
		run_ms(1200);
		assert_int_equal(n->restored, 0);
		stop(n);
	}
	end();
}

static void given_back_it_is_gone(void **state)
{
	(void)state;
	char err[200];
	struct stat st;
	struct node *n = prepare();

	wait_for(stat(file, &st) == 0, 4000);
	while (ovnet_lease_client_order(n->client, OVNET_LEASE_REMOVE, err, sizeof(err)) == -EBUSY)
		run_ms(20);
	wait_for(n->ordered == 1, 3000);
	stop(n);
	assert_int_equal(stat(file, &st), -1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(written_after_changes_and_at_the_end),
		live(start_without_etcd_then_with_it),
		live(what_changed_meanwhile_is_found),
		live(given_away_meanwhile_it_is_left),
		live(a_lost_one_is_not_saved),
		live(past_its_end_it_claims_nothing),
		live(past_its_end_on_the_same_boot),
		live(file_is_believed_as_little_as_etcd),
		live(bad_leases_in_it_are_refused_alone),
		live(many_come_in_parts),
		live(others_may_not_have_written_it),
		live(given_back_it_is_gone),
	};
	return cmocka_run_group_tests_name("lease_snapshot", tests, start_all, stop_all);
}
