/* SPDX-License-Identifier: BSD-3-Clause */
/* What a core dump of the daemon holds. Main thread, once privileges are given up. */
#ifndef OVNET_APP_RUN_CORE_DUMP_H
#define OVNET_APP_RUN_CORE_DUMP_H

/*
 * One is written where LimitCORE lets it, without packets' huge pages. What it has of secrets
 * (etcd's password, keys) is for root alone: systemd-coredump keeps it so.
 */
void core_dump_prepare(void);

#endif
