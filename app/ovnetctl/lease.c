/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_server.h"
#include "table.h"
#include "views.h"

#define TIMEOUT_MS 10000
#define POLL_MS    50

static const char *const verbs[] = {"show", "reserve", "release", NULL};

bool lease_is_verb(const char *word)
{
	for (unsigned i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i], word) == 0)
			return true;
	return false;
}

static int failed(const char *why)
{
	char *safe = printable(why);

	fprintf(stderr, "ovnetctl: %s\n", safe);
	free(safe);
	return 1;
}

static void line(const char *name, const char *text)
{
	char *safe = printable(text);

	printf("%-12s%s\n", name, safe);
	free(safe);
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_end(const json_t *lease)
{
	const json_t *left = json_object_get(lease, "ttl_left_s");
	char buf[64], text[128];

	if (json_is_true(json_object_get(lease, "reserved"))) {
		line("ends", "never, it is a reservation");
		return;
	}
	duration_text(json_integer_value(left), buf, sizeof(buf));
	snprintf(text, sizeof(text), "in %s unless renewed, TTL handle %s", buf,
		text_of(lease, "handle"));
	line("ends", text);
}

static void print_lease(const json_t *lease)
{
	char *value = json_dumps(json_object_get(lease, "value"), JSON_COMPACT | JSON_ENCODE_ANY);
	json_int_t since = json_integer_value(json_object_get(lease, "since"));
	char buf[64], text[256];

	line("key", text_of(lease, "key"));
	line("value", value != NULL ? value : "-");
	line("state", json_is_true(json_object_get(lease, "held"))
			      ? "held"
			      : "not held: given back, or another node's now");
	duration_text((json_int_t)time(NULL) - since, buf, sizeof(buf));
	line("held for", buf);
	print_end(lease);
	snprintf(text, sizeof(text), "%s, %s, %s",
		json_is_true(json_object_get(lease, "connected")) ? "connected" : "away",
		text_of(lease, "transport"), text_of(lease, "endpoint"));
	line("etcd", text);
	free(value);
}

static int show(const struct lease_args *a)
{
	char err[1024] = "";
	json_t *lease = ovnet_ctl_call(a->socket, "lease", NULL, TIMEOUT_MS, err, sizeof(err));

	if (lease == NULL)
		return failed(err);
	if (!a->json)
		print_lease(lease);
	else if (json_dumpf(lease, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(lease);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

/* How order `number` went, in `err`: 0 well, 1 not, -1 not over yet. */
static int outcome(const char *socket, json_int_t number, char *err, size_t size)
{
	json_t *lease = ovnet_ctl_call(socket, "lease", NULL, TIMEOUT_MS, err, size);
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
	else if (snprintf(err, size, "%s", text_of(order, "error")) && strcmp(err, "-") == 0)
		rc = 0;
	json_decref(lease);
	return rc;
}

static int wait_for(const char *socket, json_int_t number)
{
	static const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	char err[1024] = "";
	int rc = -1;

	for (int i = 0; i < TIMEOUT_MS / POLL_MS && rc < 0; i++) {
		nanosleep(&pause, NULL);
		rc = outcome(socket, number, err, sizeof(err));
	}
	if (rc < 0)
		return failed("etcd has not answered yet: see ovnetctl lease");
	return rc == 0 ? 0 : failed(err);
}

static int order(const struct lease_args *a)
{
	char method[32], err[1024] = "";
	json_t *params = json_pack("{s:b}", "now", a->now);

	snprintf(method, sizeof(method), "lease-%s", a->verb);
	json_t *r = ovnet_ctl_call(a->socket, method, params, TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (r == NULL)
		return failed(err);
	int rc = wait_for(a->socket, json_integer_value(json_object_get(r, "number")));
	json_decref(r);
	if (rc == 0 && a->now)
		line("lease", "given back; ovnetd stops, ovnetd --cleanup removes what it leaves");
	return rc == 0 && !a->now ? show(a) : rc;
}

int lease_command(const struct lease_args *args)
{
	return strcmp(args->verb, "show") == 0 ? show(args) : order(args);
}
