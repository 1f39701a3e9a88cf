/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells systemd, for units of Type=notify; all of them do nothing where nobody listens
 * (NOTIFY_SOCKET). Control thread, but for notify_watchdog(): any one thread.
 */
#ifndef OVNET_APP_RUN_NOTIFY_H
#define OVNET_APP_RUN_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* READY=1, the first time it is called. */
void notify_ready(void);
/*
 * Until then: not to be given up (TimeoutStartSec) in the minute to come, because of what `why`
 * says. To be called again and again while it waits.
 */
void notify_waiting(const char *why);
void notify_stopping(void);

/* How long systemd waits for a ping, in microseconds; 0: it does not. */
uint64_t notify_watchdog_period(void);
/* The ping, unless `alive` is false; and what systemctl is to show, if it is another text. */
void notify_watchdog(bool alive, const char *status);

#endif
