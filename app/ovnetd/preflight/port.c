/* SPDX-License-Identifier: BSD-3-Clause */
/* Who serves this network here already: an ovnetd, a flanneld, what has the overlay's UDP port. */
#include <errno.h>
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
#include "takeover/takeover.h"

#define STOP_IT      "systemctl disable --now flanneld (flannel in some installs)"
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

/* Without a network config nobody knows which device would be in the way. */
static const char *any_device(char name[IF_NAMESIZE])
{
	struct if_nameindex *all = if_nameindex();

	name[0] = '\0';
	for (const struct if_nameindex *i = all; i != NULL && i->if_name != NULL; i++)
		if (strncmp(i->if_name, "flannel", 7) == 0)
			snprintf(name, IF_NAMESIZE, "%s", i->if_name);
	if (all != NULL)
		if_freenameindex(all);
	return name;
}

static void look_without_config(struct preflight *p)
{
	char name[IF_NAMESIZE];
	pid_t pid = flanneld_running(NULL, NULL);

	if (pid != 0) {
		preflight_say(p, PREFLIGHT_FAIL,
			"one runs here (process %d): the two would fight over lease, port and "
			"routes",
			(int)pid);
		preflight_fix(p, STOP_IT);
	} else if (any_device(name)[0] != '\0') {
		preflight_say(
			p, PREFLIGHT_WARN, "none runs here, but its device %s is there", name);
		preflight_fix(p,
			"mend the network config first: it says whether ovnetd can take the "
			"device over");
	} else {
		preflight_say(p, PREFLIGHT_OK, "none runs here, and it left no device");
	}
}

static void refused(struct preflight *p, int rc, bool live, const char *why)
{
	preflight_say(p, PREFLIGHT_FAIL, "%s", why[0] != '\0' ? why : strerror(-rc));
	if (rc == -EPERM)
		preflight_fix(
			p, "start with --takeover=yes (node.takeover), or remove what it left");
	else if (live)
		preflight_fix(p, STOP_IT);
	else
		preflight_fix(p, "remove the device, or choose another Port in the network config");
}

/* By what the daemon itself decides by when it starts; it looks, and changes nothing. */
void check_flanneld(struct preflight *p)
{
	char what[512], why[512] = "";
	struct takeover t;

	if (!p->has_netconf) {
		look_without_config(p);
		return;
	}
	takeover_init(&t, p->kernel, &p->node, &p->under, NULL, NULL);
	ovnet_log_keep(why, sizeof(why));
	int rc = takeover_look(&t, &p->tree.netconf);
	ovnet_log_keep(NULL, 0);
	if (rc < 0)
		refused(p, rc, flanneld_running(NULL, NULL) != 0 || t.found.held, why);
	else if (takeover_pending(&t))
		preflight_say(p, PREFLIGHT_OK,
			"none runs here; what it left (%s) ovnetd will go on with and take away",
			takeover_describe(&t.found, what, sizeof(what)));
	else
		preflight_say(p, PREFLIGHT_OK,
			flanneld_running(NULL, NULL) != 0 ? "one runs here, for another network"
							  : "none runs here, and it left nothing");
	ovnet_flannel_found_free(&t.found);
}

void check_port(struct preflight *p)
{
	const struct ovnet_netconf *c = p->has_netconf ? &p->tree.netconf : NULL;
	uint16_t port = c != NULL ? c->port : FLANNEL_PORT;
	struct ovnet_udp_guard guard;
	char why[512] = "";

	if (p->node.port_later) {
		preflight_say(p, PREFLIGHT_OK,
			"UDP %u is the device's that is taken over, and comes with it", port);
		return;
	}
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
	} else {
		preflight_say(p, PREFLIGHT_FAIL, "UDP %u cannot be had", port);
		preflight_fix(p, "%s", why);
	}
}
