/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table.h"

bool command_is_asked(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return strcmp(argv[i], name) == 0;
		/* Those before a command that have a value. */
		if (strcmp(argv[i], "--socket") == 0 || strcmp(argv[i], "--watch") == 0)
			i++;
	}
	return false;
}

int command_failed(const char *why)
{
	char *safe = printable(why);

	fprintf(stderr, "ovnetctl: %s\n", safe);
	free(safe);
	return EXIT_DAEMON;
}

int command_usage(const char *what, const char *word)
{
	char *safe = printable(word);

	fprintf(stderr, "ovnetctl: %s%s; see ovnetctl --help\n", what, safe);
	free(safe);
	return EXIT_USAGE;
}

const char *command_text(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text != NULL && text[0] != '\0' ? text : "-";
}

void command_line(const char *name, const char *text)
{
	char *safe = printable(text);

	printf("%-12s%s\n", name, safe);
	free(safe);
}

void command_time(double when, const char *format, char *text, size_t size)
{
	const time_t seconds = (time_t)when;
	const unsigned ms = (unsigned)((when - (double)seconds) * 1000) % 1000;
	struct tm tm;
	char day[32];

	if (localtime_r(&seconds, &tm) == NULL || strftime(day, sizeof(day), format, &tm) == 0)
		snprintf(day, sizeof(day), "-");
	snprintf(text, size, "%s.%03u", day, ms);
}

int command_flush(void)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_DAEMON;
}

int command_print_json(const json_t *o)
{
	if (json_dumpf(o, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return command_flush();
}
