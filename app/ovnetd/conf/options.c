/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/options.h"

#include "conf/conf.h"
#include "conf/validate.h"

#define AT(member) \
	.offset = offsetof(struct conf, member), .width = sizeof(((struct conf *)0)->member)

static const char *const api[] = {"auto", "v3", "v2", NULL};
static const char *const validation[] = {"off", "permissive", "strict", NULL};
static const char *const routed[] = {"strict", "asymmetric", NULL};
static const char *const off_on[] = {"off", "on", NULL};
static const char *const df[] = {"auto", "clear", "set", "inherit", NULL};
static const char *const hugepages[] = {"auto", "on", "off", NULL};
static const char *const blackhole[] = {"auto", "on", "off", NULL};
static const char *const kernel_lane[] = {"auto", "off", NULL};
static const char *const on_lost[] = {"keep", "drain", NULL};
static const char *const on_stop[] = {"hold", "kernel", "remove", NULL};
static const char *const takeover[] = {"ask", "yes", "no", NULL};
static const char *const registry[] = {"etcd", "static", NULL};
static const char *const transport[] = {"auto", "grpc", "json", NULL};
static const char *const mode[] = {"adaptive", "poll", NULL};
static const char *const cpu_level[] = {"auto", "x86-64-v2", "x86-64-v3", "x86-64-v4", NULL};

static_assert(CONF_API_AUTO == 0 && CONF_API_V3 == 1 && CONF_API_V2 == 2, "order of choices");
static_assert(CONF_HUGE_AUTO == 0 && CONF_HUGE_ON == 1 && CONF_HUGE_OFF == 2, "order of choices");
static_assert(CONF_REGISTRY_ETCD == 0 && CONF_REGISTRY_STATIC == 1, "order of choices");
static_assert(CONF_TRANSPORT_AUTO == 0 && CONF_TRANSPORT_GRPC == 1 && CONF_TRANSPORT_JSON == 2,
	"order of choices");
static_assert(CONF_LOST_KEEP == 0 && CONF_LOST_DRAIN == 1, "order of choices");
static_assert(
	CONF_STOP_HOLD == 0 && CONF_STOP_KERNEL == 1 && CONF_STOP_REMOVE == 2, "order of choices");
static_assert(CONF_TAKEOVER_ASK == 0 && CONF_TAKEOVER_YES == 1 && CONF_TAKEOVER_NO == 2,
	"order of choices");
static_assert(CONF_BLACKHOLE_AUTO == 0 && CONF_BLACKHOLE_ON == 1 && CONF_BLACKHOLE_OFF == 2,
	"order of choices");
static_assert(CONF_LANE_AUTO == 0 && CONF_LANE_OFF == 1, "order of choices");
static_assert(CONF_MODE_ADAPTIVE == 0 && CONF_MODE_POLL == 1, "order of choices");

const struct option_group option_groups[] = {
	{"registry", "Where leases come from"},
	{"etcd", "The lease tree"},
	{"node", "This node"},
	{"host", "The host device"},
	{"ingress", "Packets from the underlay"},
	{"encap", "Encapsulation"},
	{"dpdk", "Workers and packet memory"},
	{"uplinks", "Uplinks"},
	{"ports", "Attach ports"},
	{"vm", "Virtual machines"},
	{"health", "Probes and metrics"},
	{"control", "Control socket and log"},
	{NULL, NULL},
};

