/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/handover_ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "stopping.h"

json_t *handover_order(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const char *to = json_string_value(json_object_get(params, "to"));
	const struct ovnet_flannel_layout *l = &d->handover.layout;

	if (to == NULL || strcmp(to, "kernel") != 0) {
		snprintf(err, err_size, "a node is handed over to the \"kernel\", nobody else");
		return NULL;
	}
	if (stopping_hand_over(d, err, err_size) < 0)
		return NULL;
	return json_pack("{s:s,s:s,s:i,s:I,s:i}", "to", to, "device", l->device[0].name, "peers",
		(int)l->n_peers, "lease_ends", (json_int_t)d->handover.lease_ends, "pid",
		(int)getpid());
}
