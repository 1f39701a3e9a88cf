/* SPDX-License-Identifier: BSD-3-Clause */
/* What units and scripts written for flanneld give: its environment and its flags. */
#include "bed/conf_run.h"

static void environment_beats_file_and_command_line_beats_environment(void **state)
{
	(void)state;
	struct run r;

	write_text("etcd = { prefix = \"/file\"; endpoints = \"http://f:1\"; };\n"
		   "host = { ip-masq = true; };\n");
	setenv("FLANNELD_ETCD_PREFIX", "/env", 1);
	setenv("FLANNELD_ETCD_ENDPOINTS", "http://e:1", 1);
	setenv("FLANNELD_IP_MASQ", "", 1); /* flanneld takes no notice of empty ones */
	setenv("FLANNELD_V", "3", 1);
	setenv("FLANNELD_ETCD_TIMEOUT", "soon", 1); /* nor of what the command line has */
	LOAD(&r, "--config", file, "-etcd-endpoints=http://c:1", "--etcd-timeout=7");
	unsetenv("FLANNELD_ETCD_TIMEOUT");
	assert_int_equal(r.err, 0);
	assert_string_equal(r.conf.etcd.prefix, "/env");
	assert_string_equal(r.conf.etcd.endpoints, "http://c:1");
	assert_true(r.conf.host.ip_masq);
	expect(r.errors, "--v has no effect");
	done(&r);
	setenv("FLANNELD_IP_MASQ", "yes", 1);
	setenv("FLANNELD_KUBE_SUBNET_MGR", "true", 1);
	LOAD(&r, "--config", file);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors,
		"ovnetd: environment: FLANNELD_IP_MASQ: \"yes\" will not do; give true or false");
	expect(r.errors, "ovnetd: environment: FLANNELD_KUBE_SUBNET_MGR: not supported: ");
	done(&r);
	setenv("FLANNELD_IP_MASQ", "", 1);
	setenv("FLANNELD_KUBE_SUBNET_MGR", "false", 1);
	setenv("FLANNELD_DPDK_WORKERS", "2", 1);
	setenv("FLANNELD_DPDK_WORKER_CPUS", "1", 1);
	LOAD(&r, "--config", file); /* what is wrong only together is said with its origin, too */
	expect(r.errors, "ovnetd: environment: FLANNELD_DPDK_WORKER_CPUS: 1 CPUs for 2 workers");
	done(&r);
	static const char *const names[] = {"FLANNELD_ETCD_PREFIX", "FLANNELD_ETCD_ENDPOINTS",
		"FLANNELD_IP_MASQ", "FLANNELD_V", "FLANNELD_KUBE_SUBNET_MGR",
		"FLANNELD_DPDK_WORKERS", "FLANNELD_DPDK_WORKER_CPUS"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

/* As flanneld v0.28.9 --help lists them, and v0.7's modes: none is an unknown flag. */
static void flanneld_s_flags_are_all_known(void **state)
{
	(void)state;
	static const char *const flags[] = {"etcd-endpoints", "etcd-prefix", "etcd-keyfile",
		"etcd-certfile", "etcd-cafile", "etcd-username", "etcd-password", "iface",
		"iface-regex", "iface-can-reach", "public-ip", "public-ipv6", "subnet-file",
		"subnet-lease-renew-margin", "ip-masq", "ip-masq-fully-random-disable",
		"healthz-ip", "healthz-port", "iptables-resync", "iptables-forward-rules",
		"ip-blackhole-route", "kube-subnet-mgr", "kube-api-url", "kubeconfig-file",
		"kube-annotation-prefix", "net-config-path", "set-node-network-unavailable", "v",
		"vmodule", "log_backtrace_at", "networks", "subnet-dir", "listen", "remote",
		"remote-keyfile", "remote-certfile", "remote-cafile", "logtostderr",
		"alsologtostderr", "stderrthreshold", "log_dir"};

	write_text("");
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct flannel_flag *f = flannel_flag_find(flags[i]);
		char arg[64];
		struct run r;
		snprintf(arg, sizeof(arg), "--%s=true", flags[i]);
		LOAD(&r, "--config", file, arg);
		if (strstr(r.errors, "no flag") != NULL || (r.err < 0 && f != NULL && !f->refused))
			fail_msg("%s: %s", arg, r.errors);
		if (f != NULL && f->key != NULL)
			assert_string_equal(r.errors, "");
		else if (f != NULL)
			expect(r.errors, f->refused ? "not supported: " : "has no effect: ");
		done(&r);
		if (f == NULL || !f->refused)
			continue;
		snprintf(arg, sizeof(arg), "--%s=%s", flags[i], f->is_switch ? "false" : "");
		LOAD(&r, "--config", file, arg);
		assert_int_equal(r.err, 0);
		assert_string_equal(r.errors, "");
		done(&r);
	}
	/* A setting of ours needs no excuse. */
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++) {
		char flag[OPTION_NAME_MAX];
		assert_null(flannel_flag_find(option_flag(o, flag)));
	}
	struct run r;
	LOAD(&r, "--config", file, "-v", "5", "--logtostderr", "-alsologtostderr=true", "-v=6");
	assert_int_equal(r.err, 0);
	expect(r.errors, "--v has no effect");
	assert_null(strstr(strstr(r.errors, "--v ") + 1, "--v ")); /* said once */
	done(&r);
	flag_refused("-v", "--v without a value");
	write_text("node = { iface = \"eth9\"; };");
	LOAD(&r, "--config", file, "--iface=eth0", "-iface", "192.0.2.1", "--iface=eth1");
	assert_int_equal(r.err, 0);
	assert_string_equal(r.conf.node.iface, "eth0,192.0.2.1,eth1"); /* instead of the file's */
	done(&r);
	write_text("node = { iface-regex = \"^ens ^eno\"; };");
	LOAD(&r, "--config", file);
	assert_string_equal(r.conf.node.iface_regex, "^ens ^eno");
	done(&r);
	LOAD(&r, "--config", file, "--iface-regex=^10[.]1[.]", "-iface-regex", "^eth[0-9]{1,2}$");
	assert_int_equal(r.err, 0);
	assert_string_equal(r.conf.node.iface_regex, "^10[.]1[.] ^eth[0-9]{1,2}$");
	done(&r);
	flag_refused("--iface-regex=eth0 eth(", "several with blanks between them");
	flag_refused("--iface-regex=eth(", "give an extended regular expression");
	flag_refused("--iface-can-reach=host", "give an IPv4 address");
	flag_refused("--iface=eth0,", "give an interface's name or address, several with commas");
	flag_refused("--iface=eth0,,eth1", "give an interface's name or address");
	flag_refused("--iface=,eth1", "give an interface's name or address");
	flag_refused("--iface=eth1,224.0.0.1", "give an interface's name or address");
	flag_refused("--healthz-ip=localhost", "give an IPv4 or IPv6 address of this host");
	flag_refused("--healthz-port=65536", "0 to 65535");
	flag_refused("--ip-masq=yes", "--ip-masq: \"yes\" will not do; give true or false");
}

