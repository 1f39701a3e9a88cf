/* SPDX-License-Identifier: BSD-3-Clause */
/* The program itself, run against a control server that answers in the daemon's shapes. */
#include "bed/ctl_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "conf/options.h"

static json_t *from_text(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

static json_t *status(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params, (void)err, (void)err_size;
	return from_text(
		"{\"version\":\"0.1.0\",\"pid\":77,\"uptime_s\":93784,\"state\":\"running\","
		"\"health\":\"degraded\",\"peers\":2,\"unknown\":{\"x\":[1]},"
		"\"node\":{\"public_ip\":\"192.0.2.10\",\"iface\":\"eth0\",\"subnet\":"
		"\"10.5.72.0/24\",\"network\":\"10.5.0.0/16\",\"backend\":\"vxlan\",\"vni\":1,"
		"\"udp_port\":8472,\"mtu\":1450,\"host_device\":\"ovnet0\"},"
		"\"etcd\":{\"transport\":\"v3/json\",\"connected\":false,\"error\":"
		"\"refused\\u001b[31m\"},"
		"\"lane\":{\"state\":\"on\",\"out\":true,\"in\":false,\"why\":null,\"udp_port\":"
		"8473,\"tx_packets\":5,\"rx_packets\":4,\"sent_up\":3,\"came_up\":2,\"bad\":1,"
		"\"failed\":0,\"held\":6,\"hooks\":[{\"interface\":\"ovnet0\",\"direction\":"
		"\"egress\",\"attached\":true,\"others\":0},{\"interface\":null,\"direction\":"
		"\"ingress\",\"attached\":false,\"others\":2},{}]},"
		"\"warnings\":[\"peer 192.0.2.9 sends from outside its subnet\",\"no "
		"hugepages\"]}");
}

static json_t *peers(void *arg, const json_t *params, char *err, size_t err_size)
{
	static long long asked;

	(void)arg, (void)params, (void)err, (void)err_size;
	/* The second reading has its rows in another order and one of them new. */
	if (asked++ == 0)
		return json_pack("[{s:s,s:s,s:s,s:I,s:I},{s:s,s:s,s:I,s:I}]", "subnet",
			"10.5.1.0/24", "public_ip", "192.0.2.1", "state", "ok", "tx_packets",
			(json_int_t)1000, "tx_bytes", (json_int_t)1536, "subnet", "10.5.200.0/24",
			"state", "no-route", "tx_packets", (json_int_t)5, "tx_bytes",
			(json_int_t)0);
	return json_pack("[{s:s,s:I},{s:s,s:I},{s:s,s:I}]", "subnet", "10.5.200.0/24", "tx_packets",
		(json_int_t)5, "subnet", "10.5.1.0/24", "tx_packets", (json_int_t)10000000 * asked,
		"subnet", "10.5.9.0/24", "tx_packets", (json_int_t)1);
}

static bool long_keys;

/* Of 60,000 bytes, characters of two among them. */
static const char *long_key(void)
{
	static char key[60001];

	memset(key, 'k', sizeof(key) - 1);
	for (unsigned i = 1; i + 2 < sizeof(key); i += 2)
		memcpy(key + i, "\xc3\xa9", 2);
	return key;
}

static json_t *leases(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)err, (void)err_size;
	if (json_is_true(json_object_get(params, "invalid")) && long_keys)
		return json_pack("[{s:s,s:s}]", "key", long_key(), "why",
			"its name is no subnet such as 10.5.1.0-24");
	if (json_is_true(json_object_get(params, "invalid")))
		return from_text(
			"[{\"key\":\"10.5.1.7-24\\u009b\",\"why\":\"host bits are set\"}]");
	return from_text("[{\"subnet\":\"10.5.72.0/24\",\"public_ip\":\"192.0.2.10\",\"backend\":"
			 "\"vxlan\",\"vni\":1,\"own\":true}]");
}

