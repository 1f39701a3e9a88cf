/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON objects that outlive the daemon, as files in node.state_dir: what was ordered at run time.
 * Written whole (another file, synced, renamed), so that whenever the daemon or the machine dies
 * the former or the new one is there. For ovnetd alone: mode 0600, the directory 0700.
 * Control thread: it waits for the disk, once for an order.
 */
#ifndef OVNET_APP_RUN_STATE_FILE_H
#define OVNET_APP_RUN_STATE_FILE_H

#include <jansson.h>

/*
 * New reference. NULL: there is none (`dir` "": never), or (logged) it is not good and was set
 * aside as FILE.bad, FILE.bad.1 and so on, or it could not be read: it stays, and state_save()
 * refuses to write over it, until it is read.
 */
json_t *state_load(const char *dir, const char *file);
/* 0 (`dir` "" as well: kept nowhere) or negative errno, logged: the former one stays. */
int state_save(const char *dir, const char *file, const json_t *state);

#endif
