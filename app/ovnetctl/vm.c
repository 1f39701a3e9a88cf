/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "table.h"
#include "views.h"
#include "vm_show.h"

#define DEFAULT_SOCKET "/run/ovnet/ovnetd.sock"

static const struct vm_verb {
	const char *name, *method, *args;
	bool named;
	const char *help;
} verbs[] = {
	{"add", "vm-add",
		"NAME [--address A] [--memory M] [--queues N] [--mac MAC] [--server] [--tcg]", true,
		"gives it an address, and prints how its QEMU is plugged in"},
	{"list", "vm-list", "", false, "all of them, and whether their guest is there"},
	{"show", "vm-show", "NAME [--qemu | --libvirt] [--tcg]", true, "what add printed, again"},
	{"del", "vm-del", "NAME", true, "unplugs it; its address is free"},
	{NULL},
};

struct vm_args {
	const char *socket;
	const struct vm_verb *verb;
	bool json, qemu, libvirt, tcg;
	json_t *params;
};

bool vm_is_asked(int argc, char **argv)
{
	return command_is_asked(argc, argv, "vm");
}

static void print_help(void)
{
	printf("Usage: ovnetctl [--socket PATH] [--json] vm COMMAND\n\n"
	       "Virtual machines of this node, by vhost-user. See ovnetctl(1).\n\nCommands:\n");
	for (const struct vm_verb *v = verbs; v->name != NULL; v++)
		printf("  %-4s %s\n       %s\n", v->name, v->args, v->help);
	printf("\nOptions:\n"
	       "  --address A      an address of vm.pool; otherwise one that is free\n"
	       "  --memory M       megabytes, or with G behind it gigabytes (512)\n"
	       "  --queues N       pairs of queues, one for each CPU it has at most (1)\n"
	       "  --mac MAC        its MAC address; otherwise one made of its address\n"
	       "  --server         ovnetd makes the socket, not QEMU\n"
	       "  --tcg            for a QEMU without KVM\n"
	       "  --qemu           QEMU's arguments alone, quoted for a shell\n"
	       "  --libvirt        libvirt's domain alone\n");
}

/* "512", "512M", "2G" -> megabytes; negative: none of them. */
static json_int_t megabytes_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;

	if (digits == 0 || digits > 9)
		return -1;
	json_int_t n = strtol(text, NULL, 10);
	if (strcasecmp(unit, "G") == 0 || strcasecmp(unit, "GB") == 0)
		return n * 1024;
	return unit[0] == '\0' || strcasecmp(unit, "M") == 0 || strcasecmp(unit, "MB") == 0 ? n
											    : -1;
}

static int take_memory(struct vm_args *a, const char *text)
{
	json_int_t n = megabytes_of(text);

	if (n < 0)
		return command_usage("--memory takes megabytes, or gigabytes as in 2G, not ", text);
	json_object_set_new(a->params, "memory", json_integer(n));
	return 0;
}

static int take_queues(struct vm_args *a, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9 || text[digits] != '\0')
		return command_usage("--queues takes a number, not ", text);
	json_object_set_new(a->params, "queues", json_integer(strtol(text, NULL, 10)));
	return 0;
}

/* Text that is no UTF-8 cannot be sent; no right value is. */
static int take_text(struct vm_args *a, const char *member, const char *text)
{
	if (json_object_set_new(a->params, member, json_string(text)) == 0)
		return 0;
	return command_usage("that is no text: ", text);
}

static int take_option(struct vm_args *a, int c)
{
	if (c == 'm')
		return take_memory(a, optarg);
	if (c == 'q')
		return take_queues(a, optarg);
	if (c == 'a' || c == 'M')
		return take_text(a, c == 'a' ? "address" : "mac", optarg);
	if (c == 'S')
		return json_object_set_new(a->params, "server", json_true()) == 0 ? 0 : EXIT_DAEMON;
	if (c == 's')
		a->socket = optarg;
	else if (c == 'j')
		a->json = true;
	else if (c == 'Q')
		a->qemu = true;
	else if (c == 'L')
		a->libvirt = true;
	else if (c == 't')
		a->tcg = true;
	else
		return command_usage("", "wrong option");
	return 0;
}

static int take_words(struct vm_args *a, int n, char **words)
{
	if (n == 0)
		return command_usage("vm takes add, list, show or del", "");
	for (const struct vm_verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, words[0]) == 0)
			a->verb = v;
	if (a->verb == NULL)
		return command_usage("vm takes add, list, show or del, not ", words[0]);
	if (a->verb->named && n < 2)
		return command_usage("which VM? give its name: vm ", words[0]);
	if (n > (a->verb->named ? 2 : 1))
		return command_usage("one VM at a time, what is ", words[n - 1]);
	if (strcmp(a->verb->name, "add") != 0 && json_object_size(a->params) > 0)
		return command_usage(
			"--address, --memory, --queues, --mac and --server go with vm add, "
			"not vm ",
			words[0]);
	if ((a->qemu || a->libvirt || a->tcg) &&
		(!a->verb->named || strcmp(a->verb->name, "del") == 0))
		return command_usage(
			"--qemu, --libvirt and --tcg go with vm add and show, not vm ", words[0]);
	if (a->json + a->qemu + a->libvirt > 1)
		return command_usage("one of --json, --qemu and --libvirt", "");
	if (a->tcg && json_object_set_new(a->params, "tcg", json_true()) < 0)
		return EXIT_DAEMON;
	return a->verb->named ? take_text(a, "name", words[1]) : 0;
}

/* 0 to go on, negative to leave with 0, or an exit code. */
static int parse(struct vm_args *a, int argc, char **argv)
{
	static const struct option flags[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"address", required_argument, NULL, 'a'},
		{"memory", required_argument, NULL, 'm'}, {"queues", required_argument, NULL, 'q'},
		{"mac", required_argument, NULL, 'M'}, {"server", no_argument, NULL, 'S'},
		{"qemu", no_argument, NULL, 'Q'}, {"libvirt", no_argument, NULL, 'L'},
		{"tcg", no_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
		if (c == 'h') {
			print_help();
			return -1;
		}
		int rc = take_option(a, c);
		if (rc != 0)
			return rc;
	}
	return take_words(a, argc - optind - 1, argv + optind + 1);
}

static void print(const struct vm_args *a, json_t *answer)
{
	if (a->json)
		(void)command_print_json(answer); /* as the flush will find */
	else if (a->qemu)
		vm_print_qemu(answer, " ");
	else if (a->libvirt)
		vm_print_libvirt(answer, "");
	else if (strcmp(a->verb->name, "list") == 0)
		vm_print_list(answer);
	else if (strcmp(a->verb->name, "del") == 0)
		vm_print_deleted(answer);
	else
		vm_print(answer);
}

int vm_command(int argc, char **argv)
{
	struct vm_args a = {.socket = DEFAULT_SOCKET, .params = json_object()};
	char err[1024] = "";
	int rc = parse(&a, argc, argv);

	if (rc != 0) {
		json_decref(a.params);
		return rc < 0 ? 0 : rc;
	}
	json_t *answer = ovnet_ctl_call(
		a.socket, a.verb->method, a.params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	json_decref(a.params);
	if (answer == NULL)
		return command_failed(err);
	print(&a, answer);
	json_decref(answer);
	return command_flush();
}
