/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/conf_run.h"

#include "base/log.h"

OVNET_LOG_TYPE(optest)

/* A right value other than the default, for every key there is. */
static const struct {
	const char *key, *value;
} samples[] = {
	{"registry.type", "static"},
	{"registry.file", "/etc/passwd"},
	{"registry.snapshot", "/tmp/leases.json"},
	{"etcd.endpoints", "https://192.0.2.1:2379,http://[2001:db8::1]:2379"},
	{"etcd.api", "v2"},
	{"etcd.prefix", "/kubernetes/network"},
	{"etcd.cafile", "/etc/passwd"},
	{"etcd.certfile", "/etc/passwd"},
	{"etcd.keyfile", "/etc/hosts"},
	{"etcd.server-name", "etcd.example.com"},
	{"etcd.username", "flannel"},
	{"etcd.password", "a b=c,\"d"},
	{"etcd.timeout", "9"},
	{"etcd.transport", "json"},
	{"node.iface", "192.0.2.7"},
	{"node.iface-regex", "^(eth|ens)[0-9]+$"},
	{"node.iface-can-reach", "192.0.2.1"},
	{"node.public-ip", "198.51.100.9"},
	{"node.public-ipv6", "2001:db8::10"},
	{"node.subnet-file", "/run/x/subnet.env"},
	{"node.state-dir", "/tmp/ovnet-state"},
	{"node.subnet-lease-renew-margin", "61"},
	{"node.on-lost", "drain"},
	{"node.on-stop", "kernel"},
	{"node.takeover", "ask"},
	{"host.device", "flannel.1"},
	{"host.blackhole", "off"},
	{"host.kernel-lane", "off"},
	{"host.ip-masq", "true"},
	{"host.ip-masq-fully-random-disable", "true"},
	{"host.forward-rules", "false"},
	{"host.rules-resync", "60"},
	{"ingress.validation", "off"},
	{"ingress.routed", "asymmetric"},
	{"ingress.allow", "192.0.2.7: 192.0.2.8, 172.20.0.0/16; 2001:db8::7: fd00:7::/64"},
	{"encap.src-port-min", "49152"},
	{"encap.src-port-max", "65535"},
	{"encap.dscp", "46"},
	{"encap.ttl", "inherit"},
	{"encap.df", "inherit"},
	{"encap.udp-checksum", "on"},
	{"encap.udp-checksum6", "off"},
	{"encap.mss-clamp", "on"},
	{"dpdk.workers", "2"},
	{"dpdk.worker-cpus", "2-3"},
	{"dpdk.memory", "512"},
	{"dpdk.mbufs", "65536"},
	{"dpdk.hugepages", "on"},
	{"dpdk.mode", "poll"},
	{"dpdk.balance", "false"},
	{"dpdk.verify", "7"},
	{"dpdk.cpu-level", "x86-64-v3"},
	{"dpdk.eal-args", "--no-telemetry --log-level 5"},
	{"uplinks", "iface=eth1,driver=af_packet,queues=2"},
	{"ports", "name=p1,driver=tap,iface=t1,addresses=10.5.1.7,fd00::/64,mtu=1400,queues=2,"
		  "descriptors=256,mac=02:00:00:00:00:01,workers=0"},
	{"vm.pool", "10.5.1.192/26"},
	{"vm.dns", "10.5.1.2, fd00::2"},
	{"vm.domain", "vm.example.com"},
	{"vm.routes", "192.168.0.0/16,10.9.0.0/16 via 10.5.1.7"},
	{"vm.lease-time", "600"},
	{"vm.socket-dir", "/run/x/vm"},
	{"vm.socket-owner", "libvirt-qemu:kvm"},
	{"health.ip", "::1"},
	{"health.port", "8471"},
	{"control.socket", "/run/o.sock"},
	{"control.socket-mode", "0600"},
	{"control.log-level", "info,optest=debug"},
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void same_conf(const struct conf *a, const struct conf *b)
{
	char x[64], y[64];

	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
		if (o->type != OPTION_ITEMS)
			assert_string_equal(option_get_text(o, a, x, sizeof(x)),
				option_get_text(o, b, y, sizeof(y)));
	assert_int_equal(a->n_uplinks, b->n_uplinks);
	for (unsigned i = 0; i < a->n_uplinks; i++) {
		assert_string_equal(a->uplinks[i].iface, b->uplinks[i].iface);
		assert_string_equal(a->uplinks[i].devargs, b->uplinks[i].devargs);
		assert_int_equal(a->uplinks[i].driver, b->uplinks[i].driver);
		assert_int_equal(a->uplinks[i].queues, b->uplinks[i].queues);
	}
}

static void same_ports(const struct conf *a, const struct conf *b)
{
	char x[64], y[64];

	assert_int_equal(a->n_ports, b->n_ports);
	for (unsigned i = 0; i < a->n_ports; i++) {
		const struct conf_port *p = &a->ports[i], *q = &b->ports[i];
		for (const struct option_def *o = port_options; o->key != NULL; o++)
			if (o->type != OPTION_PARSED)
				assert_string_equal(option_get_text(o, p, x, sizeof(x)),
					option_get_text(o, q, y, sizeof(y)));
		assert_int_equal(p->has_mac, q->has_mac);
		assert_true(ovnet_mac_equal(&p->mac, &q->mac));
		assert_int_equal(p->n_addresses, q->n_addresses);
		for (unsigned j = 0; j < p->n_addresses; j++)
			assert_true(ovnet_prefix_equal(&p->addresses[j], &q->addresses[j]));
	}
}

/* `value` in a file as libconfig wants it. */
static void append_key(FILE *f, const struct option_def *o, const char *value)
{
	if (o->type == OPTION_ITEMS) {
		fprintf(f, "%s",
			strcmp(o->key, "uplinks") == 0
				? "uplinks = ( { iface = \"eth1\"; driver = \"af_packet\"; "
				  "queues = 2; } );\n"
				: "ports = ( { name = \"p1\"; driver = \"tap\"; iface = \"t1\"; "
				  "addresses = \"10.5.1.7, fd00::/64\"; mtu = 1400; queues = 2;\n"
				  "descriptors = 256; mac = \"02:00:00:00:00:01\"; workers = "
				  "\"0\"; } );\n");
		return;
	}
	fprintf(f, "%.*s = { %s = ", (int)strcspn(o->key, "."), o->key, option_leaf(o));
	bool bare = o->type == OPTION_UINT || o->type == OPTION_SWITCH;
	if (!bare)
		fputc('"', f);
	for (; *value != '\0'; value++)
		fprintf(f, "%s%c", *value == '"' ? "\\" : "", *value);
	fprintf(f, "%s; };\n", bare ? "" : "\"");
}

/* Settings that are refused without this one beside them. */
static const char *companion(const char *key)
{
	if (strcmp(key, "registry.type") == 0)
		return "--registry-file=/etc/passwd";
	if (strcmp(key, "etcd.keyfile") == 0)
		return "--etcd-certfile=/etc/passwd";
	if (strcmp(key, "etcd.password") == 0)
		return "--etcd-username=u";
	return strcmp(key, "dpdk.worker-cpus") == 0 ? "--dpdk-workers=2" : NULL;
}

static void every_key_by_file_and_by_flag(void **state)
{
	(void)state;
	struct run preset;

	LOAD(&preset, "--config=/dev/null/none");
	assert_int_equal(preset.err, -EINVAL);
	done(&preset);
	write_text("");
	LOAD(&preset, "--config", file);
	assert_int_equal(preset.err, 0);
	unsigned n = 0;
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++, n++) {
		struct run by_file, by_env, by_flag, by_words;
		char flag[OPTION_NAME_MAX], arg[256], bare[OPTION_NAME_MAX + 1], buf[32];
		char env[OPTION_NAME_MAX];

		assert_string_equal(o->key, samples[n].key); /* none forgotten */
		FILE *f = fopen(file, "w");
		assert_non_null(f);
		append_key(f, o, samples[n].value);
		assert_int_equal(fclose(f), 0);
		LOAD(&by_file, "--config", file, companion(o->key));
		write_text("");
		snprintf(arg, sizeof(arg), "--%s=%s", option_flag(o, flag), samples[n].value);
		LOAD(&by_flag, "--config", file, arg, companion(o->key));
		/* A switch is on by itself, and its value is no word of its own. */
		snprintf(bare, sizeof(bare), "-%s", option_flag(o, flag));
		if (o->type != OPTION_SWITCH)
			LOAD(&by_words, "--config", file, bare, samples[n].value,
				companion(o->key));
		else if (strcmp(samples[n].value, "true") == 0)
			LOAD(&by_words, "--config", file, bare);
		else
			LOAD(&by_words, "--config", file, arg + 1);
		if (o->type != OPTION_ITEMS)
			setenv(environment_name(option_flag(o, flag), env), samples[n].value, 1);
		LOAD(&by_env, "--config", file, o->type == OPTION_ITEMS ? arg : companion(o->key));
		if (o->type != OPTION_ITEMS)
			unsetenv(env);
		assert_string_equal(by_env.errors, "");
		same_conf(&by_file.conf, &by_env.conf);
		done(&by_env);
		assert_string_equal(by_file.errors, "");
		assert_string_equal(by_flag.errors, "");
		assert_string_equal(by_words.errors, "");
		same_conf(&by_file.conf, &by_flag.conf);
		same_conf(&by_file.conf, &by_words.conf);
		same_ports(&by_file.conf, &by_flag.conf);
		same_ports(&by_file.conf, &by_words.conf);
		if (o->type != OPTION_ITEMS) {
			assert_string_equal(option_get_text(o, &by_flag.conf, buf, sizeof(buf)),
				samples[n].value);
			assert_string_not_equal(o->preset, samples[n].value);
			assert_string_equal(
				option_get_text(o, &preset.conf, buf, sizeof(buf)), o->preset);
		}
		done(&by_file);
		done(&by_flag);
		done(&by_words);
	}
	assert_int_equal(n, N_SAMPLES);
	assert_true(n <= LOADER_MAX_OPTIONS);
	done(&preset);
}

