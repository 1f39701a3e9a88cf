/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the capabilities the daemon uses (network administration, raw sockets, BPF, locked
 * memory) and gives up the rest, before any other thread exists, so that all inherit it.
 */
#ifndef OVNET_APP_PRIVILEGES_H
#define OVNET_APP_PRIVILEGES_H

/* 0, or negative errno with a message that names what is missing. */
int privileges_drop(void);

#endif
