/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bundle.h"
#include "check_tree.h"
#include "command.h"
#include "ctl/ctl_server.h"
#include "handover.h"
#include "health.h"
#include "last.h"
#include "lease.h"
#include "port.h"
#include "reload.h"
#include "seeing.h"
#include "views.h"
#include "vm.h"

#define DEFAULT_SOCKET "/run/ovnet/ovnetd.sock"
#define TIMEOUT_MS     10000
#define WATCH_MAX      86400

struct options {
	const char *socket;
	bool json, invalid, all, now, reset, keep, last;
	bool reload;             /* that is the command */
	bool handover;           /* the command is handover */
	unsigned watch;          /* seconds; 0: once */
	const struct view *view; /* NULL: the command is lease or port */
	const char *lease;       /* what about it */
	const char *reason;      /* drops --last: of it alone */
	char **words;            /* behind "port"; NULL: it is not that */
	int n_words;
};

static void print_help(void)
{
	printf("Usage: ovnetctl [OPTION...] COMMAND\n\n"
	       "Asks a running ovnetd. See ovnetctl(1).\n\nCommands:\n");
	for (const struct view *v = views; v->name != NULL; v++)
		printf("  %-16s %s\n", v->name, v->help);
	printf("  %-16s %s\n", "health",
		"what is not as it should be; exit status 0 ok, 1 warning, 2 critical, 3 unknown");
	printf("  %-16s %s\n", "lease", "this node's own lease: show, reserve, release [--now]");
	printf("  %-16s %s\n", "handover kernel",
		"the kernel forwards as flanneld would have it, and ovnetd ends");
	printf("  %-16s %s\n", "port",
		"attach ports: show [NAME], add NAME KEY=VALUE..., set NAME KEY=VALUE..., del "
		"NAME");
	printf("  %-16s %s\n", "vm", "virtual machines: add, list, show, del; see vm --help");
	printf("  %-16s %s\n", "reload",
		"have ovnetd read its configuration anew; says what changed, and what needs a "
		"restart");
	printf("  %-16s %s\n", "support-bundle",
		"one file for who is to help, without secrets; -o FILE");
	printf("  %-16s %s\n", "check-tree",
		"the whole cluster's lease tree, from etcd itself; see check-tree --help");
	seeing_help();
	printf("\nOptions:\n"
	       "  --socket PATH    the daemon's control.socket (" DEFAULT_SOCKET ")\n"
	       "  --json           print the answer as JSON\n"
	       "  --watch N        again every N seconds; counts become rates per second\n"
	       "  --invalid        leases: those ovnetd refused, and why\n"
	       "  --now            lease release: give it back at once and end ovnetd\n"
	       "  --keep           port add: one that cannot be opened now stays, and is tried "
	       "again\n"
	       "  --all            drops: every reason, not only those that occurred\n"
	       "  --last [REASON]  drops: the last packets refused, of each reason or of that one\n"
	       "  --reset          status: look for the longest turn of the loop anew from now "
	       "on\n"
	       "  --version        print the version\n"
	       "  --help           print this\n\n"
	       "Exit status: 0, 1 when the daemon cannot be asked or refuses, 2 for wrong "
	       "usage; of health its own.\n");
}

static int parse_watch(const char *text, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > WATCH_MAX)
		return command_usage("--watch takes seconds, 1 to 86400, not ", text);
	*out = (unsigned)n;
	return 0;
}

static int parse_lease(struct options *o, int argc, char **argv)
{
	o->lease = optind + 1 < argc ? argv[optind + 1] : "show";
	if (!lease_is_verb(o->lease))
		return command_usage("lease takes show, reserve or release, not ", o->lease);
	if (optind + 2 < argc)
		return command_usage("one command at a time, what is ", argv[optind + 2]);
	if (o->invalid || o->all || o->watch > 0)
		return command_usage("--invalid, --all and --watch do not go with ", "lease");
	if (o->now && strcmp(o->lease, "release") != 0)
		return command_usage("--now goes with lease release, not ", o->lease);
	return 0;
}

static struct port_args port_args(const struct options *o)
{
	return (struct port_args){.socket = o->socket,
		.words = o->words,
		.n = o->n_words,
		.keep = o->keep,
		.json = o->json};
}

static int parse_port(struct options *o, int argc, char **argv)
{
	if (o->invalid || o->all || o->watch > 0 || o->now || o->reset)
		return command_usage(
			"--invalid, --all, --watch, --now and --reset do not go with ", "port");
	o->words = argv + optind + 1;
	o->n_words = argc - optind - 1;
	const struct port_args args = port_args(o);
	return port_check(&args);
}

static int parse_reload(struct options *o, int argc, char **argv)
{
	if (optind + 1 < argc)
		return command_usage("one command at a time, what is ", argv[optind + 1]);
	if (o->invalid || o->all || o->watch > 0 || o->now || o->reset || o->keep)
		return command_usage("only --socket and --json go with ", "reload");
	o->reload = true;
	return 0;
}

static int parse_handover(struct options *o, int argc, char **argv)
{
	if (optind + 1 >= argc)
		return command_usage("handover takes kernel", "");
	if (strcmp(argv[optind + 1], "kernel") != 0)
		return command_usage("handover takes kernel, not ", argv[optind + 1]);
	if (optind + 2 < argc)
		return command_usage("one command at a time, what is ", argv[optind + 2]);
	if (o->invalid || o->all || o->watch > 0 || o->now || o->reset || o->keep)
		return command_usage("only --socket and --json go with ", "handover");
	o->handover = true;
	return 0;
}

