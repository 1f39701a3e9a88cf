/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration read anew: what is taken, what waits for a restart, what is refused. */
#include "bed/conf_run.h"

#include "conf/reload.h"

#define ARGS_MAX 8
#define FIRST                                                                                      \
	"etcd = { endpoints = \"http://192.0.2.1:2379\"; username = \"u\"; password = \"old\"; };" \
	"node = { iface = \"eth0\"; };"                                                            \
	"uplinks = ( { devargs = \"net_null0\"; address = \"192.0.2.1/24\";"                       \
	"  neighbours = ( { ip = \"192.0.2.2\"; mac = \"02:00:00:00:00:02\"; } ); } );"            \
	"ports = ( { name = \"web\"; driver = \"tap\"; addresses = \"10.5.1.7\"; } );"

/* What was told, as "key was now" a line, by effect. */
struct told {
	char text[3][2048];
	unsigned n[3];
};

static void note(
	void *arg, const char *key, enum conf_effect effect, const char *was, const char *now)
{
	struct told *t = arg;
	size_t len = strlen(t->text[effect]);

	t->n[effect]++;
	snprintf(t->text[effect] + len, sizeof(t->text[effect]) - len, "%s %s %s\n", key,
		was != NULL ? was : "-", now != NULL ? now : "-");
}

static int again(
	struct run *r, const char *text, struct told *t, char *err, size_t size, const char *flag)
{
	char *argv[ARGS_MAX] = {(char *)"ovnetd", (char *)"--config", file, (char *)flag};

	*t = (struct told){.n = {0}};
	write_text(text);
	return conf_reload(&r->conf, flag != NULL ? 4 : 3, argv, note, t, err, size);
}

#define AGAIN(r, text, t, err) again(r, text, t, err, sizeof(err), NULL)

static unsigned all_keys(void)
{
	unsigned n = 0;

	while (ovnetd_options[n].key != NULL)
		n++;
	return n;
}

static void nothing_changed(void **state)
{
	(void)state;
	struct run r;
	struct told t;
	char err[512];

	load_file(&r, FIRST);
	assert_int_equal(r.err, 0);
	assert_int_equal(AGAIN(&r, FIRST, &t, err), 0);
	assert_string_equal(t.text[CONF_TAKEN], "");
	assert_string_equal(t.text[CONF_RESTART], "");
	assert_int_equal(t.n[CONF_SAME], all_keys());
	done(&r);
}

static void what_may_change_is_taken_and_the_rest_waits(void **state)
{
	(void)state;
	struct run r;
	struct told t;
	char err[512];

	load_file(&r, FIRST);
	assert_int_equal(r.err, 0);
	assert_int_equal(
		AGAIN(&r,
			"etcd = { endpoints = \"http://192.0.2.9:2379\"; username = \"u\"; "
			"password = \"new\"; prefix = \"/other\"; };"
			"node = { iface = \"eth1\"; };"
			"control = { log-level = \"warn\"; };",
			&t, err),
		0);
	assert_string_equal(t.text[CONF_TAKEN],
		"etcd.endpoints http://192.0.2.1:2379 http://192.0.2.9:2379\n"
		"etcd.password - -\n"
		"control.log-level info warn\n");
	assert_string_equal(t.text[CONF_RESTART], "etcd.prefix /coreos.com/network /other\n"
						  "node.iface eth0 eth1\n"
						  "uplinks - -\n"
						  "ports - -\n");
	assert_int_equal(t.n[CONF_SAME] + 7, all_keys());
	assert_string_equal(r.conf.etcd.endpoints, "http://192.0.2.9:2379");
	assert_string_equal(r.conf.etcd.password, "new");
	assert_string_equal(r.conf.node.iface, "eth0");
	assert_string_equal(r.conf.etcd.prefix, "/coreos.com/network");
	assert_int_equal(r.conf.n_ports, 1);

	/* Back again: what waited for a restart is as it runs, what was taken is taken back. */
	assert_int_equal(AGAIN(&r, FIRST, &t, err), 0);
	assert_int_equal(t.n[CONF_TAKEN], 3);
	assert_int_equal(t.n[CONF_RESTART], 0);
	done(&r);
}

static void every_member_of_a_list_counts(void **state)
{
	(void)state;
	static const struct {
		const char *was, *now, *key;
	} changes[] = {
		{"192.0.2.1/24", "192.0.2.3/24", "uplinks - -\n"},
		{"02:00:00:00:00:02", "02:00:00:00:00:03", "uplinks - -\n"},
		{"net_null0", "net_null1", "uplinks - -\n"},
		{"\"10.5.1.7\"", "\"10.5.1.8\"", "ports - -\n"},
		{"\"tap\";", "\"tap\"; mtu = 1400;", "ports - -\n"},
		{"\"web\"", "\"www\"", "ports - -\n"},
	};
	struct run r;
	struct told t;
	char err[512], text[1024];

	load_file(&r, FIRST);
	assert_int_equal(r.err, 0);
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(FIRST, changes[i].was);
		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - FIRST), FIRST, changes[i].now,
			at + strlen(changes[i].was));
		assert_int_equal(AGAIN(&r, text, &t, err), 0);
		assert_string_equal(t.text[CONF_RESTART], changes[i].key);
	}
	done(&r);
}

static void a_broken_file_changes_nothing(void **state)
{
	(void)state;
	struct run r;
	struct told t;
	char err[512];

	load_file(&r, FIRST);
	assert_int_equal(r.err, 0);
	assert_int_equal(AGAIN(&r,
				 "etcd = { endpoints = \"http://192.0.2.9:2379\"; };\n"
				 "dpdk = { workers = 0; };\nnode = { ifac = \"eth0\"; };",
				 &t, err),
		-EINVAL);
	expect(err, file);
	expect(err, ":2: dpdk.workers: 0 is out of range; give 1 to 31");
	expect(err, "(and 1 more: ovnetd --check-config)");
	assert_int_equal(t.n[CONF_SAME] + t.n[CONF_TAKEN] + t.n[CONF_RESTART], 0);
	assert_string_equal(r.conf.etcd.endpoints, "http://192.0.2.1:2379");
	assert_int_equal(AGAIN(&r, "control = { log-level = \"loud\"; };", &t, err), -EINVAL);
	expect(err, "no level or module \"loud\"");
	assert_int_equal(unlink(file), 0);
	char *argv[] = {(char *)"ovnetd", (char *)"--config", file};
	assert_int_equal(conf_reload(&r.conf, 3, argv, note, &t, err, sizeof(err)), -EINVAL);
	expect(err, "No such file");
	done(&r);
}

static void a_flag_still_wins(void **state)
{
	(void)state;
	struct run r;
	struct told t;
	char err[512];

	write_text(FIRST);
	LOAD(&r, "--config", file, "--etcd-endpoints=http://198.51.100.1:2379");
	assert_int_equal(r.err, 0);
	assert_int_equal(again(&r, "etcd = { endpoints = \"http://192.0.2.9:2379\"; };", &t, err,
				 sizeof(err), "--etcd-endpoints=http://198.51.100.1:2379"),
		0);
	assert_null(strstr(t.text[CONF_TAKEN], "endpoints"));
	assert_string_equal(r.conf.etcd.endpoints, "http://198.51.100.1:2379");
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed),
		cmocka_unit_test(what_may_change_is_taken_and_the_rest_waits),
		cmocka_unit_test(every_member_of_a_list_counts),
		cmocka_unit_test(a_flag_still_wins),
		cmocka_unit_test(a_broken_file_changes_nothing),
	};
	return cmocka_run_group_tests_name("conf_reload", tests, make_file, remove_file);
}
