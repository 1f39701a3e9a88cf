/* SPDX-License-Identifier: BSD-3-Clause */
/* Where flannel's keys are. Pure; any thread. */
#ifndef OVNET_LEASE_LEASE_PATH_H
#define OVNET_LEASE_LEASE_PATH_H

/* "<prefix><rest>" without empty parts, as Go's path.Join leaves it. malloc'ed. */
char *lease_path(const char *prefix, const char *rest);

#endif
