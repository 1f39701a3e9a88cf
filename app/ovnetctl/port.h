/* SPDX-License-Identifier: BSD-3-Clause */
/* Attach ports while the daemon runs. */
#ifndef OVNETCTL_PORT_H
#define OVNETCTL_PORT_H

#include <stdbool.h>

struct port_args {
	const char *socket;
	char **words; /* behind "port" */
	int n;
	bool keep, json;
};

/* 0: the words are right; or EXIT_USAGE, said what is not. */
int port_check(const struct port_args *args);
/* 0, or EXIT_DAEMON: said why. */
int port_command(const struct port_args *args);

#endif
