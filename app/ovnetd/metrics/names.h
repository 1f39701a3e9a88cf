/* SPDX-License-Identifier: BSD-3-Clause */
/* What the table of counters (base/counter_table.h) is called in metrics. Pure. */
#ifndef OVNET_APP_METRICS_NAMES_H
#define OVNET_APP_METRICS_NAMES_H

#include "base/counter_table.h"
#include "metrics/text.h"

/*
 * ovnet_OBJECT_NAME, with the unit Prometheus wants: ovnet_drop_packets_total,
 * ovnet_node_uptime_seconds. The number the value has to be divided by to be in that unit.
 */
uint64_t metric_name(const struct ovnet_counter *c, char name[TEXT_NAME_MAX]);
/* "counter" or "gauge". */
const char *metric_type(const struct ovnet_counter *c);
const char *metric_help(const struct ovnet_counter *c);

#endif
