/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/methods.h"

#include "methods/capture_ctl.h"
#include "methods/conf_show.h"
#include "methods/handover_ctl.h"
#include "methods/lease_ctl.h"
#include "methods/port_ctl.h"
#include "methods/reload_ctl.h"
#include "methods/status.h"
#include "methods/vm_ctl.h"
#include "methods/why.h"
#include "metrics/health.h"

const struct ovnet_ctl_method methods[] = {
	{"status", status_show},
	{"health", health_show},
	{"config", conf_show},
	{"peers", NULL, &status_peers},
	{"leases", NULL, &status_leases},
	{"lease", lease_show},
	{"lease-reserve", lease_reserve},
	{"lease-release", lease_release},
	{"handover", handover_order},
	{"port-add", port_ctl_add},
	{"port-del", port_ctl_del},
	{"port-set", port_ctl_set},
	{"port-show", port_ctl_show},
	{"ports", status_ports},
	{"queues", status_queues},
	{"reload", reload_now},
	{"workers", status_workers},
	{"stats", status_stats},
	{"drops", status_drops},
	{"drops-last", status_dropped},
	{"capture", .stream = capture_ctl},
	{"trace", .stream = trace_ctl},
	{"why", why_show},
	{"vm-add", vm_add},
	{"vm-list", vm_list},
	{"vm-show", vm_show},
	{"vm-del", vm_del},
	{NULL},
};