static void blackholes(void **state)
{
	(void)state;
	static const struct {
		const char *arg;
		enum conf_blackhole want;
	} cases[] = {
		{"--ip-blackhole-route", CONF_BLACKHOLE_AUTO},
		{"-ip-blackhole-route=true", CONF_BLACKHOLE_AUTO},
		{"--ip-blackhole-route=false", CONF_BLACKHOLE_OFF},
		{"--host-blackhole=on", CONF_BLACKHOLE_ON},
		{"--host-blackhole=off", CONF_BLACKHOLE_OFF},
	};
	struct run r;

	write_text("host = { blackhole = \"on\"; };");
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LOAD(&r, "--config", file, cases[i].arg);
		assert_int_equal(r.err, 0);
		assert_int_equal(r.conf.host.blackhole, cases[i].want);
		done(&r);
	}
	flag_refused("--ip-blackhole-route=yes", "--ip-blackhole-route: \"yes\" will not do");
	setenv("FLANNELD_IP_BLACKHOLE_ROUTE", "false", 1);
	LOAD(&r, "--config", file);
	assert_int_equal(r.conf.host.blackhole, CONF_BLACKHOLE_OFF);
	done(&r);
	LOAD(&r, "--config", file, "--ip-blackhole-route"); /* the command line beats it */
	assert_int_equal(r.conf.host.blackhole, CONF_BLACKHOLE_AUTO);
	done(&r);
	setenv("FLANNELD_IP_BLACKHOLE_ROUTE", "no", 1);
	LOAD(&r, "--config", file);
	expect(r.errors, "FLANNELD_IP_BLACKHOLE_ROUTE: \"no\" will not do; give true or false");
	done(&r);
	unsetenv("FLANNELD_IP_BLACKHOLE_ROUTE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_beats_file_and_command_line_beats_environment),
		cmocka_unit_test(flanneld_s_flags_are_all_known),
		cmocka_unit_test(blackholes),
	};
	return cmocka_run_group_tests_name("flannel_flags", tests, make_file, remove_file);
}
