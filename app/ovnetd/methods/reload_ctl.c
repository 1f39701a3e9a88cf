/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/reload_ctl.h"

#include "reload.h"

json_t *reload_now(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct reload_report report;

	(void)params;
	if (daemon_reload(arg, &report, err, err_size) < 0)
		return NULL;
	json_t *o = json_pack("{s:O,s:O,s:O}", "changed", report.taken, "restart", report.restart,
		"unchanged", report.unchanged);
	reload_report_free(&report);
	return o;
}
