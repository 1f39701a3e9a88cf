/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line as Go's flag package reads it: one dash or two, =VALUE or the next word. */
#ifndef OVNET_APP_CONF_COMMAND_LINE_H
#define OVNET_APP_CONF_COMMAND_LINE_H

#include "conf/reader.h"

struct flag_use {
	const struct option_def *option;
	const char *value;
};

struct command_line {
	enum conf_action action;
	const char *file; /* --config, or NULL */
	struct flag_use *uses;
	unsigned n_uses;
};

/*
 * Reads all of it, complains about what is wrong, applies nothing. --help and the like are done
 * at once: action CONF_EXIT. Free `uses`.
 */
void command_line_read(struct loader *l, struct command_line *cl, int argc, char **argv);
/* Stores the values of the settings among the flags over what is there. */
void command_line_apply(struct loader *l, const struct command_line *cl);

#endif