static void members_hold_what_their_key_says(void **state)
{
	(void)state;
	struct run r;

	load_file(&r, "etcd = { prefix = \"/p\"; timeout = 7; };\n"
		      "node = { iface = \"eth7\"; subnet-lease-renew-margin = 1439; };\n"
		      "ingress = { validation = \"off\"; };\n"
		      "encap = { src-port-min = 1; src-port-max = 65535; };\n"
		      "dpdk = { workers = 3; worker-cpus = \"5,7-8\"; hugepages = \"off\";\n"
		      "  mode = \"poll\"; mbufs = 1024; memory = 99; };\n"
		      "control = { socket-mode = \"0666\"; };\n");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.action, CONF_RUN);
	assert_string_equal(r.conf.etcd.prefix, "/p");
	assert_int_equal(r.conf.etcd.timeout, 7);
	assert_string_equal(r.conf.node.iface, "eth7");
	assert_int_equal(r.conf.node.subnet_lease_renew_margin, 1439);
	assert_int_equal(r.conf.ingress.validation, CONF_VALIDATE_OFF);
	assert_int_equal(r.conf.encap.src_port_min, 1);
	assert_int_equal(r.conf.encap.src_port_max, 65535);
	assert_int_equal(r.conf.dpdk.workers, 3);
	assert_int_equal(r.conf.dpdk.hugepages, CONF_HUGE_OFF);
	assert_int_equal(r.conf.dpdk.mode, CONF_MODE_POLL);
	assert_int_equal(r.conf.dpdk.mbufs, 1024);
	assert_int_equal(r.conf.dpdk.memory, 99);
	uint16_t cpus[4];
	assert_int_equal(conf_cpu_list(r.conf.dpdk.worker_cpus, cpus, 4), 3);
	assert_int_equal(cpus[0], 5);
	assert_int_equal(cpus[2], 8);
	done(&r);
}

