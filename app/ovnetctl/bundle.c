/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nothing is in it that is not asked for here: answers of the daemon, whose configuration comes
 * without secrets, and what programs say of the kernel. No command lines or environments of
 * processes, which may hold a password; no contents of files of keys, and none of packets.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command.h"
#include "ctl/ctl_server.h"

#define DEFAULT_SOCKET "/run/ovnet/ovnetd.sock"
#define PROGRAM_MS     10000
#define PROGRAM_MAX    (4u << 20) /* bytes of what one says */
#define WORDS_MAX      12

static const char *const methods[] = {"status", "config", "lease", "ports", "port-show", "queues",
	"peers", "workers", "stats", "drops", "vm-list", NULL};

static const char *const programs[][WORDS_MAX] = {
	{"uname", "-a"},
	{"cat", "/etc/os-release"},
	{"cat", "/proc/meminfo"},
	{"cat", "/run/flannel/subnet.env"},
	{"ip", "-d", "-s", "link"},
	{"ip", "address"},
	{"ip", "rule"},
	{"ip", "route", "show", "table", "all"},
	{"ip", "-6", "route", "show", "table", "all"},
	{"ip", "neighbour"},
	{"bridge", "fdb"},
	{"nft", "list", "ruleset"},
	{"iptables-save"},
	{"tc", "-s", "qdisc"},
	{"ss", "-lnup"},
	{"bpftool", "net"},
	{"systemctl", "--no-pager", "status", "ovnetd", "flanneld", "docker"},
	{"journalctl", "--no-pager", "-q", "-b", "-n", "3000", "-u", "ovnetd"},
};

bool bundle_is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return strcmp(argv[i], "support-bundle") == 0;
		if (strcmp(argv[i], "--socket") == 0 || strcmp(argv[i], "--watch") == 0)
			i++;
	}
	return false;
}

static void print_help(void)
{
	printf("Usage: ovnetctl [--socket PATH] support-bundle [-o FILE]\n\n"
	       "Writes what the daemon, the kernel and the journal say of this node into one file, "
	       "for\nsomebody else to look at: read it before you give it away. Passwords, keys "
	       "and "
	       "packets\nare not in it; addresses, routes and firewall rules are.\n\n"
	       "  -o FILE          instead of ovnet-support-HOST-TIME.txt here; - is standard "
	       "output\n");
}

static void head(FILE *out, const char *const *words)
{
	fputs("\n====", out);
	for (unsigned i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		fprintf(out, " %s", words[i]);
	fputs("\n", out);
}

static void put_answer(FILE *out, const char *socket, const char *method)
{
	char err[1024] = "";
	json_t *answer = ovnet_ctl_call(socket, method, NULL, COMMAND_TIMEOUT_MS, err, sizeof(err));

	head(out, (const char *const[]){"ovnetd:", method, NULL});
	if (answer == NULL)
		fprintf(out, "%s\n", err);
	else if (json_dumpf(answer, out, JSON_INDENT(1) | JSON_ENCODE_ANY) == 0)
		fputs("\n", out);
	json_decref(answer);
}

/* In the child. */
static void become(const char *const *words, int to)
{
	char *argv[WORDS_MAX + 1] = {NULL};
	int null = open("/dev/null", O_RDONLY);

	for (unsigned i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		argv[i] = (char *)(unsigned long)words[i];
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(to, STDOUT_FILENO) >= 0 &&
		dup2(to, STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	dprintf(to, "cannot be run: %s\n", strerror(errno));
	_exit(127);
}

/* Until its end, or its time is up, or it has said too much. */
static void copy(FILE *out, int from)
{
	const int64_t end = monotonic_ms() + PROGRAM_MS;
	size_t left = PROGRAM_MAX;
	char buf[16384];

	while (left > 0) {
		const int64_t ms = end - monotonic_ms();
		struct pollfd p = {.fd = from, .events = POLLIN};
		int ready = ms > 0 ? poll(&p, 1, (int)ms) : 0;

		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t n =
			ready > 0 ? read(from, buf, left < sizeof(buf) ? left : sizeof(buf)) : -1;
		if (n < 0)
			fprintf(out, "(given up: %s)\n",
				ready > 0 ? strerror(errno) : "it takes too long");
		if (n <= 0)
			return;
		fwrite(buf, 1, (size_t)n, out);
		left -= (size_t)n;
	}
	fputs("\n(cut)\n", out);
}

static void put_program(FILE *out, const char *const *words)
{
	int ends[2];

	head(out, words);
	fflush(out);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		fprintf(out, "%s\n", strerror(errno));
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		become(words, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		copy(out, ends[0]);
		kill(pid, SIGKILL); /* who is done hears nothing of it */
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
}

static int write_bundle(FILE *out, const char *socket)
{
	const time_t now = time(NULL);
	struct tm tm;
	char text[64];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out, "ovnetctl %s, support-bundle of %s\n", OVNET_VERSION, text);
	for (unsigned i = 0; methods[i] != NULL; i++)
		put_answer(out, socket, methods[i]);
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		put_program(out, programs[i]);
	return fflush(out) == 0 && !ferror(out) ? 0 : EXIT_DAEMON;
}

static void default_name(char *name, size_t size)
{
	char host[65] = "";
	const time_t now = time(NULL);

	if (gethostname(host, sizeof(host) - 1) < 0 || strchr(host, '/') != NULL)
		host[0] = '\0';
	snprintf(name, size, "ovnet-support-%s-%lld.txt", host[0] != '\0' ? host : "node",
		(long long)now);
}

/* For its owner alone, and never over something that is there. */
static int write_file(const char *name, const char *socket)
{
	char why[512];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	int rc = out != NULL ? write_bundle(out, socket) : EXIT_DAEMON;

	if (out != NULL && fclose(out) != 0)
		rc = EXIT_DAEMON;
	else if (out == NULL && fd >= 0)
		close(fd);
	if (rc != 0) {
		snprintf(why, sizeof(why), "%s: %s; give another file with -o", name,
			strerror(errno));
		return command_failed(why);
	}
	printf("%s: read it before you give it away\n", name);
	return command_flush();
}

int bundle_command(int argc, char **argv)
{
	static const struct option flags[] = {{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *socket = DEFAULT_SOCKET, *file = NULL;
	char name[128];
	int c;

	while ((c = getopt_long(argc, argv, "ho:", flags, NULL)) != -1) {
		if (c == 's') {
			socket = optarg;
		} else if (c == 'o') {
			file = optarg;
		} else if (c == 'h') {
			print_help();
			return 0;
		} else {
			return command_usage("", "wrong option");
		}
	}
	if (optind + 1 < argc)
		return command_usage("one command at a time, what is ", argv[optind + 1]);
	if (file != NULL && strcmp(file, "-") == 0)
		return write_bundle(stdout, socket);
	default_name(name, sizeof(name));
	return write_file(file != NULL ? file : name, socket);
}