static int parse_last(struct options *o, int argc, char **argv)
{
	if (o->invalid || o->all || o->watch > 0 || o->now || o->reset)
		return command_usage(
			"--invalid, --all, --watch, --now and --reset do not go with ", "--last");
	if (optind + 2 < argc)
		return command_usage("one reason at a time, what is ", argv[optind + 2]);
	o->reason = argv[optind + 1];
	return 0;
}

static int parse_command(struct options *o, int argc, char **argv)
{
	if (optind >= argc)
		return command_usage("no command", "");
	if (o->last && strcmp(argv[optind], "drops") != 0)
		return command_usage("--last goes with drops, not ", argv[optind]);
	if (strcmp(argv[optind], "handover") == 0)
		return parse_handover(o, argc, argv);
	if (strcmp(argv[optind], "lease") == 0)
		return parse_lease(o, argc, argv);
	if (strcmp(argv[optind], "port") == 0)
		return parse_port(o, argc, argv);
	if (strcmp(argv[optind], "reload") == 0)
		return parse_reload(o, argc, argv);
	if (o->keep)
		return command_usage("--keep goes with port add, not ", argv[optind]);
	for (const struct view *v = views; v->name != NULL; v++)
		if (strcmp(v->name, argv[optind]) == 0)
			o->view = v;
	if (o->view == NULL)
		return command_usage("no such command: ", argv[optind]);
	if (o->last)
		return parse_last(o, argc, argv);
	if (optind + 1 < argc)
		return command_usage("one command at a time, what is ", argv[optind + 1]);
	if (o->invalid && strcmp(o->view->name, "leases") != 0)
		return command_usage("--invalid goes with leases, not ", o->view->name);
	if (o->all && strcmp(o->view->name, "drops") != 0)
		return command_usage("--all goes with drops, not ", o->view->name);
	if (o->reset && strcmp(o->view->name, "status") != 0)
		return command_usage("--reset goes with status, not ", o->view->name);
	if (o->now)
		return command_usage("--now goes with lease release, not ", o->view->name);
	if (o->invalid)
		o->view = &invalid_leases;
	return 0;
}

/* 0 to go on, negative to leave with 0, or an exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option flags[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"watch", required_argument, NULL, 'w'},
		{"invalid", no_argument, NULL, 'i'}, {"now", no_argument, NULL, 'n'},
		{"keep", no_argument, NULL, 'k'}, {"all", no_argument, NULL, 'a'},
		{"reset", no_argument, NULL, 'r'}, {"last", no_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int c, err;

	while ((c = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'w':
			err = parse_watch(optarg, &o->watch);
			if (err != 0)
				return err;
			break;
		case 'i':
			o->invalid = true;
			break;
		case 'n':
			o->now = true;
			break;
		case 'k':
			o->keep = true;
			break;
		case 'a':
			o->all = true;
			break;
		case 'l':
			o->last = true;
			break;
		case 'r':
			o->reset = true;
			break;
		case 'v':
			printf("ovnetctl %s\n", OVNET_VERSION);
			return -1;
		case 'h':
			print_help();
			return -1;
		default:
			return command_usage("", "wrong option");
		}
	}
	return parse_command(o, argc, argv);
}

static double now(void)
{
	return (double)monotonic_ns() / 1e9;
}

/* New reference, or NULL: said why. */
static json_t *ask(const struct options *o)
{
	char err[1024] = "";
	json_t *params = NULL;

	if (o->invalid || o->all || o->reset)
		params = json_pack("{s:b}", o->invalid ? "invalid" : o->all ? "all" : "reset", 1);
	json_t *result =
		ovnet_ctl_call(o->socket, o->view->name, params, TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (result == NULL)
		(void)command_failed(err);
	return result;
}

/* 0, or EXIT_DAEMON when the output cannot be written. */
static int print(const struct options *o, const struct reading *r)
{
	if (o->watch > 0 && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	if (o->json && json_dumpf(r->now, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) == 0)
		putchar('\n');
	else if (!o->json)
		show_view(stdout, o->view, r);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_DAEMON;
}

/* Goes on through a restart of the daemon. */
static int watch(const struct options *o)
{
	struct reading r = {.watching = 1};
	double last = 0;

	for (;;) {
		double at = now();
		r.now = ask(o);
		r.seconds = r.before != NULL ? at - last : 0;
		if (r.now != NULL && print(o, &r) != 0) {
			json_decref(r.now);
			json_decref(r.before);
			return EXIT_DAEMON;
		}
		json_decref(r.before);
		r.before = r.now;
		last = at;
		sleep(o->watch);
	}
}

int main(int argc, char **argv)
{
	if (vm_is_asked(argc, argv))
		return vm_command(argc, argv);
	if (bundle_is_asked(argc, argv))
		return bundle_command(argc, argv);
	if (check_tree_is_asked(argc, argv))
		return check_tree_command(argc, argv);
	if (seeing_is_asked(argc, argv))
		return seeing_command(argc, argv);
	if (health_is_asked(argc, argv))
		return health_command(argc, argv, DEFAULT_SOCKET);
	struct options o = {.socket = DEFAULT_SOCKET};
	int code = parse(&o, argc, argv);

	if (code != 0)
		return code < 0 ? 0 : code;
	if (o.lease != NULL)
		return lease_command(&(struct lease_args){
			.socket = o.socket, .verb = o.lease, .now = o.now, .json = o.json});
	if (o.reload)
		return reload_command(o.socket, o.json);
	if (o.handover)
		return handover_command(o.socket, o.json);
	if (o.words != NULL) {
		const struct port_args args = port_args(&o);
		return port_command(&args);
	}
	if (o.last)
		return last_command(o.socket, o.reason, o.json);
	if (o.watch > 0)
		return watch(&o);
	struct reading r = {.now = ask(&o)};
	if (r.now == NULL)
		return EXIT_DAEMON;
	code = print(&o, &r);
	json_decref(r.now);
	return code;
}
