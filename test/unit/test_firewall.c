/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The firewall rules against the real nftables and iptables of this machine, each case in a network
 * namespace of its own. What is wanted stands in flannel-facts 8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "kernel/firewall_int.h"

static const struct ovnet_firewall_rules v4 = {
	.masquerade = true,
	.fully_random = true,
	.forward = true,
	.has_v4 = true,
	.network = {0x0a050000, 16},
	.subnet = {0x0a053a00, 24},
};

static struct ovnet_firewall_rules both(void)
{
	struct ovnet_firewall_rules r = v4;

	r.has_v6 = true;
	assert_int_equal(ovnet_prefix6_parse("fd05::/48", &r.network6), 0);
	assert_int_equal(ovnet_prefix6_parse("fd05:0:0:3a::/64", &r.subnet6), 0);
	return r;
}

static char path[4096]; /* of the programs of this machine */
static char bin[] = "/tmp/ovnet-firewall-XXXXXX";

static int new_net(void **state)
{
	(void)state;
	setenv("PATH", path, 1);
	return unshare(CLONE_NEWNET) < 0 ? -1 : 0;
}

/* What a command prints, "" when it fails. */
static const char *output(const char *command)
{
	static char text[8192];
	FILE *f = popen(command, "r");

	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	if (pclose(f) != 0)
		text[0] = '\0';
	return text;
}

#define sh(command) assert_int_equal(system(command), 0)

static void apply(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	unsigned masquerade, unsigned forward)
{
	struct ovnet_firewall_outcome out;

	ovnet_firewall_apply(f, rules, &out);
	assert_string_equal(out.masquerade_error, "");
	assert_string_equal(out.forward_error, "");
	assert_int_equal(out.masquerade, masquerade);
	assert_int_equal(out.forward, forward);
}

static struct ovnet_firewall *firewall(void)
{
	struct ovnet_firewall *f = ovnet_firewall_new(-1);

	assert_non_null(f);
	return f;
}

/* clang-format off */
#define RULE(text) "\t\t" text " comment \"flanneld masq\"\n"
#define TABLE(ip, n, p, multicast, how)                                \
	"table " ip " ovnet {\n"                                       \
	"\tchain postrouting {\n"                                      \
	"\t\ttype nat hook postrouting priority 100; policy accept;\n" \
	RULE("meta mark & 0x00004000 == 0x00004000 counter return")    \
	RULE(ip " saddr " p " " ip " daddr " n " counter return")      \
	RULE(ip " saddr " n " " ip " daddr " p " counter return")      \
	RULE(ip " saddr != " n " " ip " daddr " p " counter return")   \
	RULE(ip " saddr " n " " ip " daddr != " multicast " counter " how) \
	RULE(ip " saddr != " n " " ip " daddr " n " counter " how)     \
	"\t}\n"                                                        \
	"}\n"
#define FORWARD(n)                                                                    \
	"-P INPUT ACCEPT\n"                                                           \
	"-P FORWARD ACCEPT\n"                                                         \
	"-P OUTPUT ACCEPT\n"                                                          \
	"-N OVNET-FWD\n"                                                              \
	"-A FORWARD -m comment --comment \"flanneld forward\" -j OVNET-FWD\n"         \
	"-A OVNET-FWD -s " n " -m comment --comment \"flanneld forward\" -j ACCEPT\n" \
	"-A OVNET-FWD -d " n " -m comment --comment \"flanneld forward\" -j ACCEPT\n"
/* clang-format on */
#define EMPTY  "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n"
#define RANDOM "masquerade fully-random"

static void rules_are_flannel_s(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = both();
	struct ovnet_firewall *f = firewall();

	apply(f, &r, 2, 2);
	assert_string_equal(output("nft -s -n -y list table ip ovnet"),
		TABLE("ip", "10.5.0.0/16", "10.5.58.0/24", "224.0.0.0/4", RANDOM));
	assert_string_equal(output("nft -s -n -y list table ip6 ovnet"),
		TABLE("ip6", "fd05::/48", "fd05:0:0:3a::/64", "ff00::/8", RANDOM));
	assert_string_equal(output("iptables -S"), FORWARD("10.5.0.0/16"));
	assert_string_equal(output("ip6tables -S"), FORWARD("fd05::/48"));
	apply(f, &r, 0, 0);
	r.fully_random = false;
	struct ovnet_firewall *again = firewall();
	apply(again, &r, 2, 2); /* a later daemon: nothing is there twice */
	assert_string_equal(output("nft -s -n -y list table ip ovnet"),
		TABLE("ip", "10.5.0.0/16", "10.5.58.0/24", "224.0.0.0/4", "masquerade"));
	assert_string_equal(output("iptables -S"), FORWARD("10.5.0.0/16"));
	ovnet_firewall_free(again);
	ovnet_firewall_free(f);
}

