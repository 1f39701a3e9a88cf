/* SPDX-License-Identifier: BSD-3-Clause */
/* Attach ports in the file and by flag. */
#include "bed/conf_run.h"

#define GOOD "name = \"a\"; driver = \"tap\"; addresses = \"10.5.1.7\";"

static void assert_address(const struct conf_port *p, unsigned i, const char *want)
{
	char text[OVNET_PREFIX_STRLEN];

	assert_true(i < p->n_addresses);
	assert_string_equal(ovnet_prefix_text(&p->addresses[i], text, sizeof(text)), want);
}

static void ports_of_every_driver(void **state)
{
	(void)state;
	struct run r;
	char text[OVNET_MAC_STRLEN];

	load_file(&r,
		"host = { device = \"\"; };\n"
		"ports = ( { name = \"gen.0\"; devargs = \"net_pcap0,rx_pcap=a,tx_pcap=b\";\n"
		"  addresses = \"10.5.1.0/24\"; mac = \"02:00:00:00:00:01\"; mtu = 1400;\n"
		"  queues = 3; descriptors = 512; },\n"
		"{ name = \"box-1\"; driver = \"tap\"; addresses = \"10.5.1.7\"; },\n"
		"{ name = \"box_2\"; driver = \"tap\"; iface = \"tap2\";\n"
		"  addresses = \" 10.5.1.8 , 10.5.1.64/26,fd00:5:1::8,fd00:5:1:1::/64 \"; },\n"
		"{ name = \"pod\"; driver = \"af_xdp\"; iface = \"veth0\";\n"
		"  addresses = \"10.5.1.9/32\"; } );\n");
	assert_string_equal(r.errors, "");
	assert_string_equal(r.conf.host.device, "");
	assert_int_equal(r.conf.n_ports, 4);
	const struct conf_port *p = r.conf.ports;
	assert_string_equal(p[0].name, "gen.0");
	assert_int_equal(p[0].driver, CONF_PORT_DPDK);
	assert_string_equal(p[0].devargs, "net_pcap0,rx_pcap=a,tx_pcap=b");
	assert_int_equal(p[0].n_addresses, 1);
	assert_address(&p[0], 0, "10.5.1.0/24");
	assert_true(p[0].has_mac);
	assert_string_equal(ovnet_mac_text(&p[0].mac, text, sizeof(text)), "02:00:00:00:00:01");
	assert_int_equal(p[0].mtu, 1400);
	assert_int_equal(p[0].queues, 3);
	assert_int_equal(p[0].descriptors, 512);
	assert_int_equal(p[1].driver, CONF_PORT_TAP);
	assert_string_equal(p[1].iface, "box-1"); /* the port's own name */
	assert_true(p[1].has_mac);                /* made from its first address */
	assert_string_equal(ovnet_mac_text(&p[1].mac, text, sizeof(text)), "02:20:0a:05:01:07");
	assert_int_equal(p[1].mtu, 0);
	assert_int_equal(p[1].queues, 0);
	assert_int_equal(p[1].descriptors, 0);
	assert_string_equal(p[2].iface, "tap2");
	assert_int_equal(p[2].n_addresses, 4);
	assert_address(&p[2], 0, "10.5.1.8/32");
	assert_address(&p[2], 1, "10.5.1.64/26");
	assert_address(&p[2], 2, "fd00:5:1::8/128");
	assert_address(&p[2], 3, "fd00:5:1:1::/64");
	assert_int_equal(p[3].driver, CONF_PORT_AF_XDP);
	assert_string_equal(p[3].iface, "veth0");
	assert_false(p[3].has_mac);
	done(&r);
}