static json_t *drops(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)err, (void)err_size;
	return from_text(json_is_true(json_object_get(params, "all"))
				 ? "[{\"reason\":\"truncated\",\"packets\":0}]"
				 : "[]");
}

static json_t *ports(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params;
	snprintf(err, err_size, "ports are being\033[2J moved");
	return NULL;
}

static json_t *stats(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params, (void)err, (void)err_size;
	return from_text("{\"stages\":[{\"stage\":\"rx\",\"packets\":12,\"bursts\":3}]}");
}

/* An answer of the wrong shape. */
static json_t *workers(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params, (void)err, (void)err_size;
	return from_text("[5,{\"id\":\"x\",\"queues\":[1,\"ovnet0/0\",\"eth0/1\"]},[]]");
}

static json_t *lease(void *arg, const json_t *params, char *why, size_t size);
static json_t *lease_order(void *arg, const json_t *params, char *why, size_t size);

static const char *health_answer;

static json_t *health(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params, (void)err, (void)err_size;
	return from_text(health_answer);
}

static const struct ovnet_ctl_method methods[] = {{"status", status}, {"peers", peers},
	{"health", health}, {"leases", leases}, {"drops", drops}, {"ports", ports},
	{"stats", stats}, {"workers", workers}, {"lease", lease}, {"lease-reserve", lease_order},
	{"lease-release", lease_order}, {NULL, NULL}};

static struct daemon daemon_;
static char out[16384], err[4096];

static void slurp(int fd, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < size && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
	close(fd);
}

/* Runs it with --socket and `args`; ends it after `seconds` if not 0. The exit code. */
static int run(const char *const *args, unsigned seconds, uid_t uid)
{
	char *argv[12] = {(char *)OVNETCTL};
	int n = 1, o[2], e[2], st;

	for (; *args != NULL && n < 11; args++)
		argv[n++] = (char *)*args;
	assert_int_equal(pipe(o), 0);
	assert_int_equal(pipe(e), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(o[1], STDOUT_FILENO);
		dup2(e[1], STDERR_FILENO);
		close(o[0]);
		close(e[0]);
		alarm(seconds);
		if (uid != 0 && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
					setresuid(uid, uid, uid) < 0))
			_exit(99);
		execv(OVNETCTL, argv);
		_exit(98);
	}
	close(o[1]);
	close(e[1]);
	slurp(o[0], out, sizeof(out));
	slurp(e[0], err, sizeof(err));
	assert_int_equal(waitpid(pid, &st, 0), pid);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

#define RUN(...) run((const char *const[]){"--socket", daemon_.path, __VA_ARGS__, NULL}, 0, 0)

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" not in:\n%s", part, text);
}

static void status_shows_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(RUN("status"), 0);
	has(out, "ovnetd      0.1.0, pid 77, up 1d 2h\n");
	has(out, "state       running, health degraded, peers 2\n");
	has(out, "node        192.0.2.10, on eth0\n");
	has(out, "backend     vxlan, VNI 1, UDP port 8472\n");
	has(out, "etcd        away, v3/json\n");
	has(out, "  error     refused?[31m\n");
	has(out, "kernel lane on, out only, UDP port 8473, sent 5, received 4, bad 1, failed 0, "
		 "held 6\n");
	has(out, "  programs  ovnet0 egress, ? ingress gone beside 2 of others\n");
	has(out, "warning     peer 192.0.2.9 sends from outside its subnet\nwarning     no huge");
	assert_null(strstr(out, "workers")); /* the answer had no such member */
	assert_string_equal(err, "");
}

static void json_is_the_result(void **state)
{
	char want_err[8];
	json_t *want = status(NULL, NULL, want_err, sizeof(want_err));

	(void)state;
	assert_int_equal(RUN("--json", "status"), 0);
	json_t *got = json_loads(out, 0, NULL);
	assert_true(json_equal(got, want));
	has(out, "\n  \"pid\": 77,\n");
	json_decref(got);
	json_decref(want);
}

