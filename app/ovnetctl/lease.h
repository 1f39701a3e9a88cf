/* SPDX-License-Identifier: BSD-3-Clause */
/* This node's own lease: shown and changed. */
#ifndef OVNETCTL_LEASE_H
#define OVNETCTL_LEASE_H

#include <stdbool.h>

struct lease_args {
	const char *socket;
	const char *verb; /* "show", "reserve", "release" */
	bool now, json;
};

bool lease_is_verb(const char *word);
/* 0, or 1: said why. */
int lease_command(const struct lease_args *args);

#endif