static void workers_are_named(void **state)
{
	(void)state;
	struct run r;

	load_file(&r, "dpdk = { workers = 3; };\n"
		      "uplinks = ( { iface = \"eth0\"; workers = \"0-1\"; } );\n"
		      "ports = ( { " GOOD " workers = \"0,2\"; } );\n");
	assert_string_equal(r.errors, "");
	assert_string_equal(r.conf.uplinks[0].workers, "0-1");
	assert_string_equal(r.conf.ports[0].workers, "0,2");
	assert_true(r.conf.dpdk.balance);
	done(&r);
	write_text("");
	LOAD(&r, "--config", file, "--dpdk-workers=2", "--dpdk-balance=false",
		"--port=name=t0,driver=tap,workers=1,0,addresses=10.5.1.129");
	assert_string_equal(r.errors, "");
	assert_string_equal(r.conf.ports[0].workers, "1,0");
	assert_false(r.conf.dpdk.balance);
	done(&r);
	/* What is wrong is known only when all is read. */
	refused("uplinks = ( { iface = \"eth0\"; workers = \"1\"; } );\n"
		"ports = (\n { " GOOD " workers = \"0,7\"; } );\n"
		"dpdk = { workers = 7; };\n",
		3,
		"ports[0]: workers: there is no worker 7; give numbers from 0 to 6, or raise "
		"dpdk.workers");
	refused("uplinks = ( { iface = \"eth0\"; workers = \"0,1\"; } );\n", 1,
		"uplinks[0]: workers: there is no worker 1; give numbers from 0 to 0");
	refused("ports = (\n { " GOOD " workers = \"0,0\"; } );\n", 2,
		"give numbers of workers such as \"0,2\" or \"0-2\", each once");
	flag_refused("--uplink=iface=eth0,workers=0", "anything else in the file");
}

/* A flag's commas are between members, but in devargs and in lists of addresses. */
static void ports_by_flag(void **state)
{
	(void)state;
	struct run r;

	write_text("ports = ( { " GOOD " } );");
	LOAD(&r, "--config", file,
		"--port=name=gen0,addresses=10.5.1.0/25,10.5.1.200,mtu=1300,"
		"devargs=net_pcap0,rx_pcap=a,name=b",
		"--port", "driver=tap,name=t0,mac=02:00:00:00:00:09,addresses=10.5.1.129,fd00::7");
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.n_ports, 2); /* the file's are out */
	const struct conf_port *p = r.conf.ports;
	assert_string_equal(p[0].name, "gen0");
	assert_string_equal(p[0].devargs, "net_pcap0,rx_pcap=a,name=b");
	assert_int_equal(p[0].n_addresses, 2);
	assert_address(&p[0], 1, "10.5.1.200/32");
	assert_int_equal(p[0].mtu, 1300);
	assert_string_equal(p[1].iface, "t0");
	assert_int_equal(p[1].n_addresses, 2);
	assert_address(&p[1], 1, "fd00::7/128");
	done(&r);
	flag_refused("--port=name=a,driver=tap,addresses=10.5.1.7,,mtu=5",
		"--port addresses: \"10.5.1.7,\" will not do");
	flag_refused("--port=name=a,driver=tap,addresses=10.5.1.7,", "\"10.5.1.7,\" will not do");
	flag_refused("--port=gen0", "--port: \"gen0\" does not belong there; give name=NAME");
	flag_refused("--port=name=a,colour=red", "--port: \"colour\" does not belong there");
	flag_refused("--port=name=a,driver=tap", "--port: without addresses; give");
	flag_refused(
		"--port=name=a,driver=vhosts", "--port driver: \"vhosts\" will not do; give dpdk");
	flag_refused("--port=name=a,driver=vhost,addresses=10.5.1.7",
		"--port: driver vhost without path; give the socket");
}