/* Of a service's address only, and as the others are. */
static void what_turns_back_at_the_host_device(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = both();
	struct ovnet_firewall *f = firewall();
	const char *rule = "iifname \"ovnet0\" oifname \"ovnet0\" ct status 0x20 counter " RANDOM;

	strcpy(r.device, "ovnet0");
	apply(f, &r, 2, 2);
	assert_non_null(strstr(output("nft -s -n -y list table ip ovnet"), rule));
	assert_non_null(strstr(output("nft -s -n -y list table ip6 ovnet"), rule));
	apply(f, &r, 0, 0);
	strcpy(r.device, "a\"b"); /* a name nftables cannot be told */
	struct ovnet_firewall *again = firewall();
	apply(again, &r, 2, 2);
	assert_null(strstr(output("nft -s -n -y list table ip ovnet"), "iifname"));
	ovnet_firewall_free(again);
	ovnet_firewall_free(f);
}

static void what_is_hurt_is_mended(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	static const struct {
		const char *command;
		unsigned masquerade, forward;
	} harm[] = {
		{"nft delete table ip ovnet", 1, 0},
		{"nft flush ruleset ip", 1, 1},
		{"nft flush chain ip ovnet postrouting", 1, 0},
		{"nft insert rule ip ovnet postrouting accept", 1, 0},
		{"iptables -F OVNET-FWD", 0, 1},
		{"iptables -D OVNET-FWD 1", 0, 1},
		{"iptables -I OVNET-FWD -j DROP", 0, 1},
		{"iptables -F FORWARD", 0, 1},
		{"iptables -D FORWARD 1 && iptables -F OVNET-FWD && iptables -X OVNET-FWD", 0, 1},
		{"iptables -A INPUT -j ACCEPT && iptables -D INPUT 1 && nft add table ip x", 0, 0},
	};

	apply(f, &v4, 1, 1);
	for (unsigned i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		sh(harm[i].command);
		apply(f, &v4, harm[i].masquerade, harm[i].forward);
		assert_string_equal(output("nft -s -n -y list table ip ovnet"),
			TABLE("ip", "10.5.0.0/16", "10.5.58.0/24", "224.0.0.0/4", RANDOM));
		assert_string_equal(output("iptables -S"), FORWARD("10.5.0.0/16"));
		apply(f, &v4, 0, 0);
	}
	ovnet_firewall_free(f);
}

static void other_networks_replace_the_former(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = both();
	struct ovnet_firewall *f = firewall();

	apply(f, &r, 2, 2);
	ovnet_firewall_free(f);
	r = v4;
	r.network = (struct ovnet_prefix4){0xac110000, 16};
	r.subnet = (struct ovnet_prefix4){0xac112200, 24};
	f = firewall();
	apply(f, &r, 2, 2); /* IPv4 made anew, IPv6 removed */
	assert_string_equal(output("nft -s -n -y list table ip ovnet"),
		TABLE("ip", "172.17.0.0/16", "172.17.34.0/24", "224.0.0.0/4", RANDOM));
	assert_string_equal(output("nft list table ip6 ovnet 2>/dev/null"), "");
	assert_string_equal(output("iptables -S"), FORWARD("172.17.0.0/16"));
	assert_string_equal(output("ip6tables -S"), EMPTY);
	r.subnet = (struct ovnet_prefix4){0xac112300, 24};
	struct ovnet_firewall *later = firewall();
	apply(later, &r, 1, 1);
	ovnet_firewall_free(later);
	ovnet_firewall_free(f);
}

static void unwanted_rules_go(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = v4;
	struct ovnet_firewall *f = firewall();

	apply(f, &r, 1, 1);
	sh("iptables -A FORWARD -m comment --comment 'flanneld forward' -j OVNET-FWD");
	ovnet_firewall_free(f);
	f = firewall();
	r.masquerade = false;
	apply(f, &r, 1, 1);
	r.forward = false;
	apply(f, &r, 0, 1);
	assert_string_equal(output("iptables -S"), EMPTY); /* the second jump as well */
	assert_string_equal(output("nft list tables | grep ovnet"), "");
	apply(f, &r, 0, 0);
	ovnet_firewall_free(f);
}

static unsigned reported;

static void count(void *arg, const char *what)
{
	(void)arg;
	if (strcmp(what, "nftables table ip ovnet") != 0 &&
		strcmp(what, "nftables table ip6 ovnet") != 0 &&
		strcmp(what, "iptables chain OVNET-FWD") != 0 &&
		strcmp(what, "ip6tables chain OVNET-FWD") != 0)
		fail_msg("reported: %s", what);
	reported++;
}

