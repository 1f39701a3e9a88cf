/* SPDX-License-Identifier: BSD-3-Clause */
#include "last.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/packet_summary.h"
#include "command.h"
#include "ctl/ctl_server.h"
#include "table.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t last_bytes(const char *hex, uint8_t *out, size_t size)
{
	size_t n = 0;

	while (n < size && digit(hex[0]) >= 0 && digit(hex[1]) >= 0) {
		out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2;
	}
	return n;
}

static void add_row(struct table *t, const json_t *row)
{
	const char *hex = json_string_value(json_object_get(row, "bytes"));
	const bool raw = strcmp(command_text(row, "link"), "ip") == 0;
	char text[PACKET_SUMMARY_SIZE], number[48];
	uint8_t bytes[256];
	size_t n = last_bytes(hex != NULL ? hex : "", bytes, sizeof(bytes));

	command_time(
		json_number_value(json_object_get(row, "time")), "%F %T", number, sizeof(number));
	table_add(t, number);
	table_add(t, command_text(row, "reason"));
	table_add(t, command_text(row, "port"));
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(row, "worker")));
	table_add(t, number);
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(row, "length")));
	table_add(t, number);
	table_add(t, packet_summary(bytes, n, raw, text));
}

static void show(const json_t *list)
{
	static const char *const headings[] = {
		"TIME", "REASON", "PORT", "WORKER", "LENGTH", "PACKET"};
	struct table t = {.n_columns = sizeof(headings) / sizeof(headings[0]),
		.right = {[3] = true, [4] = true}};
	json_t *row;
	size_t i;

	for (i = 0; i < t.n_columns; i++)
		table_add(&t, headings[i]);
	json_array_foreach (list, i, row)
		add_row(&t, row);
	table_print(&t, stdout);
	table_free(&t);
}

int last_command(const char *socket, const char *reason, bool json)
{
	json_t *params = reason != NULL ? json_pack("{s:s}", "reason", reason) : NULL;
	char err[1024] = "";

	if (reason != NULL && params == NULL)
		return command_failed("the reason is no text");
	json_t *list =
		ovnet_ctl_call(socket, "drops-last", params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (list == NULL)
		return command_failed(err);
	int code = 0;
	if (json)
		code = command_print_json(list);
	else if (json_array_size(list) == 0)
		printf("no packets refused\n");
	else
		show(list);
	json_decref(list);
	return code != 0 ? code : command_flush();
}
