/* SPDX-License-Identifier: BSD-3-Clause */
#include "reload.h"

#include <jansson.h>
#include <stdio.h>

#include "command.h"
#include "ctl/ctl_server.h"

static void print_changes(const char *name, const json_t *list)
{
	char text[1024];

	if (json_array_size(list) == 0)
		command_line(name, "nothing");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		const json_t *was = json_object_get(c, "was");

		if (was != NULL)
			snprintf(text, sizeof(text), "%s: \"%.400s\" -> \"%.400s\"",
				command_text(c, "key"), json_string_value(was),
				json_string_value(json_object_get(c, "now")));
		else
			snprintf(text, sizeof(text), "%s", command_text(c, "key"));
		command_line(i == 0 ? name : "", text);
	}
}

static void print(const json_t *r)
{
	char text[64];

	print_changes("in force", json_object_get(r, "changed"));
	print_changes("restart for", json_object_get(r, "restart"));
	snprintf(text, sizeof(text), "%zu settings",
		json_array_size(json_object_get(r, "unchanged")));
	command_line("unchanged", text);
}

int reload_command(const char *socket, bool json)
{
	char err[2048] = "";
	json_t *r = ovnet_ctl_call(socket, "reload", NULL, COMMAND_TIMEOUT_MS, err, sizeof(err));

	if (r == NULL)
		return command_failed(err);
	int rc = 0;
	if (json)
		rc = command_print_json(r);
	else
		print(r);
	json_decref(r);
	return rc != 0 ? rc : command_flush();
}