/* clang-format off */
const struct option_def ovnetd_options[] = {
	{"registry.type", OPTION_CHOICE, AT(registry.type), .choices = registry, .preset = "etcd",
		.help = "where network config and leases come from",
		.more = "etcd: flannel's lease tree. static: registry.file, for benchmarks and for "
			"clusters that never change by themselves."},
	{"registry.file", OPTION_TEXT, AT(registry.file), .check = check_file, .preset = "",
		.arg = "FILE", .form = "a JSON file ovnetd may read, or \"\" with type = \"etcd\"",
		.help = "network config and leases, with type = \"static\"",
		.more = "An object: \"config\" is flannel's network config, \"leases\" has one member "
			"for each node, by subnet (\"10.5.1.0-24\"), with the value flannel keeps "
			"in etcd. This node's own is found by its PublicIP. Leases may carry a "
			"NextHopMAC for uplinks that have no kernel device. Only read; a changed file "
			"is read again, and a broken one changes nothing."},
	{"registry.snapshot", OPTION_TEXT, AT(registry.snapshot), .check = check_path_or_none,
		.preset = "/var/lib/ovnet/leases.json", .arg = "FILE",
		.form = "an absolute path, or \"\" for none",
		.help = "what to start from while etcd does not answer",
		.more = "ovnetd keeps network config, own lease and peers there, for itself alone "
			"(mode 0600, directory 0700), seconds after each change and at its end. When "
			"etcd does not answer within a second of the start, it forwards by this file, "
			"which status calls stale, until etcd does. If the subnet has another owner "
			"by then, it is left to that one whatever on-lost says. Not used if somebody "
			"else may have written it, for another prefix or public-ip, when the lease in "
			"it is past its end, or after a reboot into a clock that shows an earlier time "
			"than the file. A reservation has no end."},

	{"etcd.endpoints", OPTION_TEXT, AT(etcd.endpoints), .reload = true, .check = check_endpoints,
		.preset = "http://127.0.0.1:4001,http://127.0.0.1:2379", .arg = "URL,...",
		.form = "a comma list such as \"http://192.0.2.1:2379,https://192.0.2.2:2379\"",
		.help = "etcd servers, tried in order",
		.more = "The cluster that holds the lease tree. One that does not answer is passed "
			"over for the next."},
	{"etcd.api", OPTION_CHOICE, AT(etcd.api), .choices = api, .preset = "auto",
		.help = "API of etcd's the lease tree is kept in",
		.more = "flanneld from v0.18 on uses v3, before it v2; neither sees what the other "
			"wrote. auto: v3 if PREFIX/config is there, or else v2 if it is there; it is "
			"decided once, at start."},
	{"etcd.prefix", OPTION_TEXT, AT(etcd.prefix), .check = check_not_empty,
		.preset = "/coreos.com/network", .arg = "KEY", .form = "a key such as \"/coreos.com/network\"",
		.help = "where the lease tree begins",
		.more = "PREFIX/config holds the network configuration, PREFIX/subnets the leases. "
			"Every node of one network has the same prefix."},
	{"etcd.cafile", OPTION_TEXT, AT(etcd.cafile), .reload = true, .check = check_file, .preset = "",
		.arg = "FILE", .form = "a PEM file ovnetd may read, or \"\" for none",
		.help = "authority that signed etcd's certificates",
		.more = "Empty: the system's authorities. This file and the two below are read anew "
			"for each connection: replace them in place, no restart is needed."},
	{"etcd.certfile", OPTION_TEXT, AT(etcd.certfile), .reload = true, .check = check_file, .preset = "",
		.arg = "FILE", .form = "a PEM file ovnetd may read, or \"\" for none",
		.help = "client certificate shown to etcd",
		.more = "Needed where etcd runs with --client-cert-auth."},
	{"etcd.keyfile", OPTION_TEXT, AT(etcd.keyfile), .reload = true, .check = check_file, .preset = "",
		.arg = "FILE", .form = "a PEM file ovnetd may read, or \"\" for none",
		.help = "private key of the client certificate",
		.more = "Empty: the key is in the file of the certificate. Where one of these files, or "
			"its folder, is closed to ovnetd's user at its start, root keeps the capability "
			"CAP_DAC_READ_SEARCH for it; `setfacl -m u:root:r FILE` does without."},
	{"etcd.server-name", OPTION_TEXT, AT(etcd.server_name), .reload = true, .check = check_server_name,
		.preset = "", .arg = "NAME", .form = "a name such as \"etcd.example.com\", or \"\" for the address's own",
		.help = "name the certificates of etcd are for",
		.more = "Asked for and checked in place of the host in etcd.endpoints, which is "
			"still where connections go: for certificates that do not have every "
			"server's address. Empty: that host. Without https:// it has no effect."},
	{"etcd.username", OPTION_TEXT, AT(etcd.username), .reload = true, .preset = "", .arg = "NAME",
		.form = "a user name of etcd's, or \"\" for none",
		.help = "user name for etcd's own authentication",
		.more = "Empty: no authentication by password."},
	{"etcd.password", OPTION_TEXT, AT(etcd.password), .reload = true, .secret = true, .preset = "", .arg = "TEXT",
		.form = "that user's password",
		.help = "password of that user",
		.more = "Better kept in a file that only ovnetd may read than on the command line, "
			"which every process on the node can see."},
	{"etcd.timeout", OPTION_UINT, AT(etcd.timeout), .reload = true, .preset = "5", .min = 1, .max = 300,
		.arg = "SECONDS", .help = "how long one request to etcd may take",
		.more = "After it the next endpoint is tried. Packets are forwarded all the while "
			"with what is known."},
	{"etcd.transport", OPTION_CHOICE, AT(etcd.transport), .choices = transport,
		.preset = "auto", .help = "how etcd's v3 API is spoken",
		.more = "grpc: as flanneld does. json: through etcd's JSON gateway, for proxies that "
			"pass on no HTTP/2. auto: grpc, or json where grpc cannot be had; the log "
			"says which and why."},

	{"node.iface", OPTION_TEXT, AT(node.iface), .check = check_iface, .preset = "",
		.arg = "NAME|IP", .form = "an interface's name or address, several with commas between them, or \"\" for the default route's",
		.help = "interface to the other nodes",
		.more = "By name, or by an address it has; of several (\"eth0,eth1\", or the flag "
			"several times) the first that is there. None, or empty: what the two below "
			"find. All empty: that which has public-ip, or else that of the IPv4 default route. Its address "
			"goes into the lease, its MTU bounds the overlay's."},
	{"node.iface-regex", OPTION_TEXT, AT(node.iface_regex), .check = check_regex, .preset = "",
		.arg = "REGEX", .form = "an extended regular expression as grep -E takes it, several with blanks between them, or \"\"",
		.help = "interface by a pattern for its address or name",
		.more = "Where iface finds none: the first interface that has an IPv4 address the pattern is "
			"found in, or else a name. Of several (\"^10[.]1[.] ^eth\", or the flag several "
			"times) each is tried in turn. flanneld's are Go's: write [0-9] for its \\d."},
	{"node.iface-can-reach", OPTION_TEXT, AT(node.iface_can_reach), .check = check_public_ip,
		.preset = "", .arg = "IP", .form = "an IPv4 address such as \"192.0.2.1\", or \"\"",
		.help = "interface by the route to this address",
		.more = "Where iface and iface-regex find none: the interface that the kernel would send to "
			"that address by, and the address it would send with."},
	{"node.public-ip", OPTION_TEXT, AT(node.public_ip), .check = check_public_ip, .preset = "",
		.arg = "IP", .form = "an IPv4 address of this node, such as \"192.0.2.10\", or \"\" for the interface's own",
		.help = "address other nodes send to",
		.more = "Empty: the interface's first global IPv4 address. Give it where other nodes "
			"reach this one by another address (NAT one to one)."},
	{"node.public-ipv6", OPTION_TEXT, AT(node.public_ipv6), .check = check_public_ipv6, .preset = "",
		.arg = "IP", .form = "an IPv6 address of this node, such as \"2001:db8::10\", or \"\" for the interface's own",
		.help = "the same for the IPv6 half of a dual-stack overlay",
		.more = "Empty: the interface's first global IPv6 address."},
	{"node.subnet-file", OPTION_TEXT, AT(node.subnet_file), .check = check_not_empty,
		.preset = "/run/flannel/subnet.env", .arg = "FILE", .form = "a path",
		.help = "file the subnet and MTU are written to",
		.more = "Docker, the CNI plugin and mk-docker-opts.sh read it. Also where the subnets "
			"of an earlier life, IPv4 and IPv6, are looked up first."},
	{"node.state-dir", OPTION_TEXT, AT(node.state_dir), .check = check_path_or_none,
		.preset = "/var/lib/ovnet", .arg = "DIR",
		.form = "an absolute path without a \"/\" at its end, or \"\" for none",
		.help = "directory for what was ordered at run time",
		.more = "Ports of `ovnetctl port add` are in ports.json there, VMs of `ovnetctl vm "
			"add` in vms.json: they come back with the next start. Files are for ovnetd alone (mode 0600, directory 0700); one that "
			"is not good is set aside as FILE.bad, one that cannot be read is never written "
			"over. Each ovnetd of a machine needs a directory of its own. Empty: nothing is "
			"kept."},
	{"node.subnet-lease-renew-margin", OPTION_UINT, AT(node.subnet_lease_renew_margin),
		.preset = "60", .min = 1, .max = 1439, .arg = "MINUTES",
		.help = "how long before its end the lease is renewed",
		.more = "A lease lasts 24 hours."},
	{"node.on-lost", OPTION_CHOICE, AT(node.on_lost), .choices = on_lost, .preset = "keep",
		.help = "what to do when another node owns this node's subnet",
		.more = "A lease that is gone is claimed again at once; this is for one that somebody "
			"else has got meanwhile, which is never overwritten. keep: go on with the "
			"subnet, warn, and claim it again when it is free. Containers keep their "
			"addresses, but nodes that follow etcd send to the new owner. drain: leave it, "
			"drop packets for it (inner-dest), claim another subnet and write subnet-file "
			"anew; containers need new addresses. A "
			"restart claims another subnet either way."},
	{"node.on-stop", OPTION_CHOICE, AT(node.on_stop), .reload = true, .choices = on_stop, .preset = "hold",
		.help = "what stays in the kernel when ovnetd is stopped",
		.more = "The lease is kept in any case, as flanneld keeps it. hold: host device, routes and "
			"blackholes stay, so packets for the overlay are dropped until ovnetd is back. "
			"kernel: the kernel takes over with what flanneld would have there, "
			"flannel.VNI with this node's VtepMAC and each peer's route, neighbour and "
			"fdb entry (host-gw: routes alone), and pods go on talking without a daemon; "
			"see HANDING OVER in ovnetd(8). Where the kernel cannot (udp, driver dpdk) or "
			"the lease is not known to be ours, as hold. remove: host device, routes, "
			"blackholes and rules go; what pods then send to the overlay takes the default route. Only for "
			"SIGTERM and SIGINT: a daemon that fails or is killed holds."},
	{"node.takeover", OPTION_CHOICE, AT(node.takeover), .choices = takeover, .preset = "yes",
		.help = "what to do with what a flanneld that ended has left",
		.more = "Its device flannel.VNI, the routes to peers by it or by their addresses, "
			"its iptables and nftables rules. yes: go on with its subnet and VtepMAC, "
			"and when every peer is reached by ovnet take it away, step by step in the "
			"log. ask: touch nothing, list it and end. no: leave it all, and end where it "
			"is in the way, as device and routes are. Whatever is chosen, ovnetd ends "
			"where that flanneld still runs, and takes over a device it made itself when it "
			"handed the node back."},

	{"host.device", OPTION_TEXT, AT(host.device), .check = check_iface_name_or_none, .preset = "ovnet0",
		.arg = "NAME", .form = "a name for an interface, 1 to 15 characters without \"/\", \":\" or blanks, or \"\" for none",
		.help = "name of the host device",
		.more = "The node's own port to the overlay, where flannel has flannel.1. Empty: there is "
			"none, and the kernel gets no routes, blackholes or firewall rules: for nodes "
			"that only carry what is behind attach ports."},

	{"host.blackhole", OPTION_CHOICE, AT(host.blackhole), .choices = blackhole, .preset = "auto",
		.help = "drop what is for subnets nobody leases",
		.more = "Blackhole routes with the worst metric for all that may be leased, SubnetMin "
			"to SubnetMax, so that overlay packets never leave the node unencapsulated, "
			"with or without a daemon. auto: where an etcd endpoint, the default gateway "
			"or an address of this node lies in there, that is left out (with the route "
			"that leads to it), and status warns; a bridge to containers, such as "
			"docker0, is not meant. on: nothing is left out. off: none; status warns either way. "
			"flannel's --ip-blackhole-route is auto, --ip-blackhole-route=false is off."},
	{"host.kernel-lane", OPTION_CHOICE, AT(host.kernel_lane), .choices = kernel_lane,
		.preset = "auto", .help = "leave ordinary packets of host pods in the kernel",
		.more = "TCP, UDP and ping over IPv4 between the host device and vxlan peers are "
			"encapsulated and decapsulated in the kernel, by the same rules and much as "
			"its own vxlan does it; all other packets go by the workers. The host has to "
			"let in the UDP port behind the overlay's, too (ovnetd(8), THE KERNEL LANE); "
			"NICs that offload tunnels only by UDP port leave to the kernel what the lane "
			"sends. auto: where kernel, backend, uplinks (driver socket, or af_packet, by "
			"which they only leave) and encap's settings allow; `ovnetctl status` says "
			"whether. off: all packets go by the workers."},
	{"host.ip-masq", OPTION_SWITCH, AT(host.ip_masq), .flag = "ip-masq", .preset = "false",
		.help = "masquerade what leaves the overlay",
		.more = "What pods send to the rest of the world leaves with the node's own address, and "
			"what enters the overlay here from outside, with that of the host device; "
			"multicast and what stays in the overlay keep theirs. The rules are in nftables, "
			"table \"ovnet\" (`nft list table ip ovnet`), and FLANNEL_IPMASQ=true in "
			"subnet-file tells docker and CNI that they need not do it."},
	{"host.ip-masq-fully-random-disable", OPTION_SWITCH, AT(host.fully_random_disable),
		.flag = "ip-masq-fully-random-disable", .preset = "false",
		.help = "masquerade without random ports",
		.more = "Random source ports keep connections of many pods to one server from "
			"getting in each other's way."},
	{"host.forward-rules", OPTION_SWITCH, AT(host.forward_rules),
		.flag = "iptables-forward-rules", .preset = "true",
		.help = "accept the overlay's packets in iptables' FORWARD chain",
		.more = "Docker sets that chain's policy to DROP. The rules are in a chain of their own, "
			"OVNET-FWD, at the end of FORWARD, so that DOCKER-USER and what else stands "
			"before it decides first. Needs the program iptables."},
	{"host.rules-resync", OPTION_UINT, AT(host.rules_resync), .flag = "iptables-resync",
		.preset = "5", .min = 1, .max = 3600, .arg = "SECONDS",
		.help = "how often those rules are looked after",
		.more = "What somebody removed is put back."},

	{"ingress.validation", OPTION_CHOICE, AT(ingress.validation), .choices = validation,
		.preset = "strict", .help = "who may send into the overlay",
		.more = "strict: only addresses that hold a lease, and only from inside that lease's "
			"subnet or from the sending host's own address; the rest is dropped "
			"(unknown-peer, inner-source, routed-mac, foreign-source). permissive: it passes "
			"and is counted, see `ovnetctl drops`. off: anybody who reaches this node's "
			"port. Malformed packets, those of another VNI or for another VTEP, and sources "
			"and destinations no host may have (martian, martian-dest) are dropped whatever "
			"is chosen here. None is authentication where hosts can forge addresses."},
	{"ingress.routed", OPTION_CHOICE, AT(ingress.routed), .choices = routed, .preset = "strict",
		.help = "whose MAC address packets without a tunnel may come from",
		.more = "host-gw and DirectRouting. strict: the one their peer is reached by on that "
			"link; a peer that is reached by a router may not send any. asymmetric: where "
			"there is none to compare with, as the peer has this node on its link and this "
			"node goes by a router or another link, any."},
	{"ingress.allow", OPTION_TEXT, AT(ingress.allow), .check = check_ingress, .preset = "",
		.arg = "LIST", .form = "entries \"PUBLIC-IP: ADDRESS, PREFIX, ...\" with \";\" between them",
		.help = "what validation lets pass beside the leases",
		.more = "For each peer, by the PublicIP of its lease: further addresses it sends "
			"from (an old flanneld sends from its interface's address, which may be "
			"another), and prefixes behind it whose packets it passes on without "
			"masquerading. Under this node's own public-ip: prefixes that may enter the "
			"overlay by the host device. As in "
			"\"192.0.2.7: 192.0.2.8, 172.20.0.0/16; 192.0.2.9: 10.1.0.0/16\"."},

	{"encap.src-port-min", OPTION_UINT, AT(encap.src_port_min), .preset = "32768",
		.min = 1, .max = 65535, .arg = "PORT", .help = "lowest outer UDP source port",
		.more = "Each flow has a source port of its own, so that the underlay can spread "
			"flows over its paths and receivers over their queues."},
	{"encap.src-port-max", OPTION_UINT, AT(encap.src_port_max), .preset = "60999",
		.min = 1, .max = 65535, .arg = "PORT", .help = "highest outer UDP source port",
		.more = "Not below src-port-min."},
	{"encap.dscp", OPTION_TEXT, AT(encap.dscp), .check = check_dscp, .preset = "0",
		.arg = "inherit|0-63", .form = "\"inherit\" or a number from 0 to 63",
		.help = "DSCP of the outer header",
		.more = "inherit: that of the packet inside. ECN always follows RFC 6040."},
	{"encap.ttl", OPTION_TEXT, AT(encap.ttl), .check = check_ttl, .preset = "64",
		.arg = "inherit|1-255", .form = "\"inherit\" or a number from 1 to 255",
		.help = "TTL or hop limit of the outer header",
		.more = "inherit: that of the packet inside."},
	{"encap.df", OPTION_CHOICE, AT(encap.df), .choices = df, .preset = "auto",
		.help = "don't-fragment bit of the outer IPv4 header",
		.more = "auto: as flannel's, clear with vxlan and set with udp. ovnet itself never "
			"fragments the outer packet; routers on the way may where it is clear. "
			"inherit: that of the packet inside."},
	{"encap.udp-checksum", OPTION_CHOICE, AT(encap.udp_checksum), .choices = off_on,
		.preset = "off", .help = "outer UDP checksum over IPv4",
		.more = "off: zero, as RFC 7348 recommends and every peer accepts; packets that a "
			"socket uplink sends several at once have one all the same, the kernel's or "
			"the NIC's. on: computed for each packet."},
	{"encap.udp-checksum6", OPTION_CHOICE, AT(encap.udp_checksum6), .choices = off_on,
		.preset = "on", .help = "outer UDP checksum over IPv6",
		.more = "on: flannel's kernel device takes no zero checksum over IPv6. off: zero "
			"(RFC 6935), for clusters of ovnet alone; received ones may always be zero."},
	{"encap.mss-clamp", OPTION_CHOICE, AT(encap.mss_clamp), .choices = off_on, .preset = "off",
		.help = "lower the MSS of TCP connections",
		.more = "To what fits the way to the peer: for paths that lose ICMP."},

	{"dpdk.workers", OPTION_UINT, AT(dpdk.workers), .preset = "1", .min = 1, .max = CONF_MAX_WORKERS,
		.arg = "N", .help = "threads that move packets",
		.more = "One moves millions of packets a second; more pay where the uplink has as "
			"many queues."},
	{"dpdk.worker-cpus", OPTION_TEXT, AT(dpdk.worker_cpus), .check = check_cpus, .preset = "",
		.arg = "LIST", .form = "CPU numbers such as \"2,3\" or \"2-3\", each once, or \"\" for the scheduler's choice",
		.help = "CPUs the workers are pinned to",
		.more = "As many as there are workers: worker i runs on the i-th, and all else that "
			"ovnetd does keeps to other CPUs, where it may use any. Empty: the scheduler "
			"places them."},
	{"dpdk.memory", OPTION_UINT, AT(dpdk.memory), .preset = "0", .min = 0, .max = 1048576,
		.arg = "MB", .help = "memory taken at start, in megabytes",
		.more = "0: what the packet pool needs."},
	{"dpdk.mbufs", OPTION_UINT, AT(dpdk.mbufs), .preset = "0", .min = 0, .max = CONF_MAX_MBUFS,
		.arg = "N", .help = "packet buffers",
		.more = "About 2.3 KB each. 0: what ports, queues and descriptors need, 4096 more for ports "
			"to come, and 16384 at least. Otherwise 1024 or more, and as many as the ports' rings hold. Too few "
			"show as no-mbuf in `ovnetctl drops`."},
	{"dpdk.hugepages", OPTION_CHOICE, AT(dpdk.hugepages), .choices = hugepages,
		.preset = "auto", .help = "memory in huge pages",
		.more = "auto: if the system has enough of them, otherwise pages of 4 KB and a "
			"warning. on: refuse to start without. off: never."},
	{"dpdk.mode", OPTION_CHOICE, AT(dpdk.mode), .choices = mode, .preset = "adaptive",
		.help = "what an idle worker does",
		.more = "adaptive: it sleeps until a packet comes. poll: it keeps polling, which "
			"takes a whole CPU and saves the time of waking up."},
	{"dpdk.balance", OPTION_SWITCH, AT(dpdk.balance), .preset = "true",
		.help = "move queues from busy workers to others",
		.more = "Looked at every two seconds: where a worker is busy for more than 60 % of its "
			"time and another would be clearly less so with one of its queues, that queue "
			"goes there, without a packet lost. Those stay whose port has `workers`, and "
			"those of ports with a queue for each worker. `ovnetctl queues` shows whose each is."},
	{"dpdk.verify", OPTION_UINT, AT(dpdk.verify), .preset = "1024", .min = 0, .max = 1000000000,
		.arg = "N", .help = "verify one packet in so many",
		.more = "One that came in with right checksums is judged again where it leaves, outer "
			"headers and all: `verified` of `ovnetctl --json stats`. What is wrong by then "
			"is counted as `spoiled`, and status warns: it is ovnet's fault or the "
			"machine's. 0: none."},
	{"dpdk.cpu-level", OPTION_TEXT, AT(dpdk.cpu_level), .choices = cpu_level, .preset = "auto",
		.help = "instruction set of the packet path",
		.more = "auto: the best this CPU has."},
	{"dpdk.eal-args", OPTION_TEXT, AT(dpdk.eal_args), .preset = "", .arg = "ARGS",
		.form = "arguments of the DPDK EAL, divided by blanks",
		.help = "more arguments for DPDK",
		.more = "Appended to those ovnetd makes itself; split at blanks, no quoting."},

	{"uplinks", OPTION_ITEMS, .preset = "",
		.arg = "iface=NAME[,driver=DRIVER][,queues=N]",
		.help = "uplink, instead of the file's; may be given again",
		.more = "The ports to the underlay. An empty list stands for one uplink on "
			"node.iface. An entry has either iface, a kernel interface that stays the "
			"kernel's and supplies address, routes and neighbours, or pci, a NIC (or "
			"devargs, any DPDK device) that ovnetd has for itself. What comes there and is not the overlay's goes to "
			"the device's twin, an interface ovnetd makes in the kernel (ovnet-uplink0 for the "
			"first entry): it has the addresses and routes, and ARP, ssh or DHCP of the host "
			"pass by it. The twin stays when ovnetd ends. Without a twin, address, gateway "
			"and neighbours are given here, and the host does not have the device."},
	{"ports", OPTION_ITEMS, .preset = "",
		.arg = "name=NAME,addresses=A[,A...][,KEY=VALUE...][,devargs=...]",
		.help = "attach port, instead of the file's; may be given again",
		.more = "What something of this node is plugged in by: a container, a packet generator, "
			"another program. An entry has a name, a driver with what that needs (dpdk: "
			"devargs; af_xdp: iface; tap: nothing), and the addresses in this node's subnet "
			"that live behind it. Others come and go while ovnetd runs, by `ovnetctl port`. "
			"Of two entries the one with the longer prefix gets an address. As a flag, devargs comes last, because it has commas of its own."},

	{"vm.pool", OPTION_TEXT, AT(vm.pool), .check = check_vm_pool, .preset = "", .arg = "PREFIX",
		.form = "a length such as \"/26\", a prefix without host bits such as \"10.5.1.192/26\", or \"\" for none",
		.help = "the VMs' share of this node's subnet",
		.more = "`ovnetctl vm add` takes addresses from it, lowest first; docker and CNI have to "
			"leave it alone (subnet-file tells them). A length alone stands for the last such "
			"block of whichever subnet the node gets. The gateway, which is the subnet's "
			"first address, is not in it, so it is half of the subnet at most. "
			"IPv6 addresses have the same number in the IPv6 subnet. Empty: no VMs."},
	{"vm.dns", OPTION_TEXT, AT(vm.dns), .check = check_vm_dns, .preset = "", .arg = "IP[,IP...]",
		.form = "addresses such as \"10.5.1.2,fd00::2\", at most 4 of each family, or \"\" for none",
		.help = "name servers VMs are told",
		.more = "By DHCP, and the IPv6 ones by router advertisements as well."},
	{"vm.domain", OPTION_TEXT, AT(vm.domain), .check = check_domain_or_none, .preset = "",
		.arg = "NAME", .form = "a domain such as \"vm.example.com\", or \"\" for none",
		.help = "domain VMs are told",
		.more = "They look short names up in it."},
	{"vm.routes", OPTION_TEXT, AT(vm.routes), .check = check_vm_routes, .preset = "",
		.arg = "PREFIX[ via IP][,...]",
		.form = "IPv4 prefixes such as \"192.168.0.0/16,10.9.0.0/16 via 10.5.1.7\", at most 15, or \"\" for none",
		.help = "routes VMs are told beside the default one",
		.more = "As DHCP's option 121. Without \"via\" by the gateway, as the default "
			"route is unless 0.0.0.0/0 stands here."},
	{"vm.lease-time", OPTION_UINT, AT(vm.lease_time), .preset = "86400", .min = 120,
		.max = 31536000, .arg = "SECONDS",
		.help = "how long a VM may keep its address without asking again",
		.more = "It asks for more after half of it; a VM gets the same address always. Too "
			"short, and VMs lose their address while ovnetd is away."},
	{"vm.socket-dir", OPTION_TEXT, AT(vm.socket_dir), .check = check_socket_dir,
		.preset = "/run/ovnet/vm", .arg = "DIR",
		.form = "an absolute path of at most 86 bytes",
		.help = "directory of the VMs' vhost-user sockets",
		.more = "NAME.sock in it is made by QEMU, or by ovnetd with `vm add --server`. "
			"Made if it is missing, for socket-owner, or for root alone."},
	{"vm.socket-owner", OPTION_TEXT, AT(vm.socket_owner), .check = check_owner_or_none,
		.preset = "", .arg = "USER[:GROUP]",
		.form = "a user, \":\" and a group, or both, such as \"libvirt-qemu:kvm\", or \"\" for ovnetd's own",
		.help = "whom QEMU runs as",
		.more = "Socket-dir and the sockets ovnetd makes there are given to it, and ovnetd "
			"keeps the capabilities for that and for the sockets QEMU makes "
			"(CAP_CHOWN, CAP_DAC_OVERRIDE). With Debian's libvirt "
			"\"libvirt-qemu:kvm\"."},

	{"health.ip", OPTION_TEXT, AT(health.ip), .flag = "healthz-ip", .check = check_addr,
		.preset = "127.0.0.1", .arg = "ADDRESS",
		.form = "an IPv4 or IPv6 address of this host, \"0.0.0.0\" or \"::\" for all of them",
		.help = "where probes are answered and metrics given",
		.more = "flanneld's default is 0.0.0.0, ovnetd's this host alone: whoever reaches the port "
			"learns by /metrics what ports there are and what they carry. Probes from elsewhere, "
			"Prometheus or a kubelet, want an address here."},
	{"health.port", OPTION_UINT, AT(health.port), .flag = "healthz-port", .preset = "0", .min = 0,
		.max = 65535, .arg = "PORT",
		.help = "TCP port of probes and metrics, 0 for none",
		.more = "HTTP: GET /healthz (200 while the daemon runs), /readyz (200 while the lease is held "
			"and packets are forwarded, otherwise 503 and the reasons), /metrics (for Prometheus). A "
			"port that is taken is a warning, and tried again: packets do not wait for it."},

	{"control.socket", OPTION_TEXT, AT(control.socket), .check = check_socket,
		.preset = "/run/ovnet/ovnetd.sock", .arg = "PATH",
		.form = "an absolute path of at most 107 bytes",
		.help = "socket ovnetctl talks to",
		.more = "Its directory is made if it is missing."},
	{"control.socket-mode", OPTION_TEXT, AT(control.socket_mode), .check = check_mode,
		.preset = "0660", .arg = "MODE", .form = "an octal mode such as \"0660\"",
		.help = "permissions of that socket",
		.more = "Whoever may write to the socket may ask everything ovnetctl can ask."},
	{"control.log-level", OPTION_TEXT, AT(control.log_level), .reload = true, .check = check_not_empty,
		.preset = "info", .arg = "LEVEL[,MODULE=LEVEL...]",
		.form = "error, warn, notice, info or debug, with exceptions as in \"info,lease=debug\"",
		.help = "what is logged; --log-level for short",
		.more = "One level for all modules, then exceptions by module."},
	{NULL},
};
/* clang-format on */

const struct action_flag action_flags[] = {
	{"config", "FILE", "read FILE instead of " CONF_FILE_DEFAULT},
	{"check-config", NULL, "report every error in the configuration, run nothing"},
	{"print-config", NULL, "print a configuration file with every key at its default"},
	{"preflight", NULL, "say what would keep ovnetd from doing well here, change nothing"},
	{"json", NULL, "with --preflight: as a JSON array"},
	{"cleanup", NULL, "remove all that ovnetd ever made in this network namespace"},
	{"dry-run", NULL, "with --cleanup: only say what would be removed"},
	{"version", NULL, "print the version"},
	{"help", NULL, "print this"},
	{NULL, NULL, NULL},
};
