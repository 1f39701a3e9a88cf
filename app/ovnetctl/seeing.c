/* SPDX-License-Identifier: BSD-3-Clause */
#include "seeing.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define DEFAULT_SOCKET "/run/ovnet/ovnetd.sock"

static const struct seeing_verb {
	const char *name, *args, *help;
	const char *options; /* short ones it takes */
	int (*run)(const struct seeing_args *a);
} verbs[] = {
	{"capture", "[PORT...] [--drops] [--filter EXPR] [--inner EXPR] [-c N] [-w FILE|-]",
		"packets as they pass ports, or are refused, for people or as pcapng", "sdficnw",
		capture_command},
	{"trace", "[PORT...] [-c N] [--filter EXPR] [--inner EXPR]",
		"the way of the next N packets through the stages", "sjfic", trace_command},
	{"why", "SRC DST [--from PORT] [--size BYTES] [--df]",
		"what becomes of a packet from SRC to DST, by the tables as they are", "sjFSD",
		why_command},
	{NULL},
};

static const struct seeing_verb *verb_of(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-') {
			for (const struct seeing_verb *v = verbs; v->name != NULL; v++)
				if (strcmp(v->name, argv[i]) == 0)
					return v;
			return NULL;
		}
		/* Those before a command that have a value. */
		if (strcmp(argv[i], "--socket") == 0 || strcmp(argv[i], "--watch") == 0)
			i++;
	}
	return NULL;
}

bool seeing_is_asked(int argc, char **argv)
{
	return verb_of(argc, argv) != NULL;
}

void seeing_help(void)
{
	for (const struct seeing_verb *v = verbs; v->name != NULL; v++)
		printf("  %-16s %s\n", v->name, v->help);
}

static void print_help(void)
{
	printf("Usage: ovnetctl [--socket PATH] COMMAND\n\n"
	       "What happens to packets. See ovnetctl(1).\n\nCommands:\n");
	for (const struct seeing_verb *v = verbs; v->name != NULL; v++)
		printf("  %s %s\n       %s\n", v->name, v->args, v->help);
	printf("\nOptions:\n"
	       "  --drops          packets that are refused; with ports, those that came by them\n"
	       "  --filter EXPR    of packets as they are at the port: see pcap-filter(7)\n"
	       "  --inner EXPR     of the overlay's packet, inside or outside of the tunnel\n"
	       "  --snap BYTES     of each packet, 16 to 65535\n"
	       "  -c, --count N    so many packets; a trace: 1 to 1000\n"
	       "  -w, --write FILE pcapng; - is the standard output, for tshark -r - and the like\n"
	       "  --from PORT      why: it comes by that port\n"
	       "  --size BYTES     why: so long an IP packet, 28 to 65000 (48 for IPv6)\n"
	       "  --df             why: it must not be cut\n"
	       "  --json           trace, why: print JSON\n");
}

static int read_number(const char *name, const char *text, long min, long max, long *out)
{
	char line[128], *end;

	*out = strtol(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= min && *out <= max)
		return 0;
	snprintf(line, sizeof(line), "%s takes a number from %ld to %ld, not ", name, min, max);
	return command_usage(line, text);
}

static int take_option(struct seeing_args *a, const struct seeing_verb *v, int c)
{
	if (c != 'h' && (c == '?' || strchr(v->options, c) == NULL))
		return command_usage("an option that does not go with ", v->name);
	switch (c) {
	case 's':
		a->socket = optarg;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	case 'd':
		a->drops = true;
		return 0;
	case 'D':
		a->df = true;
		return 0;
	case 'f':
		a->filter = optarg;
		return 0;
	case 'i':
		a->inner = optarg;
		return 0;
	case 'F':
		a->from = optarg;
		return 0;
	case 'w':
		a->file = optarg;
		return 0;
	case 'c':
		return read_number("--count", optarg, 1,
			v->run == trace_command ? 1000 : 1000000000, &a->count);
	case 'n':
		return read_number("--snap", optarg, 16, PACKET_RECORD_SNAP_MAX, &a->snap);
	case 'S':
		return read_number("--size", optarg, 28, 65000, &a->size);
	default:
		print_help();
		return -1;
	}
}

int seeing_command(int argc, char **argv)
{
	static const struct option flags[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"drops", no_argument, NULL, 'd'},
		{"df", no_argument, NULL, 'D'}, {"filter", required_argument, NULL, 'f'},
		{"inner", required_argument, NULL, 'i'}, {"from", required_argument, NULL, 'F'},
		{"write", required_argument, NULL, 'w'}, {"count", required_argument, NULL, 'c'},
		{"snap", required_argument, NULL, 'n'}, {"size", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const struct seeing_verb *v = verb_of(argc, argv);
	struct seeing_args a = {.socket = DEFAULT_SOCKET};
	int c;

	while ((c = getopt_long(argc, argv, "hc:w:", flags, NULL)) != -1) {
		int code = take_option(&a, v, c);
		if (code != 0)
			return code < 0 ? 0 : code;
	}
	a.words = argv + optind + 1;
	a.n_words = argc - optind - 1;
	return v->run(&a);
}
