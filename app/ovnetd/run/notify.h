/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells systemd, for units of Type=notify. Control thread. */
#ifndef OVNET_APP_RUN_NOTIFY_H
#define OVNET_APP_RUN_NOTIFY_H

/* READY=1, the first time it is called; nothing where nobody listens (NOTIFY_SOCKET). */
void notify_ready(void);

#endif