static void cleanup_finds_all(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = both();
	struct ovnet_firewall *f = firewall();

	sh("nft add table ip operators; iptables -A FORWARD -s 192.0.2.1 -j DROP");
	apply(f, &r, 2, 2);
	ovnet_firewall_free(f);
	reported = 0;
	assert_int_equal(ovnet_firewall_cleanup(true, count, NULL), 4);
	assert_int_equal(reported, 4);
	assert_string_not_equal(output("nft list table ip ovnet"), "");
	assert_int_equal(ovnet_firewall_cleanup(false, count, NULL), 4);
	assert_int_equal(reported, 8);
	assert_int_equal(ovnet_firewall_cleanup(false, count, NULL), 0);
	assert_string_equal(output("nft list tables | grep ovnet"), "");
	assert_string_equal(output("iptables -S FORWARD"),
		"-P FORWARD ACCEPT\n-A FORWARD -s 192.0.2.1/32 -j DROP\n");
	assert_string_not_equal(output("nft list tables | grep operators"), "");
	/* Asking must not make the other kind's tables. */
	assert_string_equal(output("cat /proc/thread-self/net/ip_tables_names"), "");
}

/* A folder in which iptables is another program. */
static void stand_in(const char *name, const char *target)
{
	char link[256], file[256] = "";

	snprintf(link, sizeof(link), "%s/%s", bin, name);
	for (const char *dir = path; *dir != '\0'; dir += strcspn(dir, ":"), dir += *dir == ':') {
		snprintf(file, sizeof(file), "%.*s/%s", (int)strcspn(dir, ":"), dir, target);
		if (access(file, X_OK) == 0)
			break;
	}
	assert_int_equal(symlink(file, link), 0);
}

static int make_bin(void **state)
{
	strcpy(bin, "/tmp/ovnet-firewall-XXXXXX");
	return new_net(state) < 0 || mkdtemp(bin) == NULL ? -1 : 0;
}

static int remove_bin(void **state)
{
	char command[128];

	(void)state;
	setenv("PATH", path, 1);
	snprintf(command, sizeof(command), "rm -r %s", bin);
	return system(command);
}

/* Kernels are built without these tables by now. Asked in a namespace that is thrown away. */
static void needs_legacy(void)
{
	if (system("unshare --net iptables-legacy -S >/dev/null 2>&1") != 0)
		skip();
}

static void legacy_iptables_does_as_well(void **state)
{
	(void)state;
	char first[4200];

	needs_legacy();
	struct ovnet_firewall *f = firewall();
	stand_in("iptables", "iptables-legacy");
	stand_in("iptables-restore", "iptables-legacy-restore");
	stand_in("ip6tables", "ip6tables-legacy");
	stand_in("ip6tables-restore", "ip6tables-legacy-restore");
	snprintf(first, sizeof(first), "%s:%s", bin, path);
	setenv("PATH", first, 1);
	apply(f, &v4, 1, 1);
	apply(f, &v4, 0, 0);
	assert_string_equal(output("iptables-legacy -S"), FORWARD("10.5.0.0/16"));
	assert_string_equal(output("iptables-nft -S 2>/dev/null"), EMPTY);
	sh("iptables -F");
	apply(f, &v4, 0, 1);
	assert_string_equal(output("iptables-legacy -S"), FORWARD("10.5.0.0/16"));
	reported = 0;
	assert_int_equal(ovnet_firewall_cleanup(false, count, NULL), 2);
	assert_string_equal(output("iptables-legacy -S"), EMPTY);
	ovnet_firewall_free(f);
}

/* Somebody filters with the other kind of tables, and its DROP is as final. */
static void both_kinds_of_tables_accept(void **state)
{
	(void)state;
	struct ovnet_firewall_rules r = v4;

	needs_legacy();
	struct ovnet_firewall *f = firewall();
	sh("iptables-legacy -A INPUT -j ACCEPT && iptables-legacy -F");
	apply(f, &r, 1, 2);
	apply(f, &r, 0, 0);
	assert_string_equal(output("iptables-legacy -S"), FORWARD("10.5.0.0/16"));
	assert_string_equal(output("iptables-nft -S 2>/dev/null"), FORWARD("10.5.0.0/16"));
	r.forward = false;
	apply(f, &r, 0, 2);
	assert_string_equal(output("iptables-legacy -S"), EMPTY);
	assert_string_equal(output("iptables-nft -S 2>/dev/null"), EMPTY);
	ovnet_firewall_free(f);
}