static void bad_members_are_refused(void **state)
{
	(void)state;

#define PORT(members) "ports = (\n { " members " } );"
	refused("ports = { };", 1, "ports: not a list; give ports = ( { ... }, { ... } );");
	refused("ports = ( 5 );", 1, "ports[0]: not a group; give { name = \"gen0\";");
	refused(PORT(GOOD "colour = \"red\";"), 2, "colour: no such key");
	refused(PORT("driver = \"tap\"; addresses = \"10.5.1.7\";"), 2,
		"ports[0]: without a name; give one, as in name = \"gen0\"");
	refused(PORT("name = \"a\"; driver = \"tap\";"), 2,
		"ports[0]: without addresses; give what");
	refused(PORT("name = \"a b\";"), 2,
		"ports[0].name: \"a b\" will not do; give 1 to 15 letters");
	refused(PORT("name = \"..\";"), 2, "give 1 to 15 letters");
	refused(PORT("name = \"sixteen-letters-\";"), 2, "give 1 to 15 letters");
	refused(PORT("name = \"a\"; driver = \"geneve\";"), 2,
		"\"geneve\" will not do; give dpdk, tap, af_xdp or vhost");
	refused(PORT("name = \"a\"; addresses = \"10.5.1.7\";"), 2,
		"driver dpdk without devargs; give the device");
	refused(PORT("name = \"a\"; addresses = \"10.5.1.7\"; devargs = \"x\"; iface = \"y\";"), 2,
		"iface does not go with driver dpdk; remove it");
	refused(PORT(GOOD "devargs = \"x\";"), 2, "devargs does not go with driver tap; remove it");
	refused(PORT("name = \"a\"; driver = \"af_xdp\"; addresses = \"10.5.1.7\";"), 2,
		"driver af_xdp without iface; give our end of a veth");
	refused(PORT(GOOD "mac = \"01:00:00:00:00:02\";"), 2, "ports[0].mac: ");
	refused(PORT(GOOD "mac = \"00:00:00:00:00:00\";"), 2, "give a unicast MAC address");
	refused(PORT(GOOD "queues = 32;"), 2, "ports[0].queues: 32 is out of range; give 0 to 31");
	refused(PORT(GOOD "descriptors = 32769;"), 2, "out of range; give 0 to 32768");
	refused(PORT(GOOD "mtu = 65001;"), 2, "out of range; give 0 to 65000");
	refused(PORT(GOOD "mtu = 67;"), 2, "ports[0]: mtu 67; give 68 at least, or 0");
	refused(PORT("name = \"a\"; driver = \"tap\"; addresses = \"fd00::7\"; mtu = 1279;"), 2,
		"ports[0]: mtu 1279; give 1280 at least");
}

static void who_is_told_its_address_has_one(void **state)
{
	(void)state;
	struct run r;

#define SAY_DHCP "more than one address of an IP version; give one of each"
	refused(PORT("name = \"a\"; driver = \"tap\"; dhcp = true; addresses = "
		     "\"10.5.1.7,10.5.1.8\";"),
		2, SAY_DHCP);
	refused(PORT("name = \"a\"; driver = \"tap\"; dhcp = true; addresses = \"10.5.1.64/26\";"),
		2, SAY_DHCP);
	refused(PORT("name = \"a\"; driver = \"tap\"; dhcp = true; addresses = "
		     "\"10.5.1.7,fd00::7,fd00::8\";"),
		2, SAY_DHCP);
	refused(PORT("name = \"a\"; driver = \"tap\"; dhcp = true; addresses = \"fd00::/64\";"), 2,
		SAY_DHCP);
	refused(PORT("name = \"a\"; driver = \"af_xdp\"; iface = \"x\"; dhcp = true; addresses = "
		     "\"10.5.1.7\";"),
		2, "dhcp without mac; give the MAC address");
	load_file(&r, PORT(GOOD "dhcp = true;"));
	assert_string_equal(r.errors, "");
	assert_true(r.conf.ports[0].dhcp);
	done(&r);
	write_text("");
	LOAD(&r, "--config", file, "--port=name=b,driver=tap,dhcp=true,addresses=10.5.1.7,fd00::7");
	assert_string_equal(r.errors, "");
	assert_true(r.conf.ports[0].dhcp);
	done(&r);
}

#define VHOST "name = \"a\"; driver = \"vhost\"; addresses = \"10.5.1.7\"; "

