/* SPDX-License-Identifier: BSD-3-Clause */
/* What commands with words of their own (health, lease, port, vm) share. */
#ifndef OVNETCTL_COMMAND_H
#define OVNETCTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#define COMMAND_TIMEOUT_MS 10000
#define COMMAND_POLL_MS    50

enum { EXIT_DAEMON = 1, EXIT_USAGE = 2 };

/* Is the first word of the command line `name`? */
bool command_is_asked(int argc, char **argv, const char *name);
/* On stderr, safe for a terminal. EXIT_DAEMON. */
int command_failed(const char *why);
/* "ovnetctl: WHAT WORD; see ovnetctl --help" on stderr. EXIT_USAGE. */
int command_usage(const char *what, const char *word);
/* "-": there is none, or it is "". */
const char *command_text(const json_t *o, const char *name);
void command_line(const char *name, const char *text);
/* Pretty, with a line end. 0, or EXIT_DAEMON: it cannot be written. */
int command_print_json(const json_t *o);
/* Seconds since 1970, by strftime's `format`, and milliseconds. */
void command_time(double when, const char *format, char *text, size_t size);
/* 0, or EXIT_DAEMON: what was printed cannot be written. */
int command_flush(void);

#endif
