/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration read anew while the daemon runs (SIGHUP, `ovnetctl reload`): what may change is
 * taken up by the parts it concerns, the rest waits for a restart. Control thread only.
 */
#ifndef OVNET_APP_RELOAD_H
#define OVNET_APP_RELOAD_H

#include <jansson.h>

struct daemon;

/*
 * Lists of {"key", "was", "now"}; of `unchanged` the keys alone. "was" and "now" are missing where
 * they are secret, or lists themselves.
 */
struct reload_report {
	json_t *taken, *restart, *unchanged;
};

/* 0, `report` to be freed; or negative errno, logged and in `err`: all goes on as before. */
int daemon_reload(struct daemon *d, struct reload_report *report, char *err, size_t size);
void reload_report_free(struct reload_report *report);

#endif