static void every_range_has_edges(void **state)
{
	(void)state;
	write_text("");
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++) {
		const long long in[] = {o->min, o->max};
		const long long out[] = {(long long)o->min - 1, (long long)o->max + 1};
		struct conf conf = {0};
		char why[512], want[64], got[32];

		if (o->type != OPTION_UINT)
			continue;
		/* The member can hold the largest value there is. */
		assert_true(o->width == 4 || o->max <= UINT16_MAX);
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(option_set_number(o, &conf, in[i], why, sizeof(why)), 0);
			snprintf(want, sizeof(want), "%lld", in[i]);
			assert_string_equal(option_get_text(o, &conf, got, sizeof(got)), want);
			struct run r;
			char text[128];
			snprintf(text, sizeof(text), "%.*s = {\n %s = %lld;\n};\n",
				(int)strcspn(o->key, "."), o->key, option_leaf(o), out[i]);
			snprintf(want, sizeof(want), "out of range; give %u to %u", o->min, o->max);
			refused(text, 2, want);
			char flag[OPTION_NAME_MAX], arg[128];
			snprintf(arg, sizeof(arg), "--%s=%lld", option_flag(o, flag), out[i]);
			snprintf(want, sizeof(want), "command line: --%s: ", option_flag(o, flag));
			LOAD(&r, "--config", file, arg);
			assert_int_equal(r.err, -EINVAL);
			expect(r.errors, want);
			done(&r);
		}
	}
}

