/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a flanneld at work in this network namespace? Known by its name among the processes. */
#ifndef OVNET_APP_FLANNELD_H
#define OVNET_APP_FLANNELD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Its process, or 0. With `prefix` what its command line says of --etcd-prefix, or "". */
pid_t flanneld_running(char *prefix, size_t size);

#endif
