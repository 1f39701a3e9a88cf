/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/conf_run.h"

static void bad_values_are_named_with_line_and_cure(void **state)
{
	(void)state;

	refused("\ndpdk = {\n workers = \"2\";\n};", 3,
		"dpdk.workers: a text stands where a number without quotes belongs; give 1 to 31");
	refused("etcd = { prefix = 5; };", 1, "a number stands where a text in quotes belongs");
	refused("etcd = { prefix = [ 5 ]; };", 1, "a list stands where");
	refused("dpdk = { workers = 1.5; };", 1, "a number with a fraction");
	refused("host = { ip-masq = \"true\"; };", 1,
		"host.ip-masq: a text stands where true or false without quotes belongs");
	refused("host = { ip-masq = 1; };", 1, "a number stands where true or false");
	refused("ingress = { validation = true; };", 1, "true or false stands where a text");
	refused("ingress = { validation = \"strickt\"; };", 1, "give off, permissive or strict");
	refused("dpdk = { cpu-level = \"v5\"; };", 1,
		"give auto, x86-64-v2, x86-64-v3 or x86-64-v4");
	refused("etcd = {\n\n\n cafile = \"/nonexistent/ca.pem\"; };", 4,
		"etcd.cafile: \"/nonexistent/ca.pem\" will not do: No such file or directory; "
		"give");
	refused("etcd = { cafile = \"/etc\"; };", 1, "Is a directory");
	static const char *const endpoints[] = {"", "http://", "127.0.0.1:2379",
		"http://a,,http://b", "ftp://a", "http://a b", "http://a,", "http:///x"};
	for (unsigned i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "etcd = { endpoints = \"%s\"; };", endpoints[i]);
		refused(text, 1, "give a comma list such as");
	}
	static const char *const ips[] = {"10.1", "eth0", "127.0.0.1", "224.0.0.1", "2001:db8::1"};
	for (unsigned i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "node = { public-ip = \"%s\"; };", ips[i]);
		refused(text, 1, "node.public-ip: \"");
	}
	static const char *const cpus[] = {
		"x", "1,", "1-", "3-2", "1,1", "1-3,2", "1024", "-1", "1 2"};
	for (unsigned i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "dpdk = { worker-cpus = \"%s\"; };", cpus[i]);
		refused(text, 1, "give CPU numbers such as");
	}
	refused("host = { device = \"sixteen-chars-xx\"; };", 1, "1 to 15 characters");
	refused("host = { device = \"a/b\"; };", 1, "1 to 15 characters");
	refused("node = { iface = \"a b\"; };", 1, "give an interface's name or address");
	refused("node = { subnet-file = \"a\\nb\"; };", 1, "control characters");
	static const char *const bad[] = {"caf\xe9", "\xc3", "\xc0\xaf", "\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\x80"};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "etcd = { username = \"u\"; password = \"%s\"; };",
			bad[i]);
		refused(text, 1, "etcd.password: longer than");
	}
	refused("control = { socket = \"run.sock\"; };", 1, "give an absolute path");
	static const char *const modes[] = {"", "66", "0888", "1777", "rw", "00660"};
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "control = { socket-mode = \"%s\"; };", modes[i]);
		refused(text, 1, "give an octal mode");
	}
}

static void values_are_checked_together(void **state)
{
	(void)state;
	struct run r;

	refused("encap = {\n src-port-min = 61000;\n};", 2,
		"encap.src-port-min: 61000 is above src-port-max, 60999");
	refused("encap = {\n\n src-port-max = 100;\n};", 3,
		"encap.src-port-max: 100 is below src-port-min, 32768; give src-port-min too");
	refused("dpdk = {\n\n worker-cpus = \"1,2\"; };", 3, "2 CPUs for 1 workers");
	refused("etcd = { keyfile = \"/etc/passwd\"; };", 1, "give etcd.certfile too");
	refused("dpdk = { mbufs = 1023; };", 1, "dpdk.mbufs: 1023; give 1024 at least, or 0");
	refused("host = { device = \"\";\n ip-masq = true; };", 2,
		"host.ip-masq: masquerade, but host.device is \"\"; give the host device a name");
	refused("etcd = { password = \"s3cret\"; };", 1, "give etcd.username too");
	refused("control = {\n log-level = \"info,nowhere=debug\"; };", 2,
		"no level or module \"nowhere");
	refused("control = { log-level = \"loud\"; };", 1, "no level or module \"loud\"");
	write_text("");
	LOAD(&r, "--config", file, "--dpdk-worker-cpus=1-4");
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, "command line: --dpdk-worker-cpus: 4 CPUs for 1 workers");
	done(&r);
}