static void unknown_keys_get_a_suggestion(void **state)
{
	(void)state;

	refused("dpdk = {\n wokers = 2;\n};", 2,
		"dpdk.wokers: no such key; did you mean dpdk.workers?");
	refused("ingress = { allow = \"192.0.2.7 192.0.2.8\"; };", 1, "entries");
	refused("ingress = { allow = \"192.0.2.7: \"; };", 1, "entries");
	refused("ingress = { allow = \"192.0.2.7: ::1\"; };", 1, "entries");
	refused("ingress = { allow = \"192.0.2.7: 192.0.2.8,; 192.0.2.9: 10.0.0.0/8\"; };", 1,
		"entries");
	refused("encap = { dscp = \"64\"; };", 1, "from 0 to 63");
	refused("encap = { ttl = \"0\"; };", 1, "from 1 to 255");
	refused("dpdk = { subnet-file = \"x\"; };", 1, "did you mean node.subnet-file?");
	refused("workers = 2;", 1, "did you mean dpdk.workers?");
	refused("etcd = { colour = \"x\"; };", 1, "no such key; ovnet.conf(5)");
	refused("ectd = { prefix = \"x\"; };", 1, "no such group; did you mean etcd?");
	refused("zzzzzz = { a = 1; };", 1, "no such group; ovnet.conf(5)");
	refused("dpdk = 5;", 1, "a number stands where a group belongs; give dpdk = { ... };");
	refused("uplinks = ( { ifaze = \"eth0\"; } );", 1, "did you mean iface?");
	flag_refused("--dpdk-wokers=2", "no flag --dpdk-wokers; did you mean --dpdk-workers?");
	flag_refused("--chek-config", "did you mean --check-config?");
	flag_refused("--zzzzzzzzzzzzzzzzz", "--help lists them all");
	flag_refused("stray", "\"stray\" is no flag");
	flag_refused("--etcd-prefix", "--etcd-prefix without a value; give --etcd-prefix=KEY");
	flag_refused("--check-config=1", "takes no value");
	flag_refused("--dry-run", "--dry-run goes with --cleanup");
	flag_refused("--log-level=x", "--control-log-level: no level");
}

static void command_line_beats_file(void **state)
{
	(void)state;
	struct run r;

	write_text("dpdk = { workers = 3; mbufs = 2048; }; uplinks = ( { iface = \"eth0\"; } );");
	LOAD(&r, "-dpdk-workers=5", "--config", file, "--uplink", "iface=eth1",
		"--uplink=iface=eth2");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.dpdk.workers, 5);
	assert_int_equal(r.conf.dpdk.mbufs, 2048);
	assert_int_equal(r.conf.n_uplinks, 2);
	assert_string_equal(r.conf.uplinks[0].iface, "eth1");
	assert_string_equal(r.conf.uplinks[1].iface, "eth2");
	done(&r);
}

