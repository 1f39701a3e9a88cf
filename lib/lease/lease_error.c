/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"

OVNET_LOG_TYPE(lease)

void lease_set_error(struct ovnet_lease_client *c, const char *text)
{
	if (text == c->error)
		return;
	char *copy = must(strdup(text));
	free(c->error);
	c->error = copy;
}

void lease_fatal(struct ovnet_lease_client *c, const char *text)
{
	lease_set_error(c, text);
	LOG(ERR, "%s", text);
	c->cbs.fatal(c->arg, c->error);
}
