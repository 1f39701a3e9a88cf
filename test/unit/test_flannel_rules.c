/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flanneld's rules found and taken away, others' rules told, against this machine's nftables and
 * iptables, each case in a network namespace of its own. The rules are as flanneld's versions left
 * them (flannel-facts 8), firewalld's as it makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define MASQ "-m comment --comment \"flanneld masq\""
#define FWD  "-m comment --comment \"flanneld forward\""

static const struct ovnet_firewall_rules rules = {
	.masquerade = true,
	.forward = true,
	.has_v4 = true,
	.network = {0x0a050000, 16},
	.subnet = {0x0a053a00, 24},
	.device = "ovnet0",
};

static int new_net(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) < 0 ? -1 : 0;
}

static void feed(const char *command, const char *text)
{
	FILE *f = popen(command, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(pclose(f), 0);
}

/* What it prints, without counters and remarks. */
static const char *saved(void)
{
	static char text[8192];
	FILE *f = popen("iptables-save | grep '^-A'", "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)pclose(f); /* grep found none */
	return text;
}

static char told[4096];

static void tell(void *arg, const char *what)
{
	(void)arg;
	assert_true(strlen(told) + strlen(what) + 2 < sizeof(told));
	strcat(told, what);
	strcat(told, "\n");
}

static struct ovnet_firewall *firewall(void)
{
	struct ovnet_firewall *f = ovnet_firewall_new(-1);

	assert_non_null(f);
	told[0] = '\0';
	return f;
}

static int take(struct ovnet_firewall *f, const struct ovnet_firewall_rules *r, bool remove)
{
	char err[256];
	int n = ovnet_firewall_flannels(f, r, remove, tell, NULL, err, sizeof(err));

	assert_string_equal(err, "");
	return n;
}

/* v0.10.0: no comments, no chains. */
#define OLD_FWD                                 \
	"-A FORWARD -s 10.5.0.0/16 -j ACCEPT\n" \
	"-A FORWARD -d 10.5.0.0/16 -j ACCEPT\n"
#define OLD_NAT                                                          \
	"-A POSTROUTING -s 10.5.0.0/16 -d 10.5.0.0/16 -j RETURN\n"       \
	"-A POSTROUTING -s 10.5.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE\n" \
	"-A POSTROUTING ! -s 10.5.0.0/16 -d 10.5.35.0/24 -j RETURN\n"    \
	"-A POSTROUTING ! -s 10.5.0.0/16 -d 10.5.0.0/16 -j MASQUERADE\n"
/* v0.17.0 */
#define COMMENTED_FWD                                   \
	"-A FORWARD -s 10.5.0.0/16 " FWD " -j ACCEPT\n" \
	"-A FORWARD -d 10.5.0.0/16 " FWD " -j ACCEPT\n"
#define COMMENTED_NAT                                                            \
	"-A POSTROUTING -s 10.5.0.0/16 -d 10.5.0.0/16 " MASQ " -j RETURN\n"      \
	"-A POSTROUTING -s 10.5.0.0/16 ! -d 224.0.0.0/4 " MASQ " -j MASQUERADE " \
	"--random-fully\n"                                                       \
	"-A POSTROUTING ! -s 10.5.0.0/16 -d 10.5.98.0/24 " MASQ " -j RETURN\n"   \
	"-A POSTROUTING ! -s 10.5.0.0/16 -d 10.5.0.0/16 " MASQ " -j MASQUERADE --random-fully\n"
/* v0.20.0 and later */
#define CHAIN_FWD                                           \
	":FLANNEL-FWD - [0:0]\n"                            \
	"-A FORWARD " FWD " -j FLANNEL-FWD\n"               \
	"-A FLANNEL-FWD -s 10.5.0.0/16 " FWD " -j ACCEPT\n" \
	"-A FLANNEL-FWD -d 10.5.0.0/16 " FWD " -j ACCEPT\n"
#define CHAIN_NAT                                                                \
	":FLANNEL-POSTRTG - [0:0]\n"                                             \
	"-A POSTROUTING " MASQ " -j FLANNEL-POSTRTG\n"                           \
	"-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 " MASQ " -j RETURN\n"   \
	"-A FLANNEL-POSTRTG -s 10.5.78.0/24 -d 10.5.0.0/16 " MASQ " -j RETURN\n" \
	"-A FLANNEL-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 " MASQ " -j MASQUERADE\n"
#define OTHERS_FWD "-A FORWARD -s 192.0.2.0/24 -j ACCEPT\n"
#define OTHERS_NAT "-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE\n"

static void what_each_version_left(void **state)
{
	static const char *const versions[][2] = {
		{OLD_FWD, OLD_NAT}, {COMMENTED_FWD, COMMENTED_NAT}, {CHAIN_FWD, CHAIN_NAT}};
	char text[4096];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct ovnet_firewall *f = firewall();
		snprintf(text, sizeof(text),
			"*filter\n" OTHERS_FWD "%sCOMMIT\n*nat\n" OTHERS_NAT "%sCOMMIT\n",
			versions[i][0], versions[i][1]);
		feed("iptables-restore", text);
		strcpy(text, saved());
		assert_int_equal(take(f, &rules, false), 2);
		assert_string_equal(told, "iptables table nat: flanneld's rules in POSTROUTING\n"
					  "iptables table filter: flanneld's rules in FORWARD\n");
		assert_string_equal(saved(), text); /* looked at only */
		assert_int_equal(take(f, &rules, true), 2);
		const char *left = saved();
		assert_non_null(strstr(left, OTHERS_FWD));
		assert_non_null(strstr(left, OTHERS_NAT));
		assert_null(strstr(left, "10.5."));
		assert_null(strstr(left, "FLANNEL"));
		assert_int_equal(take(f, &rules, true), 0);
		ovnet_firewall_free(f);
	}
}

/* Ours have flanneld's comments; what has no place among ours stays; a part of the oldest is
 * anybody's. */
static void what_stays(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	struct ovnet_firewall_outcome out;
	struct ovnet_firewall_rules forward = rules;
	char before[8192];

	ovnet_firewall_apply(f, &rules, &out);
	feed("iptables-restore --noflush",
		"*filter\n-A FORWARD -s 10.5.0.0/16 -j ACCEPT\nCOMMIT\n"
		"*nat\n-A POSTROUTING -s 10.5.0.0/16 -d 10.5.0.0/16 -j RETURN\nCOMMIT\n");
	strcpy(before, saved());
	assert_int_equal(take(f, &rules, true), 0);
	assert_string_equal(saved(), before);

	feed("iptables-restore --noflush",
		"*filter\n" CHAIN_FWD "COMMIT\n*nat\n" CHAIN_NAT "COMMIT\n");
	forward.masquerade = false;
	assert_int_equal(take(f, &forward, true), 1);
	assert_null(strstr(saved(), "FLANNEL-FWD"));
	assert_non_null(strstr(saved(), "FLANNEL-POSTRTG"));
	assert_non_null(strstr(saved(), "-A OVNET-FWD -s 10.5.0.0/16"));
	ovnet_firewall_free(f);
}

/* Two flannelds share a chain, and a comment. */
static void another_network_s_stay(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	char before[8192];

	feed("iptables-restore",
		"*filter\n" CHAIN_FWD "-A FLANNEL-FWD -s 10.6.0.0/16 " FWD " -j ACCEPT\n"
		"-A FORWARD -s 10.6.0.0/16 " FWD " -j ACCEPT\nCOMMIT\n");
	strcpy(before, saved());
	assert_int_equal(take(f, &rules, true), 0);
	assert_string_equal(saved(), before);
	ovnet_firewall_free(f);
}

static void tables_of_nftables(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	struct ovnet_firewall_rules forward = rules;
	const char *table = "table ip flannel-ipv4 {\n"
			    "chain forward { type filter hook forward priority 0;\n"
			    "ip saddr 10.5.0.0/16 accept\n}\n"
			    "chain postrtg { type nat hook postrouting priority 100;\n"
			    "ip saddr 10.5.0.0/16 ip daddr != 224.0.0.0/4 masquerade\n}\n}\n";

	forward.masquerade = false;
	feed("nft -f -", table);
	assert_int_equal(take(f, &forward, true), 1);
	assert_string_equal(told, "nftables table ip flannel-ipv4, chain forward\n");
	assert_int_equal(system("nft list chain ip flannel-ipv4 postrtg >/dev/null"), 0);
	told[0] = '\0';
	assert_int_equal(take(f, &rules, true), 1);
	assert_string_equal(told, "nftables table ip flannel-ipv4\n");
	assert_int_not_equal(system("nft list table ip flannel-ipv4 >/dev/null 2>&1"), 0);
	ovnet_firewall_free(f);
}

static void rules_that_name_a_device(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();

	feed("iptables-restore", "*filter\n-A INPUT -i flannel.1 -j ACCEPT\n"
				 "-A INPUT -i flannel+ -j ACCEPT\n"
				 "-A INPUT -i flannel.10 -j ACCEPT\nCOMMIT\n");
	feed("nft -f -",
		"table inet mine {\n"
		"set names { type ifname; elements = { \"lo\" }; }\n"
		"chain in { type filter hook input priority 0;\n"
		"iifname { \"flannel.1\", \"lo\" } accept\n}\n"
		"chain out { type filter hook output priority 0;\n"
		"oifname \"eth0\" accept\n}\n}\n"
		"table ip flannel-ipv4 {\nchain forward {\niifname \"flannel.1\" accept\n}\n}\n");
	assert_int_equal(ovnet_firewall_named(f, "flannel.1", tell, NULL), 3);
	assert_non_null(
		strstr(told, "nftables table ip filter, chain INPUT: iifname \"flannel.1\""));
	assert_non_null(strstr(told, "iifname \"flannel*\""));
	assert_non_null(strstr(told, "nftables table inet mine, chain in: iifname { "));
	ovnet_firewall_free(f);
}

/* As of firewalld 1.3, cut to what counts. %s: who is in a zone; what the default zone says. */
#define FIREWALLD                                                                       \
	"table inet firewalld {\n"                                                      \
	"chain filter_FWD_public {\n%2$s\n}\n"                                          \
	"chain filter_FWD_trusted {\naccept\n}\n"                                       \
	"chain filter_FORWARD_POLICIES {\n"                                             \
	"iifname \"%1$s\" jump filter_FWD_trusted\njump filter_FWD_public\n}\n"         \
	"chain filter_FORWARD { type filter hook forward priority 10; policy accept;\n" \
	"ct state { established, related } accept\njump filter_FORWARD_POLICIES\n"      \
	"reject with icmpx admin-prohibited\n}\n}\n"

static bool rejects(const char *zoned, const char *public, char *why, size_t size)
{
	struct ovnet_firewall *f = firewall();
	char text[2048];

	snprintf(text, sizeof(text), FIREWALLD, zoned, public);
	feed("nft -f -", text);
	bool is = ovnet_firewall_rejects(f, "ovnet0", why, size);
	assert_int_equal(system("nft delete table inet firewalld"), 0);
	ovnet_firewall_free(f);
	return is;
}

static void firewalld_s_zones(void **state)
{
	const char *reject = "reject with icmpx admin-prohibited";
	char why[400];

	(void)state;
	assert_true(rejects("cni0", reject, why, sizeof(why)));
	assert_non_null(
		strstr(why, "firewall-cmd --permanent --zone=trusted --add-interface=ovnet0"));
	assert_false(rejects("ovnet0", reject, why, sizeof(why)));
	assert_false(rejects("cni0", "accept", why, sizeof(why)));
}

static void a_rule_in_front_of_ours(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	struct ovnet_firewall_outcome out;
	char why[400];

	ovnet_firewall_apply(f, &rules, &out);
	assert_false(ovnet_firewall_rejects(f, "ovnet0", why, sizeof(why)));
	feed("iptables-restore --noflush",
		"*filter\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n");
	assert_false(ovnet_firewall_rejects(f, "ovnet0", why, sizeof(why)));
	feed("iptables-restore --noflush",
		"*filter\n-I FORWARD -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n");
	assert_true(ovnet_firewall_rejects(f, "ovnet0", why, sizeof(why)));
	assert_non_null(strstr(why, "`-A FORWARD -j REJECT"));
	/* firewalld's of before 0.6. */
	feed("iptables-restore --noflush",
		"*filter\n:FORWARD_IN_ZONES - [0:0]\n-I FORWARD -j FORWARD_IN_ZONES\nCOMMIT\n");
	assert_true(ovnet_firewall_rejects(f, "ovnet0", why, sizeof(why)));
	assert_non_null(strstr(why, "firewalld rejects"));
	feed("iptables-restore --noflush",
		"*filter\n-A FORWARD_IN_ZONES -i ovnet0 -j ACCEPT\nCOMMIT\n");
	assert_false(ovnet_firewall_rejects(f, "ovnet0", why, sizeof(why)));
	ovnet_firewall_free(f);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, new_net)
	const struct CMUnitTest tests[] = {
		CASE(what_each_version_left),
		CASE(what_stays),
		CASE(another_network_s_stay),
		CASE(tables_of_nftables),
		CASE(rules_that_name_a_device),
		CASE(firewalld_s_zones),
		CASE(a_rule_in_front_of_ours),
	};

	if (unshare(CLONE_NEWNET) < 0 || system("iptables -S >/dev/null 2>&1") != 0) {
		printf("SKIP: needs root, iptables and nft\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