static void sockets_of_guests(void **state)
{
	(void)state;
	char long_path[110] = "";
	char text[256];
	struct run r;

	load_file(&r,
		"ports = ( { " VHOST "path = \"/run/a.sock\"; },\n"
		"{ name = \"b\"; driver = \"vhost\"; addresses = \"10.5.1.8\"; path = \"/run/b\";\n"
		"  server = true; socket-mode = \"0660\"; socket-owner = \"libvirt-qemu:kvm\"; } "
		");");
	assert_string_equal(r.errors, "");
	const struct conf_port *p = r.conf.ports;
	assert_int_equal(p[0].driver, CONF_PORT_VHOST);
	assert_string_equal(p[0].path, "/run/a.sock");
	assert_false(p[0].server);
	assert_string_equal(p[0].socket_mode, "");
	assert_string_equal(p[0].socket_owner, "");
	assert_false(p[0].has_mac);
	assert_true(p[1].server);
	assert_string_equal(p[1].socket_mode, "0660");
	assert_string_equal(p[1].socket_owner, "libvirt-qemu:kvm");
	done(&r);

	memset(long_path, 'x', sizeof(long_path) - 2);
	long_path[0] = '/';
	snprintf(text, sizeof(text), PORT(VHOST "path = \"%s\";"), long_path);
	refused(text, 2, "will not do; give the absolute path of a socket, 107 bytes at most");
	refused(PORT(VHOST "path = \"a.sock\";"), 2, "give the absolute path of a socket");
	refused(PORT(VHOST), 2, "driver vhost without path; give the socket");
	refused(PORT(VHOST "path = \"/a\"; iface = \"a\";"), 2,
		"iface does not go with driver vhost; remove it");
	refused(PORT(VHOST "path = \"/a\"; devargs = \"a\";"), 2,
		"devargs does not go with driver vhost; remove it");
	refused(PORT(VHOST "path = \"/a\"; socket-mode = \"0660\";"), 2,
		"socket-mode and socket-owner without server");
	refused(PORT(VHOST "path = \"/a\"; server = true; socket-mode = \"rw\";"), 2,
		"give an octal mode");
	refused(PORT(VHOST "path = \"/a\"; server = true; socket-owner = \"a:\";"), 2,
		"give a user, \":\" and a group, or both");
	refused(PORT(VHOST "path = \"/a\"; server = true; socket-owner = \"a b\";"), 2,
		"give a user");
	refused(PORT(GOOD "path = \"/a\";"), 2, "path does not go with driver tap; remove it");
	refused(PORT(GOOD "server = true;"), 2, "server does not go with driver tap; remove it");
	refused(PORT(GOOD "socket-owner = \"kvm\";"), 2,
		"socket-owner does not go with driver tap");
}

static void addresses_are_canonical(void **state)
{
	(void)state;
	static const char *const bad[] = {"10.5.1.7/24", "fd00::7/64", "10.5.1", "224.0.0.1",
		"127.0.0.1", "0.0.0.0/0", "::/0", "255.255.255.255", "10.5.1.7/33", "fd00::/129",
		"10.5.1.7 10.5.1.8", ",10.5.1.7", "10.5.1.7,", "10.5.1.7,,10.5.1.8", " ",
		"10.5.1.7/", "ff02::1", "10.5.1.7/32/1"};
	char text[256];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
			PORT("name = \"a\"; driver = \"tap\"; addresses = \"%s\";"), bad[i]);
		refused(text, 2, "will not do; give addresses, or prefixes without host bits");
	}
}

static void what_is_there_once(void **state)
{
	(void)state;

#define TWO(a, b) "ports = (\n { driver = \"tap\"; " a " },\n { driver = \"tap\"; " b " } );"
	refused(TWO("name = \"a\"; addresses = \"10.5.1.7\";",
			"name = \"a\"; iface = \"b\"; addresses = \"10.5.1.8\";"),
		3, "ports[1]: the name a is port a's already; give this one another");
	refused(TWO("name = \"a\"; addresses = \"10.5.1.7\";",
			"name = \"b\"; addresses = \"10.5.1.9,10.5.1.7/32\";"),
		3, "ports[1]: address 10.5.1.7/32 is port a's already; give this one another");
	refused(TWO("name = \"a\"; addresses = \"fd00::/64\";",
			"name = \"b\"; addresses = \"fd00::/64\";"),
		3, "ports[1]: address fd00::/64 is port a's already");
	refused(TWO("name = \"a\"; addresses = \"10.5.1.7,10.5.1.7\";",
			"name = \"b\"; addresses = \"10.5.1.8\";"),
		2, "ports[0]: address 10.5.1.7/32 is there twice; remove one");
	refused(TWO("name = \"a\"; addresses = \"10.5.1.7\"; mac = \"02:00:00:00:00:01\";",
			"name = \"b\"; addresses = \"10.5.1.8\"; mac = \"02-00-00-00-00-01\";"),
		3, "ports[1]: MAC 02:00:00:00:00:01 is port a's already");
	refused(TWO("name = \"a\"; addresses = \"10.5.1.7\";",
			"name = \"b\"; iface = \"a\"; addresses = \"10.5.1.8\";"),
		3, "ports[1]: interface a is port a's already");
	refused("ports = (\n { " VHOST
		"path = \"/run/a\"; },\n { name = \"b\"; driver = \"vhost\"; "
		"addresses = \"10.5.1.8\"; path = \"/run/a\"; } );",
		3, "ports[1]: socket /run/a is port a's already; give this one another");
	refused("uplinks = ( { iface = \"a\"; } );\n" PORT(GOOD), 3,
		"ports[0]: a is an uplink; give this port another name");
	refused("host = { device = \"a\"; };\n" PORT(GOOD), 3,
		"ports[0]: a is the host device; give this port another name");
	refused(PORT("name = \"x\"; driver = \"af_xdp\"; iface = \"e1\"; addresses = "
		     "\"10.5.1.7\";") "\n"
				      "node = { iface = \"e1\"; };",
		2, "ports[0]: e1 is the uplink; give this port another iface");
	refused(PORT("name = \"uplink0\"; driver = \"tap\"; addresses = \"10.5.1.7\";") "\n"
											"uplinks = "
											"( { "
											"devargs = "
											"\"net_"
											"null0\"; "
											"address = "
											"\"192.0.2."
											"1/24\"; } "
											");",
		2, "ports[0]: uplink0 is an uplink; give this port another name");
}

