/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/firewall_int.h"

/* As program_run(); `legacy`: there are tables of the other kind, too. */
static int look(const char *program, bool *drops, bool *legacy, char *err, size_t size)
{
	struct program p = {
		.argv = (const char *const[]){program, "-w", "5", "-S", "FORWARD", NULL},
		.stop_fd = -1};
	int rc = program_run(&p);

	*drops = *drops || strncmp(p.out, "-P FORWARD DROP", 15) == 0;
	*legacy = strstr(p.err, "legacy tables present") != NULL;
	if (rc == -ENOENT)
		snprintf(err, size, "there is no program %s", program);
	else if (rc < 0)
		snprintf(err, size, "%s: %s", program, strerror(-rc));
	else if (rc > 0)
		snprintf(err, size, "%s: status %d: %.*s", program, rc, (int)strcspn(p.err, "\n"),
			p.err);
	return rc > 0 ? -EIO : rc;
}

int ovnet_firewall_forward_drops(bool *drops, char *err, size_t size)
{
	bool legacy;

	*drops = false;
	int rc = look("iptables", drops, &legacy, err, size);
	return rc == 0 && legacy ? look("iptables-legacy", drops, &legacy, err, size) : rc;
}