static void without_iptables_the_rest_works(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	struct ovnet_firewall_outcome out;

	setenv("PATH", bin, 1);
	ovnet_firewall_apply(f, &v4, &out);
	assert_int_equal(out.masquerade, 1);
	assert_string_equal(out.masquerade_error, "");
	assert_int_equal(out.forward, 0);
	assert_non_null(strstr(out.forward_error, "there is no program iptables"));
	assert_int_equal(ovnet_firewall_cleanup(true, count, NULL), 1);
	setenv("PATH", path, 1);
	apply(f, &v4, 0, 1); /* installed meanwhile */
	ovnet_firewall_free(f);
}

static void refusals_are_told(void **state)
{
	(void)state;
	struct ovnet_firewall *f = firewall();
	struct ovnet_firewall_outcome out;
	char command[256];

	snprintf(command, sizeof(command),
		"printf '#!/bin/sh\\necho \"# Warning: x\" >&2\\necho \"no luck today\" >&2\\n"
		"exit 3\\n' > %1$s/iptables-restore && chmod 755 %1$s/iptables-restore",
		bin);
	sh(command);
	stand_in("iptables", "true");
	setenv("PATH", bin, 1);
	ovnet_firewall_apply(f, &v4, &out);
	assert_string_equal(out.forward_error, "iptables-restore: status 3: no luck today");
	ovnet_firewall_free(f);
}

static void a_stop_ends_what_waits(void **state)
{
	(void)state;
	int stop = eventfd(1, EFD_CLOEXEC);
	struct program p = {.argv = (const char *const[]){"sleep", "60", NULL}, .stop_fd = stop};
	time_t before = time(NULL);

	assert_true(stop >= 0);
	assert_int_equal(program_run(&p), -ECANCELED);
	assert_true(time(NULL) - before < 10);
	close(stop);
}

static void programs_are_run_without_a_shell(void **state)
{
	(void)state;
	struct program p = {.argv = (const char *const[]){"cat", NULL},
		.input = "a $(b) `c` ; d\n",
		.stop_fd = -1};

	assert_int_equal(program_run(&p), 0);
	assert_string_equal(p.out, "a $(b) `c` ; d\n");
	p.argv = (const char *const[]){"printf", "%s", "$HOME;", NULL};
	assert_int_equal(program_run(&p), 0);
	assert_string_equal(p.out, "$HOME;");
	p.argv = (const char *const[]){"seq", "100000", NULL}; /* more than there is room for */
	assert_int_equal(program_run(&p), 0);
	assert_int_equal(strlen(p.out), sizeof(p.out) - 1);
	p.argv = (const char *const[]){"false", NULL};
	assert_int_equal(program_run(&p), 1);
	p.argv = (const char *const[]){"sh", "-c", "kill -9 $$", NULL};
	assert_int_equal(program_run(&p), 137);
	p.argv = (const char *const[]){"ovnet-no-such-program", NULL};
	assert_int_equal(program_run(&p), -ENOENT);
	/* Nothing of ours stays open in it, even what is not marked so. */
	int fd = open("/dev/null", O_RDONLY), high = dup2(fd, 77);
	p.argv = (const char *const[]){"sh", "-c", "ls /proc/self/fd", NULL};
	assert_int_equal(program_run(&p), 0);
	assert_null(strstr(p.out, "77"));
	close(fd);
	close(high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rules_are_flannel_s, new_net),
		cmocka_unit_test_setup(what_turns_back_at_the_host_device, new_net),
		cmocka_unit_test_setup(what_is_hurt_is_mended, new_net),
		cmocka_unit_test_setup(other_networks_replace_the_former, new_net),
		cmocka_unit_test_setup(unwanted_rules_go, new_net),
		cmocka_unit_test_setup(cleanup_finds_all, new_net),
		cmocka_unit_test_setup_teardown(legacy_iptables_does_as_well, make_bin, remove_bin),
		cmocka_unit_test_setup(both_kinds_of_tables_accept, new_net),
		cmocka_unit_test_setup_teardown(
			without_iptables_the_rest_works, make_bin, remove_bin),
		cmocka_unit_test_setup_teardown(refusals_are_told, make_bin, remove_bin),
		cmocka_unit_test(a_stop_ends_what_waits),
		cmocka_unit_test(programs_are_run_without_a_shell),
	};

	snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin", getenv("PATH"));
	if (unshare(CLONE_NEWNET) < 0) {
		printf("needs root: makes network namespaces\n");
		return 77;
	}
	return cmocka_run_group_tests_name("firewall", tests, NULL, NULL);
}
