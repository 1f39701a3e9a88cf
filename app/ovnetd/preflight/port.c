/* SPDX-License-Identifier: BSD-3-Clause */
/* Who serves this network here already: an ovnetd, a flanneld, what has the overlay's UDP port. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "base/log.h"
#include "ctl/ctl_server.h"
#include "node/flanneld.h"
#include "port/udp_guard.h"
#include "preflight/checks.h"

#define FLANNEL_PORT 8472 /* of vxlan, as the network config has it unless it says otherwise */

void check_running(struct preflight *p)
{
	char err[256];
	const char *socket = p->conf->control.socket;
	json_t *answer = ovnet_ctl_call(socket, "status", NULL, 2000, err, sizeof(err));

	p->running = answer != NULL || strstr(err, "starting or stopping") != NULL;
	if (p->running)
		preflight_say(p, PREFLIGHT_OK,
			"one runs here already (%s): what it holds is not free", socket);
	else
		preflight_say(p, PREFLIGHT_OK, "none runs at %s", socket);
	json_decref(answer);
}

static void find_device(struct preflight *p)
{
	struct if_nameindex *all = if_nameindex();

	for (const struct if_nameindex *i = all; i != NULL && i->if_name != NULL; i++)
		if (strncmp(i->if_name, "flannel", 7) == 0)
			snprintf(p->flannel_device, sizeof(p->flannel_device), "%s", i->if_name);
	if (all != NULL)
		if_freenameindex(all);
}

static bool is_taken_over(const struct preflight *p)
{
	return p->flanneld == 0 && p->flannel_device[0] != '\0' &&
	       p->conf->node.takeover == CONF_TAKEOVER_YES;
}

void check_flanneld(struct preflight *p)
{
	p->flanneld = flanneld_running(NULL, NULL);
	find_device(p);
	if (p->flanneld != 0) {
		preflight_say(p, PREFLIGHT_FAIL,
			"one runs here (process %d): the two would fight over "
			"lease, port and routes",
			(int)p->flanneld);
		preflight_fix(p, "systemctl disable --now flanneld (flannel in some installs)");
	} else if (is_taken_over(p)) {
		preflight_say(p, PREFLIGHT_OK,
			"none runs, but its device %s is there: ovnetd goes on with its subnet and "
			"MAC, and takes it away (node.takeover)",
			p->flannel_device);
	} else if (p->flannel_device[0] != '\0') {
		preflight_say(p, PREFLIGHT_WARN,
			"none runs, but its device %s is there: ovnetd will not start",
			p->flannel_device);
		preflight_fix(
			p, "node.takeover = \"yes\", or ip link delete %s", p->flannel_device);
	} else {
		preflight_say(p, PREFLIGHT_OK, "none runs here, and it left no device");
	}
}

void check_port(struct preflight *p)
{
	const struct ovnet_netconf *c = p->has_netconf ? &p->tree.netconf : NULL;
	uint16_t port = c != NULL ? c->port : FLANNEL_PORT;
	struct ovnet_udp_guard guard;
	char why[512] = "";

	if (c != NULL && c->backend != OVNET_BACKEND_VXLAN && c->backend != OVNET_BACKEND_UDP) {
		preflight_say(p, PREFLIGHT_OK, "backend %s needs none", c->type);
		return;
	}
	ovnet_log_keep(why, sizeof(why));
	int rc = ovnet_udp_guard_open(&guard, port, NULL);
	ovnet_log_keep(NULL, 0);
	if (rc == 0) {
		ovnet_udp_guard_close(&guard);
		preflight_say(p, PREFLIGHT_OK, "UDP %u is free", port);
	} else if (p->running) {
		preflight_say(p, PREFLIGHT_OK,
			"UDP %u is taken, by the ovnetd that runs here if it is "
			"well",
			port);
	} else if (is_taken_over(p)) {
		preflight_say(p, PREFLIGHT_OK,
			"UDP %u is taken, by flannel's device %s if nobody else has it", port,
			p->flannel_device);
	} else {
		preflight_say(p, PREFLIGHT_FAIL, "UDP %u cannot be had", port);
		preflight_fix(p, "%s", why);
	}
}