/* A prefix may lie in another port's: the longer one gets the address. */
static void nested_prefixes_are_good(void **state)
{
	(void)state;
	struct run r;

	load_file(&r, TWO("name = \"a\"; addresses = \"10.5.1.0/24\";",
			      "name = \"b\"; addresses = \"10.5.1.0/25,10.5.1.0/32\";"));
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.n_ports, 2);
	done(&r);
}

/* `n` ports, the last on line n + 1. */
static char *many(unsigned n)
{
	size_t size = 128u * (n + 2), len;
	char *text = malloc(size);

	assert_non_null(text);
	len = (size_t)snprintf(text, size, "ports = (\n");
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len,
			"{ name = \"p%u\"; driver = \"tap\"; addresses = \"10.5.%u.%u\"; }%s\n", i,
			i / 200, i % 200 + 1, i + 1 < n ? "," : "");
	snprintf(text + len, size - len, ");\n");
	return text;
}

static void ports_are_bounded(void **state)
{
	(void)state;
	struct run r;
	char *text = many(CONF_MAX_PORTS);

	load_file(&r, text);
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.n_ports, CONF_MAX_PORTS);
	assert_string_equal(r.conf.ports[CONF_MAX_PORTS - 1].name, "p999");
	done(&r);
	free(text);
	text = many(CONF_MAX_PORTS + 1);
	refused(text, CONF_MAX_PORTS + 2, "more than 1000 ports; remove some");
	free(text);
}

/* 65 addresses of one port: one too many. */
static void addresses_are_bounded(void **state)
{
	(void)state;
	struct run r;
	char text[2048];
	size_t len = (size_t)snprintf(text, sizeof(text),
		"ports = ( { name = \"a\"; driver = \"tap\"; addresses = \"10.5.1.1");

	for (unsigned i = 1; i < CONF_PORT_MAX_ADDRS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",10.5.1.%u", i + 1);
	snprintf(text + len, sizeof(text) - len, "\"; } );");
	load_file(&r, text);
	assert_string_equal(r.errors, "");
	assert_int_equal(r.conf.ports[0].n_addresses, CONF_PORT_MAX_ADDRS);
	done(&r);
	snprintf(text + len, sizeof(text) - len, ",10.5.2.1\"; } );");
	refused(text, 1, "without host bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_every_driver),
		cmocka_unit_test(workers_are_named),
		cmocka_unit_test(ports_by_flag),
		cmocka_unit_test(bad_members_are_refused),
		cmocka_unit_test(who_is_told_its_address_has_one),
		cmocka_unit_test(sockets_of_guests),
		cmocka_unit_test(addresses_are_canonical),
		cmocka_unit_test(what_is_there_once),
		cmocka_unit_test(nested_prefixes_are_good),
		cmocka_unit_test(ports_are_bounded),
		cmocka_unit_test(addresses_are_bounded),
	};
	return cmocka_run_group_tests_name("conf_ports", tests, make_file, remove_file);
}
