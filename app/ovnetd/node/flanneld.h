/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a flanneld at work in this network namespace? Known by its name among the processes. */
#ifndef OVNET_APP_NODE_FLANNELD_H
#define OVNET_APP_NODE_FLANNELD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Its process, or 0. There may be several, each of a network: the first that `counts`, given what
 * its command line says of --etcd-prefix, or ""; NULL: any.
 */
pid_t flanneld_running(bool (*counts)(void *arg, const char *prefix), void *arg);

#endif
