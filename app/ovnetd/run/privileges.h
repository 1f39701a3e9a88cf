/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the capabilities the daemon uses (network administration, raw sockets, BPF, locked
 * memory) and gives up the rest, before any other thread exists, so that all inherit it. The right
 * to read whatever file stays where a configured one needs it: they are read again when they
 * change; those a PCI device without an IOMMU takes stay where one is configured.
 */
#ifndef OVNET_APP_RUN_PRIVILEGES_H
#define OVNET_APP_RUN_PRIVILEGES_H

struct conf;
/* 0, or negative errno with a message that names what is missing. */
int privileges_drop(const struct conf *conf);

#endif
