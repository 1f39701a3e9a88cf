/* SPDX-License-Identifier: BSD-3-Clause */
#include "seeing.h"

#include <signal.h>
#include <string.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "expression.h"

static struct records *running; /* for the signal handler */
static volatile sig_atomic_t finished;

/* Sets params[name]; false: it is no filter, said so. */
static bool set_filter(
	json_t *params, const char *name, const char *text, json_t *(*make)(const char *text))
{
	json_t *program = text != NULL ? make(text) : NULL;

	return text == NULL || (program != NULL && json_object_set_new(params, name, program) == 0);
}

/* What the daemon is asked for; NULL: said why not. */
static json_t *params_of(const struct seeing_args *a, bool trace)
{
	json_t *params = json_object(), *ports = json_array();

	for (int i = 0; i < a->n_words; i++)
		json_array_append_new(ports, json_string(a->words[i]));
	if (a->n_words > 0)
		json_object_set(params, "ports", ports);
	json_decref(ports);
	if (a->drops)
		json_object_set_new(params, "drops", json_true());
	if (a->snap > 0)
		json_object_set_new(params, "snap", json_integer(a->snap));
	if (trace)
		json_object_set_new(params, "packets", json_integer(a->count > 0 ? a->count : 1));
	if (set_filter(params, "filter", a->filter, expression_outer) &&
		set_filter(params, "inner", a->inner, expression_inner))
		return params;
	json_decref(params);
	return NULL;
}

static void on_interrupt(int number)
{
	(void)number;
	seeing_finish();
}

void seeing_finish(void)
{
	finished = 1;
	records_finish(running);
}

bool seeing_finished(void)
{
	return finished != 0;
}

int seeing_begin(const struct seeing_args *a, const char *method, struct records *r)
{
	/* The second one ends us at once. */
	const struct sigaction once = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
	json_t *params = params_of(a, strcmp(method, "trace") == 0);
	char err[1024] = "";

	if (params == NULL)
		return EXIT_USAGE;
	int fd = ovnet_ctl_stream(a->socket, method, params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (fd < 0)
		return command_failed(err);
	if (records_open(r, fd) < 0)
		return command_failed("no memory");
	running = r;
	sigaction(SIGINT, &once, NULL);
	sigaction(SIGTERM, &once, NULL);
	return 0;
}
