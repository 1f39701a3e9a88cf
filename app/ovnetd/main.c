/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/log.h"
#include "cleanup.h"
#include "modules.h"
#include "preflight/preflight.h"
#include "run/core_dump.h"
#include "run/privileges.h"
#include "stopping.h"

OVNET_LOG_TYPE(main)

static int run(struct daemon *d)
{
	LOG(NOTICE, "ovnetd %s", OVNET_VERSION);
	if (privileges_drop(&d->conf) < 0)
		return EXIT_FAILURE;
	d->on_stop = stopping_ordered;
	core_dump_prepare();
	return daemon_run(d, modules, n_modules);
}

int main(int argc, char **argv)
{
	static struct daemon d; /* large, and zero to begin with */
	enum conf_action action;
	int code = EXIT_FAILURE;

	if (conf_load(&d.conf, argc, argv, &action) < 0) {
		if (action == CONF_PREFLIGHT || action == CONF_PREFLIGHT_JSON)
			preflight_refused(action == CONF_PREFLIGHT_JSON);
		return EXIT_FAILURE;
	}
	switch (action) {
	case CONF_RUN:
		d.command.argc = argc;
		d.command.argv = argv;
		code = run(&d);
		break;
	case CONF_CLEANUP:
	case CONF_CLEANUP_DRY_RUN:
		code = cleanup(&d.conf, action == CONF_CLEANUP_DRY_RUN);
		break;
	case CONF_PREFLIGHT:
	case CONF_PREFLIGHT_JSON:
		code = preflight_run(&d.conf, action == CONF_PREFLIGHT_JSON);
		break;
	case CONF_CHECK:
	case CONF_EXIT:
		code = EXIT_SUCCESS;
		break;
	}
	conf_free(&d.conf);
	return code;
}