/* Characters of the longest line. */
static unsigned longest(const char *text)
{
	unsigned best = 0, n = 0;

	for (; *text != '\0'; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80 && *text != '\r';
		if (*text == '\n')
			n = 0;
		best = n > best ? n : best;
	}
	return best;
}

static void run_on_terminal(unsigned short columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	int master, st;
	pid_t pid = forkpty(&master, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(OVNETCTL, OVNETCTL, "--socket", daemon_.path, "leases", "--invalid", NULL);
		_exit(98);
	}
	slurp(master, out, sizeof(out));
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
}

static void texts_are_cut_to_the_terminal(void **state)
{
	(void)state;
	long_keys = true;
	setenv("COLUMNS", "40", 1);
	assert_int_equal(RUN("leases", "--invalid"), 0);
	/* The widest gives way first, then both, at whole characters. */
	has(out, "KEY                  WHY\n"
		 "k\xc3\xa9\xc3\xa9");
	has(out, "\xe2\x80\xa6  its name is no sub\xe2\x80\xa6\n");
	assert_int_equal(longest(out), 40);
	setenv("COLUMNS", "100", 1);
	assert_int_equal(RUN("leases", "--invalid"), 0);
	has(out, "\xe2\x80\xa6  its name is no subnet such as 10.5.1.0-24\n");
	assert_int_equal(longest(out), 100);
	setenv("COLUMNS", "1", 1);
	assert_int_equal(RUN("leases", "--invalid"), 0);
	assert_int_equal(longest(out), 20);
	setenv("COLUMNS", "40", 1);
	assert_int_equal(RUN("stats"), 0); /* numbers are never cut */
	assert_string_equal(out, "STAGE  PACKETS  BURSTS\nrx          12       3\n");
	unsetenv("COLUMNS");
	/* Into a pipe it is long, but not endless. */
	assert_int_equal(RUN("leases", "--invalid"), 0);
	assert_in_range(longest(out), 500, 1100);
	has(out, "\xc3\xa9\xe2\x80\xa6  its name is no subnet such as 10.5.1.0-24\n");
	run_on_terminal(60);
	assert_int_equal(longest(out), 60);
	has(out, "\xe2\x80\xa6  its name is no subn");
	long_keys = false;
}

static void tables_are_aligned(void **state)
{
	(void)state;
	assert_int_equal(RUN("peers"), 0);
	assert_string_equal(out, "SUBNET         PUBLIC-IP  STATE     TX-PKTS  TX-BYTES\n"
				 "10.5.1.0/24    192.0.2.1  ok           1000   1.5 KiB\n"
				 "10.5.200.0/24  -          no-route        5         0\n");
	assert_int_equal(RUN("leases"), 0);
	assert_string_equal(out, "SUBNET        PUBLIC-IP   BACKEND  VNI  OWN\n"
				 "10.5.72.0/24  192.0.2.10  vxlan      1  own\n");
	assert_int_equal(RUN("leases", "--invalid"), 0);
	assert_string_equal(out, "KEY            WHY\n"
				 "10.5.1.7-24??  host bits are set\n");
	assert_int_equal(RUN("drops"), 0);
	assert_string_equal(out, "nothing was dropped\n");
	assert_int_equal(RUN("--all", "drops"), 0);
	assert_string_equal(out, "REASON     PACKETS\ntruncated        0\n");
	assert_int_equal(RUN("stats"), 0);
	assert_string_equal(out, "STAGE  PACKETS  BURSTS\nrx          12       3\n");
	assert_int_equal(RUN("workers"), 0);
	assert_string_equal(out, "ID  QUEUES\n -  -\n x  ovnet0/0,eth0/1\n -  -\n");
}

