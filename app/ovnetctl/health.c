/* SPDX-License-Identifier: BSD-3-Clause */
#include "health.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "table.h"

bool health_is_asked(int argc, char **argv)
{
	return command_is_asked(argc, argv, "health");
}

static int print_help(void)
{
	printf("Usage: ovnetctl [--socket PATH] health [--json]\n\n"
	       "What is not as it should be, the worst first.\n\n"
	       "Exit status: 0 ok, 1 warning, 2 critical, 3 ovnetd cannot be asked.\n");
	return HEALTH_OK;
}

/* Negative: go on. Otherwise the exit code. */
static int parse(int argc, char **argv, const char **socket, bool *json)
{
	static const struct option flags[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
		switch (c) {
		case 's':
			*socket = optarg;
			break;
		case 'j':
			*json = true;
			break;
		case 'h':
			return print_help();
		default:
			(void)command_usage("", "wrong option");
			return HEALTH_UNKNOWN;
		}
	}
	if (optind + 1 == argc)
		return -1;
	(void)command_usage("one command at a time, what is ", argv[optind + 1]);
	return HEALTH_UNKNOWN;
}

static unsigned count(const json_t *findings, const char *severity)
{
	unsigned n = 0;
	json_t *f;
	size_t i;

	json_array_foreach (findings, i, f)
		n += strcmp(command_text(f, "severity"), severity) == 0;
	return n;
}

static void print_findings(const json_t *findings, const char *severity)
{
	json_t *f;
	size_t i;

	json_array_foreach (findings, i, f) {
		if (strcmp(command_text(f, "severity"), severity) != 0)
			continue;
		char *key = printable(command_text(f, "key"));
		char *text = printable(command_text(f, "text"));
		printf("%-8s  %s: %s\n", severity, key, text);
		free(key);
		free(text);
	}
}

/* Its first line is what monitoring systems show. */
static int print(const json_t *health)
{
	const json_t *findings = json_object_get(health, "findings");
	const bool ready = json_is_true(json_object_get(health, "ready"));
	char *severity = printable(command_text(health, "severity"));

	printf("ovnet %s: %s, %u critical, %u warnings\n", severity,
		ready ? "forwarding" : "not forwarding", count(findings, "critical"),
		count(findings, "warning"));
	free(severity);
	print_findings(findings, "critical");
	print_findings(findings, "warning");
	return command_flush();
}

int health_command(int argc, char **argv, const char *socket)
{
	char err[1024] = "";
	bool json = false;
	int code = parse(argc, argv, &socket, &json);

	if (code >= 0)
		return code;
	json_t *health =
		ovnet_ctl_call(socket, "health", NULL, COMMAND_TIMEOUT_MS, err, sizeof(err));
	if (health == NULL) {
		(void)command_failed(err);
		return HEALTH_UNKNOWN;
	}
	const json_t *worst = json_object_get(health, "code");
	code = json_is_integer(worst) ? (int)json_integer_value(worst) : HEALTH_UNKNOWN;
	if (code < HEALTH_OK || code > HEALTH_UNKNOWN ||
		(json ? command_print_json(health) : print(health)) != 0)
		code = HEALTH_UNKNOWN;
	json_decref(health);
	return code;
}
