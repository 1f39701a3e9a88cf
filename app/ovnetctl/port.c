/* SPDX-License-Identifier: BSD-3-Clause */
#include "port.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "views.h"

static const char *verb_of(const struct port_args *a)
{
	return a->n > 0 ? a->words[0] : "show";
}

static bool is_verb(const struct port_args *a, const char *verb)
{
	return strcmp(verb_of(a), verb) == 0;
}

static bool is_key(const char *word, const char *key)
{
	return strncmp(word, key, strlen(key)) == 0 && word[strlen(key)] == '=';
}

int port_check(const struct port_args *a)
{
	bool changes = is_verb(a, "add") || is_verb(a, "set"), show = is_verb(a, "show");

	if (!changes && !show && !is_verb(a, "del"))
		return command_usage("port takes show, add, set or del, not ", verb_of(a));
	if (a->keep && !is_verb(a, "add"))
		return command_usage("--keep goes with port add, not port ", verb_of(a));
	if (!show && a->n < 2)
		return command_usage("which port? give its name: ovnetctl port ", verb_of(a));
	if (!changes && a->n > 2)
		return command_usage("one port at a time, what is ", a->words[2]);
	if (changes && a->n < 3)
		return command_usage(
			"nothing to be told of the port; give KEY=VALUE behind ", a->words[1]);
	for (int i = 1; i < a->n; i++) {
		const char *equals = strchr(a->words[i], '=');
		if (i == 1 && (equals != NULL || a->words[i][0] == '\0'))
			return command_usage("the port's name comes first, not ", a->words[i]);
		if (i > 1 && (equals == NULL || equals == a->words[i]))
			return command_usage("a member is KEY=VALUE, not ", a->words[i]);
		if (i > 1 && (is_key(a->words[i], "name") || is_key(a->words[i], "keep")))
			return command_usage("no member of a port to be told: ", a->words[i]);
	}
	return 0;
}

/* The name, and each KEY=VALUE. NULL: no memory, or bytes that are no text. */
static json_t *params_of(const struct port_args *a)
{
	json_t *o = json_object();
	char key[64];

	if (a->n > 1 && json_object_set_new(o, "name", json_string(a->words[1])) < 0) {
		json_decref(o);
		return NULL;
	}
	for (int i = 2; i < a->n; i++) {
		const char *equals = strchr(a->words[i], '=');
		snprintf(key, sizeof(key), "%.*s", (int)(equals - a->words[i]), a->words[i]);
		if (json_object_set_new(o, key, json_string(equals + 1)) < 0) {
			json_decref(o);
			return NULL;
		}
	}
	if (a->keep)
		json_object_set_new(o, "keep", json_true());
	return o;
}

static json_t *call(
	const struct port_args *a, const char *verb, const json_t *params, char *err, size_t size)
{
	char method[32];

	snprintf(method, sizeof(method), "port-%s", verb);
	return ovnet_ctl_call(a->socket, method, params, COMMAND_TIMEOUT_MS, err, size);
}

/*
 * The port when it is no longer `state`, which passes in a moment. *now is replaced; NULL: it is
 * gone. False: the daemon does not get on.
 */
static bool wait_while(const struct port_args *a, const char *state, json_t **now)
{
	static const struct timespec pause = {.tv_nsec = COMMAND_POLL_MS * 1000000L};
	json_t *which = json_pack("{s:s}", "name", a->words[1]);
	char err[1024];
	int tries = COMMAND_TIMEOUT_MS / COMMAND_POLL_MS;

	while (*now != NULL && strcmp(command_text(*now, "state"), state) == 0 && tries-- > 0) {
		nanosleep(&pause, NULL);
		json_decref(*now);
		*now = call(a, "show", which, err, sizeof(err));
	}
	json_decref(which);
	return tries >= 0;
}

/* A port that is there, but not open, is a failure unless that was said to be right. */
static int told(const struct port_args *a, const json_t *port)
{
	const char *state = command_text(port, "state");
	char text[1024];

	if (a->json) {
		int rc = command_print_json(port);
		if (rc != 0)
			return rc;
	} else {
		command_line(a->words[1], state);
	}
	if (a->keep || strcmp(state, "not open") != 0)
		return command_flush();
	snprintf(text, sizeof(text), "%s (the port is there, and tried again)",
		command_text(port, "reason"));
	return command_failed(text);
}

static int change(const struct port_args *a, const json_t *params)
{
	char err[1024] = "";
	json_t *port = call(a, verb_of(a), params, err, sizeof(err));

	if (port == NULL)
		return command_failed(err);
	bool settled = wait_while(a, "opening", &port);
	int rc = port == NULL || !settled
			 ? command_failed("the port does not get on; see ovnetctl port show")
			 : told(a, port);
	json_decref(port);
	return rc;
}

/* Until its device is free again. */
static int del(const struct port_args *a, const json_t *params)
{
	char err[1024] = "";
	json_t *was = call(a, "del", params, err, sizeof(err)), *now;

	if (was == NULL)
		return command_failed(err);
	now = call(a, "show", params, err, sizeof(err));
	if (!wait_while(a, "closing", &now))
		fprintf(stderr, "ovnetctl: its device is not free yet\n");
	int rc = a->json ? command_print_json(was) : 0;
	json_decref(was);
	json_decref(now);
	return rc;
}

static int show(const struct port_args *a, const json_t *params)
{
	char err[1024] = "";
	json_t *answer = call(a, "show", params, err, sizeof(err));
	struct reading r = {.now = answer};

	if (answer == NULL)
		return command_failed(err);
	int rc = 0;
	if (a->json)
		rc = command_print_json(answer);
	else if (json_is_array(answer))
		show_view(stdout, &attach_ports, &r);
	else
		show_members(stdout, &attach_ports, answer);
	json_decref(answer);
	return rc != 0 ? rc : command_flush();
}

int port_command(const struct port_args *a)
{
	json_t *params = params_of(a);

	if (params == NULL)
		return command_failed("a name or value is no UTF-8 text");
	int rc = is_verb(a, "show")  ? show(a, params)
		 : is_verb(a, "del") ? del(a, params)
				     : change(a, params);
	json_decref(params);
	return rc;
}