static void all_errors_are_reported(void **state)
{
	(void)state;
	struct run r;

	const char *text = "dpdk = { workers = 99;\n mbufs = 1;\n x = 1; };\n"
			   "uplinks = ( { }, 5 );\nnode = { public-ip = \"x\"; };\n";
	write_text(text);
	LOAD(&r, "--check-config", "--config", file, "--host-device=a/b", "--nonsense");
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, ":1: dpdk.workers: ");
	expect(r.errors, ":2: dpdk.mbufs: ");
	expect(r.errors, ":3: dpdk.x: ");
	expect(r.errors, ":4: uplinks[0]: none of iface, pci and devargs");
	expect(r.errors, ":4: uplinks[1]: not a group");
	expect(r.errors, ":5: node.public-ip: ");
	expect(r.errors, "command line: --host-device: ");
	expect(r.errors, "--nonsense");
	assert_string_equal(r.out, "");
	done(&r);
}

static void hostile_files_are_refused(void **state)
{
	(void)state;
	struct run r;
	char want[128];

	refused("dpdk = {\n workers = ;\n};", 2, "syntax error");
	refused("dpdk = { workers = 1; };\ndpdk = { mbufs = 2048; };", 2, "duplicate setting name");
	refused("dpdk = { memory = 4294967297; };", 1, "number too large");
	refused("dpdk = { memory = 0x100000001; };", 1, "number too large");
	refused("dpdk = { memory = 99999999999999999999999999999999999999; };", 1,
		"number too large");
	refused("\n/* dpdk = { workers = 1; };\n", 2, "a comment starts here and never ends");
	refused("\nnode = { iface = \"eth0; };\n", 2, "a text starts here and never ends");
	refused("\n@include \"/etc\"\n", 2, "@include is not read");
	refused("host = { device = \"a\\x1bb\"; };", 1, "control characters");

	static const char zero[] = "dpdk = { workers = 1; };\0zzz";
	write_bytes(zero, sizeof(zero) - 1);
	LOAD(&r, "--config", file);
	snprintf(want, sizeof(want), "ovnetd: %s: holds a zero byte", file);
	expect(r.errors, want);
	done(&r);

	char *deep = malloc(100001);
	assert_non_null(deep);
	memset(deep, '(', 100000);
	memcpy(deep, "a = ", 4);
	deep[100000] = '\0';
	load_file(&r, deep);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, file);
	free(deep);
	done(&r);

	LOAD(&r, "--config", "/etc");
	expect(r.errors, "ovnetd: /etc: not a regular file");
	done(&r);
	LOAD(&r, "--config", "/dev/zero");
	expect(r.errors, "ovnetd: /dev/zero: not a regular file");
	done(&r);
	LOAD(&r, "--config", "/nonexistent/x.conf");
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, "/nonexistent/x.conf: cannot be opened: No such file");
	done(&r);
}

static void scanner_leaves_good_text_alone(void **state)
{
	(void)state;
	struct run r;

	load_file(&r,
		"// 99999999999\n# \"open\n/* @include \" 99999999999 */\n"
		"etcd : { prefix = \"/a99999999999//b/*c\\\"@include\" \"#x\"; timeout = 0x10L; }\n"
		"dpdk = { memory = 1048576; }\n");
	assert_string_equal(r.errors, "");
	assert_string_equal(r.conf.etcd.prefix, "/a99999999999//b/*c\"@include#x");
	assert_int_equal(r.conf.etcd.timeout, 16);
	assert_int_equal(r.conf.dpdk.memory, 1048576);
	done(&r);
}

static void noise_does_not_fill_the_journal(void **state)
{
	(void)state;
	struct run r;
	size_t size = 200000, len = 0;
	char *text = malloc(size);

	assert_non_null(text);
	len += (size_t)snprintf(text, size, "dpdk = {\n");
	for (unsigned i = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, size - len, "zzqqzz%u = 1;\n", i);
	snprintf(text + len, size - len, "};\n");
	load_file(&r, text);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, "and 4900 errors more");
	unsigned lines = 0;
	for (const char *c = r.errors; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, LOADER_MAX_ERRORS + 1);
	free(text);
	done(&r);
}