/* Runs after tables_are_aligned: the server has counted on. */
static void watch_shows_rates(void **state)
{
	(void)state;
	const char *const args[] = {"--socket", daemon_.path, "--watch", "1", "peers", NULL};

	assert_int_equal(run(args, 5, 0), -SIGALRM);
	has(out, "SUBNET         TX-PKTS/s\n10.5.200.0/24          -\n");
	/* Ten million a second more, give or take what a busy box adds to the second. */
	char *second = strstr(strstr(out, "SUBNET") + 1, "SUBNET");
	assert_non_null(second);
	has(second, "10.5.200.0/24          0\n");
	char *row = strstr(second, "10.5.1.0/24");
	assert_non_null(row);
	double rate = strtod(row + strlen("10.5.1.0/24"), &row);
	assert_int_equal(*row, 'M');
	assert_true(rate > 3 && rate < 10.5);
}

/* The daemon counts orders; this one ends each at the second look. */
static int orders;
static bool running;
static char order_error[64];

static json_t *lease(void *arg, const json_t *params, char *why, size_t size)
{
	(void)arg, (void)params, (void)why, (void)size;
	json_t *o = json_pack("{s:s,s:{s:s},s:b,s:b,s:i,s:s,s:I,s:{s:i,s:b,s:s}}", "key",
		"/n/subnets/10.5.7.0-24\n", "value", "PublicIP", "192.0.2.10", "held", 1,
		"reserved", orders == 1, "ttl_left_s", 3700, "handle", "6a6c", "since",
		(json_int_t)time(NULL) - 130, "order", "number", orders, "running", running,
		"error", order_error);
	running = false;
	return o;
}

static json_t *lease_order(void *arg, const json_t *params, char *why, size_t size)
{
	(void)arg, (void)size;
	if (json_is_true(json_object_get(params, "now"))) {
		strcpy(why, "etcd is away");
		return NULL;
	}
	running = true;
	return json_pack("{s:i}", "number", ++orders);
}

static void lease_is_shown_and_ordered(void **state)
{
	(void)state;
	assert_int_equal(RUN("lease"), 0);
	has(out, "key         /n/subnets/10.5.7.0-24?\n");
	has(out, "value       {\"PublicIP\":\"192.0.2.10\"}\n");
	has(out, "held for    2m 10s\n");
	has(out, "ends        in 1h 1m unless renewed, TTL handle 6a6c\n");
	assert_int_equal(RUN("lease", "reserve"), 0);
	has(out, "ends        never, it is a reservation\n");
	strcpy(order_error, "changed meanwhile");
	assert_int_equal(RUN("lease", "release"), 1);
	has(err, "ovnetctl: changed meanwhile\n");
	assert_int_equal(RUN("lease", "release", "--now"), 1);
	has(err, "etcd is away");
	assert_int_equal(RUN("lease", "reserve", "--now"), 2);
	assert_int_equal(RUN("lease", "give"), 2);
	assert_int_equal(RUN("lease", "show", "it"), 2);
	assert_int_equal(RUN("peers", "--now"), 2);
	assert_int_equal(orders, 2);
}

static void errors_and_exit_codes(void **state)
{
	(void)state;
	assert_int_equal(RUN("ports"), 1);
	assert_string_equal(err, "ovnetctl: ports are being?[2J moved\n");
	assert_string_equal(out, "");
	const char *const nobody[] = {"--socket", "/nonexistent/o.sock", "status", NULL};
	assert_int_equal(run(nobody, 0, 0), 1);
	has(err, "ovnetctl: /nonexistent/o.sock: no ovnetd listens there");
	has(err, "systemctl status ovnetd");
	assert_int_equal(RUN("prots"), 2);
	has(err, "no such command: prots; see ovnetctl --help");
	assert_int_equal(RUN("--nonsense"), 2);
	assert_int_equal(RUN("status", "ports"), 2);
	assert_int_equal(RUN("--invalid", "ports"), 2);
	assert_int_equal(RUN("--all", "leases"), 2);
	assert_int_equal(RUN("--watch", "0", "ports"), 2);
	assert_int_equal(RUN("--watch", "-1", "ports"), 2);
	assert_int_equal(RUN("--watch", "1x", "ports"), 2);
	const char *const none[] = {NULL};
	assert_int_equal(run(none, 0, 0), 2);
	assert_int_equal(RUN("--help"), 0);
	for (unsigned i = 0; methods[i].name != NULL; i++)
		if (strchr(methods[i].name, '-') == NULL) /* "lease-reserve": verbs of one */
			has(out, methods[i].name);
	has(out, option_find(ovnetd_options, "control.socket")->preset); /* they meet */
	assert_int_equal(RUN("--version"), 0);
	assert_string_equal(out, "ovnetctl " OVNET_VERSION "\n");
}

