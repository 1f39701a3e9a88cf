/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void keep_token(struct ovnet_registry *e, const char *token)
{
	/* It goes into a header line. */
	if (token != NULL && strpbrk(token, "\r\n") == NULL)
		e->token = must(strdup(token));
}

static void on_token(void *arg, const struct v3_answer *a)
{
	struct ovnet_registry *e = arg;
	struct v3_calls waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct v3_call *c;

	e->auth_running = false;
	e->login++;
	if (a->status == OVNET_REGISTRY_OK)
		keep_token(e, a->reply->token);
	/* As etcd's own client: a name given to a server without users does no harm. */
	e->auth_off = strstr(a->text, "authentication is not enabled") != NULL;
	TAILQ_CONCAT(&waiting, &e->waiting, link);
	while ((c = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, c, link);
		TAILQ_INSERT_TAIL(&e->calls, c, link);
		v3_use_wire(c, e->wire);
		if (e->token != NULL || e->auth_off)
			v3_send(c);
		else
			v3_fail(c,
				a->status == OVNET_REGISTRY_OK ? OVNET_REGISTRY_BROKEN : a->status,
				a->status == OVNET_REGISTRY_OK
					? "etcd's login answer holds no token"
					: a->text);
	}
}

void v3_login(struct ovnet_registry *e)
{
	e->auth_running = true;
	v3_ask(e,
		&(struct v3_request){
			.method = V3_AUTHENTICATE, .name = e->username, .password = e->password},
		on_token, e);
}
