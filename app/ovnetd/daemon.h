/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon is its parts: each has a struct and a folder of its own and knows its neighbours by
 * pointers it was given (modules.c). What happens in one and concerns others goes by reactions.c.
 * Only these two, daemon.c, main.c, the answers of the control socket and metrics see all of them.
 * Control thread only.
 */
#ifndef OVNET_APP_DAEMON_H
#define OVNET_APP_DAEMON_H

#include <event2/event.h>
#include <time.h>

#include "attach/attach.h"
#include "capture/captures.h"
#include "conf/conf.h"
#include "ctl/ctl_server.h"
#include "engine/engine.h"
#include "guests/guests.h"
#include "handover/handover.h"
#include "host/attach_routes.h"
#include "host/blackhole.h"
#include "host/firewall_job.h"
#include "host/host.h"
#include "host/in_use.h"
#include "host/proxies.h"
#include "lane/kernel_lane.h"
#include "lease/lease_client.h"
#include "metrics/metrics.h"
#include "node/ingress.h"
#include "node/node.h"
#include "peers/set.h"
#include "ports/balance.h"
#include "ports/ports.h"
#include "run/loop.h"
#include "run/warnings.h"
#include "takeover/takeover.h"
#include "underlay/underlay.h"
#include "watch/impostors.h"
#include "watch/losses.h"
#include "watch/refusals.h"
#include "watch/spoiled.h"
#include "watch/watchdog.h"

/* What was ordered about our own lease (`ovnetctl lease`). */
struct lease_orders {
	unsigned number; /* of the last one; 0: none */
	bool running;
	char error[512]; /* "": it went well */
};

struct daemon {
	struct conf conf;
	struct { /* as main() got it, to read the configuration anew */
		int argc;
		char **argv;
	} command;
	struct event_base *base;
	struct loop loop;
	struct event *signals[3];
	struct event *waiting; /* tells systemd that this start takes its time */
	struct event *check;   /* timers of the last module */
	struct event *look;
	time_t started;
	struct ovnet_patience patience; /* at start, for a former daemon that is ending */
	void (*on_stop)(struct daemon *d, const char *why); /* of a signal; NULL: just ends */
	int exit_code;
	bool stopping;
	bool takes_away; /* at its end, what it has in the kernel */

	struct warnings warnings;
	struct ovnet_ctl_server *ctl;
	struct ovnet_kernel *kernel;
	struct engine engine;
	struct ports ports;
	struct balance balance;
	struct captures captures;
	struct node node;
	struct ingress ingress;
	struct underlay underlay;
	struct host host;
	struct blackhole blackhole;
	struct attach_routes attach_routes;
	struct proxies proxies;
	struct in_use in_use;
	struct attach attach;
	struct guests guests;
	struct firewall_job firewall;
	struct peers peers;
	struct kernel_lane lane;
	struct handover handover;
	struct takeover takeover;
	struct ovnet_lease_client *lease;
	struct lease_orders orders;
	struct impostors impostors;
	struct refusals refusals;
	struct losses losses;
	struct spoiled spoiled;
	struct watchdog watchdog;
	struct metrics metrics;
};

/* What is started one by one and stopped in reverse; each fini is safe before init. */
struct module {
	const char *name;
	int (*init)(struct daemon *d); /* 0, -EAGAIN: try again later, or negative errno, logged */
	void (*fini)(struct daemon *d);
};

/* Runs until a signal or a fatal error; returns the exit code. */
int daemon_run(struct daemon *d, const struct module *parts, unsigned n);
/* Leaves the event loop with this code. */
void daemon_exit(struct daemon *d, int code);

#endif
