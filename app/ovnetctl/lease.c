/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "views.h"

static const char *const verbs[] = {"show", "reserve", "release", NULL};

bool lease_is_verb(const char *word)
{
	for (unsigned i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i], word) == 0)
			return true;
	return false;
}

static void print_end(const json_t *lease)
{
	const json_t *left = json_object_get(lease, "ttl_left_s");
	char buf[64], text[128];

	if (json_is_true(json_object_get(lease, "reserved"))) {
		command_line("ends", "never, it is a reservation");
		return;
	}
	duration_text(json_integer_value(left), buf, sizeof(buf));
	snprintf(text, sizeof(text), "in %s unless renewed, TTL handle %s", buf,
		command_text(lease, "handle"));
	command_line("ends", text);
}

static void print_lease(const json_t *lease)
{
	char *value = json_dumps(json_object_get(lease, "value"), JSON_COMPACT | JSON_ENCODE_ANY);
	json_int_t since = json_integer_value(json_object_get(lease, "since"));
	char buf[64], text[256];

	command_line("key", command_text(lease, "key"));
	command_line("value", value != NULL ? value : "-");
	command_line("state", json_is_true(json_object_get(lease, "held"))
				      ? "held"
				      : "not held: given back, or another node's now");
	duration_text((json_int_t)time(NULL) - since, buf, sizeof(buf));
	command_line("held for", buf);
	print_end(lease);
	snprintf(text, sizeof(text), "%s, %s, %s",
		json_is_true(json_object_get(lease, "connected")) ? "connected" : "away",
		command_text(lease, "transport"), command_text(lease, "endpoint"));
	command_line("etcd", text);
	free(value);
}

static int show(const struct lease_args *a)
{
	char err[1024] = "";
	json_t *lease =
		ovnet_ctl_call(a->socket, "lease", NULL, COMMAND_TIMEOUT_MS, err, sizeof(err));

	if (lease == NULL)
		return command_failed(err);
	int rc = 0;
	if (a->json)
		rc = command_print_json(lease);
	else
		print_lease(lease);
	json_decref(lease);
	return rc != 0 ? rc : command_flush();
}

/* How order `number` went, in `err`: 0 well, 1 not, -1 not over yet. */
static int outcome(const char *socket, json_int_t number, char *err, size_t size)
{
	json_t *lease = ovnet_ctl_call(socket, "lease", NULL, COMMAND_TIMEOUT_MS, err, size);
	const json_t *order = json_object_get(lease, "order");
	int rc = 1;

	if (lease == NULL)
		return 1;
	if (json_integer_value(json_object_get(order, "number")) != number)
		snprintf(err, size,
			"ovnetd was restarted, or somebody else ordered as well: see "
			"ovnetctl lease");
	else if (json_is_true(json_object_get(order, "running")))
		rc = -1;
	else if (snprintf(err, size, "%s", command_text(order, "error")) && strcmp(err, "-") == 0)
		rc = 0;
	json_decref(lease);
	return rc;
}

static int wait_for(const char *socket, json_int_t number)
{
	static const struct timespec pause = {.tv_nsec = COMMAND_POLL_MS * 1000000L};
	char err[1024] = "";
	int rc = -1;

	for (int i = 0; i < COMMAND_TIMEOUT_MS / COMMAND_POLL_MS && rc < 0; i++) {
		nanosleep(&pause, NULL);
		rc = outcome(socket, number, err, sizeof(err));
	}
	if (rc < 0)
		return command_failed("etcd has not answered yet: see ovnetctl lease");
	return rc == 0 ? 0 : command_failed(err);
}

static int order(const struct lease_args *a)
{
	char method[32], err[1024] = "";
	json_t *params = json_pack("{s:b}", "now", a->now);

	snprintf(method, sizeof(method), "lease-%s", a->verb);
	json_t *r = ovnet_ctl_call(a->socket, method, params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (r == NULL)
		return command_failed(err);
	int rc = wait_for(a->socket, json_integer_value(json_object_get(r, "number")));
	json_decref(r);
	if (rc == 0 && a->now)
		command_line("lease",
			"given back; ovnetd stops, ovnetd --cleanup removes what it leaves");
	return rc == 0 && !a->now ? show(a) : rc;
}

int lease_command(const struct lease_args *args)
{
	return strcmp(args->verb, "show") == 0 ? show(args) : order(args);
}