static void actions(void **state)
{
	(void)state;
	struct run r;
	char want[128];

	write_text("");
	LOAD(&r, "--check-config", "--config", file);
	snprintf(want, sizeof(want), "%s: ok\n", file);
	assert_int_equal(r.action, CONF_CHECK);
	assert_string_equal(r.out, want);
	done(&r);
	LOAD(&r, "--cleanup", "-config", file);
	assert_int_equal(r.action, CONF_CLEANUP);
	assert_string_equal(r.out, "");
	done(&r);
	LOAD(&r, "--dry-run", "--cleanup", "--config", file);
	assert_int_equal(r.action, CONF_CLEANUP_DRY_RUN);
	done(&r);
	LOAD(&r, "--version");
	assert_int_equal(r.action, CONF_EXIT);
	assert_string_equal(r.out, "ovnetd " OVNET_VERSION "\n");
	done(&r);
	LOAD(&r, "--cleanup", "--check-config", "--config", file);
	assert_int_equal(r.err, -EINVAL);
	done(&r);
}

static void help_lists_every_flag_in_100_columns(void **state)
{
	(void)state;
	struct run r;

	LOAD(&r, "-h");
	assert_int_equal(r.err, 0);
	assert_int_equal(r.action, CONF_EXIT);
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++) {
		char flag[OPTION_NAME_MAX], want[OPTION_NAME_MAX + 8];
		snprintf(want, sizeof(want), "  --%s%s", option_flag(o, flag),
			o->type == OPTION_SWITCH ? "" : " ");
		expect(r.out, want);
		expect(r.out, o->help);
		expect(r.out, o->preset);
	}
	for (const char *line = r.out; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		if (len > 100)
			fail_msg("%zu columns: %.*s", len, (int)len, line);
		line += len + (line[len] == '\n');
	}
	done(&r);
}

static char *read_tree_file(void)
{
	FILE *f = fopen(OVNET_SOURCE "/config/ovnet.conf", "r");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(text);
	assert_in_range(fread(text, 1, 65535, f), 1, 65534);
	fclose(f);
	return text;
}

static void trees_ovnet_conf_is_the_generated_one(void **state)
{
	(void)state;
	struct run r;
	char *tree = read_tree_file();

	LOAD(&r, "--print-config");
	assert_int_equal(r.action, CONF_EXIT);
	assert_string_equal(tree, r.out);
	free(tree);
	done(&r);
}

static void ovnet_conf_uncommented_gives_the_defaults(void **state)
{
	(void)state;
	struct run plain, bare;
	char *tree = read_tree_file();
	unsigned keys = 0, n = 0;

	load_file(&plain, tree);
	assert_string_equal(plain.errors, "");
	/* "#key = value;" is a setting, "# text" is not. */
	for (char *line = tree; line != NULL; line = strchr(line, '\n')) {
		line += strspn(line, "\n\t");
		if (line[0] == '#' && line[1] >= 'a' && line[1] <= 'z') {
			line[0] = ' ';
			keys++;
		}
	}
	for (const struct option_def *o = ovnetd_options; o->key != NULL; o++)
		n++;
	assert_int_equal(keys, n);
	load_file(&bare, tree);
	assert_string_equal(bare.errors, "");
	same_conf(&plain.conf, &bare.conf);
	write_text("");
	struct run none;
	LOAD(&none, "--config", file);
	same_conf(&none.conf, &bare.conf);
	free(tree);
	done(&plain);
	done(&bare);
	done(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_by_file_and_by_flag),
		cmocka_unit_test(members_hold_what_their_key_says),
		cmocka_unit_test(every_range_has_edges),
		cmocka_unit_test(unknown_keys_get_a_suggestion),
		cmocka_unit_test(command_line_beats_file),
		cmocka_unit_test(actions),
		cmocka_unit_test(help_lists_every_flag_in_100_columns),
		cmocka_unit_test(trees_ovnet_conf_is_the_generated_one),
		cmocka_unit_test(ovnet_conf_uncommented_gives_the_defaults),
	};
	return cmocka_run_group_tests_name("options", tests, make_file, remove_file);
}