static void uplinks_of_both_kinds(void **state)
{
	(void)state;
	struct run r;
	char text[OVNET_PREFIX_STRLEN];

	load_file(&r, "uplinks = ( { iface = \"eth0\"; driver = \"af_xdp\"; queues = 4;\n"
		      "zero-copy = \"on\"; }, { devargs = \"net_pcap0,rx_pcap=a,tx_pcap=b\"; "
		      "address = \"192.0.2.1/24\";\n"
		      "  gateway = \"192.0.2.254\"; neighbours = (\n"
		      "  { ip = \"192.0.2.254\"; mac = \"02:00:00:00:00:fe\"; },\n"
		      "  { ip = \"192.0.2.2\"; mac = \"02:00:00:00:00:02\"; } ); } );\n");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.n_uplinks, 2);
	const struct conf_uplink *a = &r.conf.uplinks[0], *b = &r.conf.uplinks[1];
	assert_int_equal(a->driver, CONF_DRIVER_AF_XDP);
	assert_int_equal(a->queues, 4);
	assert_true(a->zero_copy);
	assert_false(b->zero_copy);
	assert_string_equal(a->devargs, "");
	assert_int_equal(b->driver, CONF_DRIVER_DPDK);
	assert_string_equal(b->devargs, "net_pcap0,rx_pcap=a,tx_pcap=b");
	assert_string_equal(
		ovnet_prefix4_text(&b->address_net, text, sizeof(text)), "192.0.2.0/24");
	assert_string_equal(ovnet_addr_text(&b->address, text, sizeof(text)), "192.0.2.1");
	assert_string_equal(ovnet_addr_text(&b->gateway, text, sizeof(text)), "192.0.2.254");
	assert_int_equal(b->n_neighbours, 2);
	assert_string_equal(
		ovnet_mac_text(&b->neighbours[1].mac, text, sizeof(text)), "02:00:00:00:00:02");
	done(&r);
}

static void bad_uplinks_are_refused(void **state)
{
	(void)state;
	struct run r;

#define DPDK(members) "uplinks = (\n { devargs = \"net_null0\"; " members " } );"
	refused("uplinks = { };", 1, "uplinks: not a list; give uplinks = ( { ... }, { ... } );");
	refused("uplinks = (\n { iface = \"a\"; devargs = \"b\"; } );", 2,
		"iface and devargs together; give one of");
	refused("uplinks = (\n { pci = \"0000:3b:00.0\"; devargs = \"0000:3b:00.0\"; } );", 2,
		"pci and devargs together; give one of");
	refused("uplinks = ( { iface = \"a\"; pci = \"0000:3b:00.0\"; } );", 1,
		"iface and pci together; give one of");
	static const char *const no_pci[] = {"eth1", "3b:00", "3b:00.8", "3b:0.0",
		"0000:3b:00.0,a=1", "000:3b:00.0", "000010000:3b:00.0", "0000:3b:00.0.",
		"pci:0000:3b:00.0", " 3b:00.0", ":"};
	for (unsigned i = 0; i < sizeof(no_pci) / sizeof(no_pci[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "uplinks = ( { pci = \"%s\"; } );", no_pci[i]);
		refused(text, 1, "give a PCI address such as");
	}
	refused("uplinks = (\n { iface = \"a\"; },\n { iface = \"a\"; } );", 3,
		"another uplink already");
	refused("uplinks = ( { iface = \"a\"; gateway = \"192.0.2.1\"; } );", 1,
		"go with pci or devargs");
	refused("uplinks = ( { iface = \"a\"; driver = \"dpdk\"; } );", 1,
		"give auto, af_xdp, af_packet or socket");
	refused("uplinks = ( { iface = \"a\"; queues = 32; } );", 1,
		"uplinks[0].queues: 32 is out of");
	refused(DPDK("twin = \"off\";"), 2, "neither a twin nor address");
	refused(DPDK("gateway = \"192.0.2.1\";"), 2, "gateway and neighbours without address");
	refused(DPDK("twin = \"t0\"; address = \"192.0.2.1/24\";"), 2, "address and twin t0");
	refused(DPDK("twin = \"sixteen-letters-\";"), 2, "give \"auto\", \"off\", or the name of");
	refused(DPDK("twin = \"t%d\";"), 2, "give \"auto\", \"off\", or the name of");
	refused(DPDK("twin = \"ovnet0\";"), 2, "its twin ovnet0 is the host device");
	refused("uplinks = ( { iface = \"a\"; mtu = 9000; } );", 1, "twin and mtu go with pci or");
	refused("uplinks = ( { iface = \"a\"; vlan = 100; } );", 1, "as in iface = \"a.100\"");
	refused(DPDK("vlan = 4095;"), 2, "vlan: 4095 is out of");
	refused("uplinks = ( { iface = \"t0\"; },\n { devargs = \"b\"; twin = \"t0\"; } );", 2,
		"its twin t0 is another uplink's");
	refused("uplinks = ( { devargs = \"a\"; },\n { devargs = \"b\"; twin = "
		"\"ovnet-uplink0\"; } );",
		2, "its twin ovnet-uplink0 is another uplink's");
	refused(DPDK("driver = \"af_xdp\";"), 2, "driver goes with iface");
	refused(DPDK("address = \"192.0.2.1\";"), 2, "give an IPv4 address and its prefix length");
	refused(DPDK("address = \"192.0.2.0/24\";"), 2, "give an IPv4 address and its prefix");
	refused(DPDK("address = \"192.0.2.255/24\";"), 2, "give an IPv4 address and its prefix");
	refused(DPDK("address = \"192.0.2.1/24\"; gateway = \"198.51.100.1\";"), 2,
		"the gateway is not");
	refused(DPDK("address = \"192.0.2.1/24\"; gateway = \"192.0.2.1\";"), 2,
		"the gateway is not");
	refused(DPDK("address = \"192.0.2.1/24\"; neighbours = ( { ip = \"192.0.2.2\"; } );"), 2,
		"ip or mac is missing");
	refused(DPDK("address = \"192.0.2.1/24\"; neighbours = ( 5 );"), 2,
		"neighbours: not a group");
	refused(DPDK("address = \"192.0.2.1/24\"; neighbours = 5;"), 2, "neighbours: not a list");
	refused(DPDK("address = \"192.0.2.1/24\"; neighbours = ( { ip = \"192.0.3.2\"; "
		     "mac = \"02:00:00:00:00:02\"; } );"),
		2, "neighbour 192.0.3.2 is not");
	refused(DPDK("address = \"192.0.2.1/24\"; neighbours = ( { ip = \"192.0.2.2\"; "
		     "mac = \"01:00:00:00:00:02\"; } );"),
		2, "give a unicast MAC");
	refused("uplinks = ( "
		"{iface=\"a\";},{iface=\"b\";},{iface=\"c\";},{iface=\"d\";},{iface=\"e\";},"
		"{iface=\"f\";},{iface=\"g\";},{iface=\"h\";},\n{iface=\"i\";} );",
		2, "more than 8 uplinks");
	write_text("");
	LOAD(&r, "--config", file, "--uplink=driver=auto");
	expect(r.errors, "--uplink: none of iface, pci and devargs");
	done(&r);
	flag_refused("--uplink=devargs=net_null0", "anything else in the file");
	flag_refused("--uplink=iface=eth0,driver=fast", "--uplink driver: \"fast\" will not do");
	flag_refused("--uplink=eth0", "\"eth0\" does not belong there");
}

static void a_pci_address_is_its_devargs(void **state)
{
	(void)state;
	struct run r;

	load_file(&r, "uplinks = ( { pci = \"0000:3b:00.0\"; }, { pci = \"3b:00.1\"; "
		      "twin = \"t1\"; vlan = 4094; },\n { pci = \"10000:E1:1f.7\"; "
		      "address = \"192.0.2.1/24\"; } );");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.n_uplinks, 3);
	assert_string_equal(r.conf.uplinks[0].devargs, "0000:3b:00.0");
	assert_string_equal(r.conf.uplinks[1].devargs, "3b:00.1");
	assert_string_equal(r.conf.uplinks[2].devargs, "10000:E1:1f.7");
	assert_int_equal(r.conf.uplinks[0].vlan, 0);
	assert_int_equal(r.conf.uplinks[1].vlan, 4094);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(r.conf.uplinks[i].driver, CONF_DRIVER_DPDK);
	done(&r);
}

