/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours of the daemon's parts, for suites of one part: configuration, a fake kernel, engine
 * and ports, a node with a lease. Two workers that do not run. A case runs between parts_open()
 * and parts_close(), which free all of it; the part itself is the suite's. Link `parts_bed`.
 */
#ifndef OVNET_BED_PARTS_H
#define OVNET_BED_PARTS_H

#include "bed/cmocka.h"
#include "bed/fake_kernel.h"
#include "node/node.h"
#include "ports/ports.h"
#include "underlay/underlay.h"

#define PARTS_NET "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"
#define PARTS_DUAL                                          \
	"{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true," \
	"\"IPv6Network\":\"fd05::/48\",\"Backend\":{\"Type\":\"vxlan\"}}"
#define PARTS_OWN  "10.5.82.0/24"
#define PARTS_OWN6 "fd05:0:0:52::/64"

struct parts {
	struct conf conf;
	struct event_base *base;
	struct warnings warnings;
	struct ovnet_kernel *kernel;
	struct engine engine;
	struct ports ports;
	struct node node;         /* still waiting */
	struct underlay underlay; /* without uplinks */
};
extern struct parts parts;

/* main() of a suite: its exit code. */
int parts_run(const char *suite, const struct CMUnitTest *tests, size_t n);

int parts_open(void **state);
int parts_close(void **state);
/* Its events are these from now on. */
void parts_kernel(const struct ovnet_kernel_events *events, void *arg);
/* The node has this lease under this network config: NODE_CONFIGURED. `own6` NULL: none. */
void parts_lease(const char *netconf, const char *own, const char *own6);
/* One turn of the event loop, which waits for nothing. */
void parts_turn(void);
/* The text of a warning, "" if it is not set. */
const char *parts_warning(const char *key);

struct ovnet_addr parts_addr(const char *text);

#define PARTS_CASE(f) cmocka_unit_test_setup_teardown(f, parts_open, parts_close)

#endif
