/* SPDX-License-Identifier: BSD-3-Clause */
#include "preflight/preflight.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "preflight/checks.h"

/* In this order: later ones use what earlier ones found. */
static const struct {
	const char *name;
	void (*run)(struct preflight *p);
} checks[] = {
	{"ovnetd", check_running},
	{"uplink", check_uplinks},
	{"certificates", check_certificates},
	{"etcd", check_etcd},
	{"config", check_config},
	{"lease", check_lease},
	{"flanneld", check_flanneld},
	{"port", check_port},
	{"docker0", check_docker},
	{"forward", check_forward},
	{"rp_filter", check_rp_filter},
	{"br_netfilter", check_br_netfilter},
	{"hugepages", check_hugepages},
	{"udev", check_udev},
	{"networkmanager", check_network_manager},
};

static bool any_fails(const struct preflight *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->lines[i].level == PREFLIGHT_FAIL)
			return true;
	return false;
}

static int open_kernel(struct preflight *p)
{
	static const struct ovnet_kernel_events events;
	static const struct underlay_events nothing;

	p->base = event_base_new();
	p->kernel = p->base != NULL ? ovnet_kernel_open(p->base, &events, p) : NULL;
	if (p->kernel == NULL) {
		fprintf(stderr, "ovnetd: the kernel's interfaces cannot be read (rtnetlink)\n");
		return -1;
	}
	node_init(&p->node, p->conf, &p->warnings);
	underlay_init(&p->under, p->kernel, NULL, &p->node, &nothing, NULL);
	return 0;
}

static void print(const struct preflight *p, bool json)
{
	if (json)
		preflight_print_json(p);
	else
		preflight_print(p);
}

static void lines_free(struct preflight *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->lines[i].text);
		free(p->lines[i].fix);
	}
	free(p->lines);
}

static void finish(struct preflight *p)
{
	lines_free(p);
	lease_tree_free(&p->tree);
	if (p->kernel != NULL)
		ovnet_kernel_close(p->kernel);
	if (p->base != NULL)
		event_base_free(p->base);
}

int preflight_run(const struct conf *conf, bool json)
{
	static struct preflight p; /* large */
	int code = EXIT_FAILURE;

	p = (struct preflight){.conf = conf, .root = ""};
	/* What the daemon's own code logs on the way is said in the lines. */
	ovnet_log_mute(true);
	if (open_kernel(&p) == 0) {
		for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
			p.check = checks[i].name;
			checks[i].run(&p);
		}
		print(&p, json);
		code = any_fails(&p) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	finish(&p);
	ovnet_log_mute(false);
	return code;
}

void preflight_refused(bool json)
{
	struct preflight p = {.check = "settings"};

	preflight_say(&p, PREFLIGHT_FAIL, "refused, for what stderr says; nothing was looked at");
	preflight_fix(&p, "mend them; ovnetd --check-config looks at them alone");
	print(&p, json);
	lines_free(&p);
}