/* 65 neighbours: one too many. */
static void neighbours_are_bounded(void **state)
{
	(void)state;
	struct run r;
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text),
		"uplinks = ( { devargs = \"x\"; address = \"192.0.2.1/24\"; neighbours = (\n");

	for (unsigned i = 0; i < CONF_MAX_NEIGHBOURS + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s{ ip = \"192.0.2.%u\"; mac = \"02:00:00:00:00:02\"; }\n", i ? "," : "",
			i + 2);
	snprintf(text + len, sizeof(text) - len, "); } );\n");
	refused(text, CONF_MAX_NEIGHBOURS + 2, "neighbours: more than 64");
	char *last = strrchr(text, ',');
	strcpy(last, "); } );\n");
	load_file(&r, text);
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.uplinks[0].n_neighbours, CONF_MAX_NEIGHBOURS);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_values_are_named_with_line_and_cure),
		cmocka_unit_test(values_are_checked_together),
		cmocka_unit_test(all_errors_are_reported),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(scanner_leaves_good_text_alone),
		cmocka_unit_test(noise_does_not_fill_the_journal),
		cmocka_unit_test(uplinks_of_both_kinds),
		cmocka_unit_test(bad_uplinks_are_refused),
		cmocka_unit_test(a_pci_address_is_its_devargs),
		cmocka_unit_test(neighbours_are_bounded),
	};
	return cmocka_run_group_tests_name("conf_file", tests, make_file, remove_file);
}