static void permission_denied_names_mode_and_group(void **state)
{
	struct group *group = getgrgid(getegid());
	char want[128];
	const char *const args[] = {"--socket", daemon_.path, "status", NULL};

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to become another user\n");
		skip();
	}
	snprintf(want, sizeof(want), "permission denied: it has mode 0660 and group %s",
		group != NULL ? group->gr_name : "without name");
	assert_int_equal(chmod(daemon_.dir, 0755), 0);
	int code = run(args, 0, 65534);
	if (code == 98) {
		print_message("another user may not run %s from here\n", OVNETCTL);
		skip();
	}
	assert_int_equal(code, 1);
	has(err, want);
}

/* As plugins of monitoring systems exit, wrong usage included. */
static void health_says_how_bad_it_is(void **state)
{
	(void)state;
	health_answer = "{\"severity\":\"ok\",\"code\":0,\"ready\":true,\"findings\":[]}";
	assert_int_equal(RUN("health"), 0);
	assert_string_equal(out, "ovnet ok: forwarding, 0 critical, 0 warnings\n");
	health_answer =
		"{\"severity\":\"critical\",\"code\":2,\"ready\":false,\"findings\":["
		"{\"severity\":\"warning\",\"key\":\"hugepages\",\"text\":\"4K\"},"
		"{\"severity\":\"critical\",\"key\":\"lease-lost\",\"text\":\"gone\\u001b[1m\"}]}";
	assert_int_equal(RUN("health"), 2);
	assert_string_equal(out, "ovnet critical: not forwarding, 1 critical, 1 warnings\n"
				 "critical  lease-lost: gone?[1m\n"
				 "warning   hugepages: 4K\n");
	assert_int_equal(RUN("health", "--json"), 2);
	json_t *got = json_loads(out, 0, NULL), *want = from_text(health_answer);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
	health_answer = "{\"code\":1}";
	assert_int_equal(RUN("health"), 1);
	health_answer = "{\"code\":-7}";
	assert_int_equal(RUN("health"), 3);
	health_answer = "[]";
	assert_int_equal(RUN("health"), 3);
	assert_int_equal(RUN("health", "--all"), 3);
	assert_int_equal(RUN("health", "too"), 3);
	assert_int_equal(RUN("health", "--help"), 0);
	assert_int_equal(
		run((const char *const[]){"--socket", "/nowhere/s", "health", NULL}, 0, 0), 3);
	has(err, "no ovnetd listens there");
}

static int setup(void **state)
{
	(void)state;
	daemon_prepare(&daemon_);
	daemon_start(&daemon_, 0660, 30, methods);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	daemon_stop(&daemon_);
	daemon_remove(&daemon_);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_shows_what_there_is),
		cmocka_unit_test(json_is_the_result),
		cmocka_unit_test(tables_are_aligned),
		cmocka_unit_test(texts_are_cut_to_the_terminal),
		cmocka_unit_test(watch_shows_rates),
		cmocka_unit_test(lease_is_shown_and_ordered),
		cmocka_unit_test(errors_and_exit_codes),
		cmocka_unit_test(health_says_how_bad_it_is),
		cmocka_unit_test(permission_denied_names_mode_and_group),
	};
	return cmocka_run_group_tests_name("ovnetctl", tests, setup, teardown);
}
