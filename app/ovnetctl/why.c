/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/packet_summary.h"
#include "command.h"
#include "ctl/ctl_server.h"
#include "last.h"
#include "seeing.h"
#include "table.h"

/* "name  value" of a member, if it is there. */
static void member(const json_t *o, const char *name, const char *label)
{
	const json_t *v = json_object_get(o, name);
	char number[32];

	if (json_is_integer(v)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		command_line(label, number);
	} else if (json_is_string(v)) {
		command_line(label, json_string_value(v));
	}
}

static void packet(const char *label, const json_t *o)
{
	const char *hex = json_string_value(json_object_get(o, "bytes"));
	uint8_t bytes[512];
	char text[PACKET_SUMMARY_SIZE], line[PACKET_SUMMARY_SIZE + 128];
	size_t n = last_bytes(hex != NULL ? hex : "", bytes, sizeof(bytes));

	packet_summary(bytes, n, strcmp(command_text(o, "link"), "ip") == 0, text);
	snprintf(line, sizeof(line), "%.60s: %s, %" JSON_INTEGER_FORMAT " bytes",
		command_text(o, "port"), text, json_integer_value(json_object_get(o, "length")));
	command_line(label, line);
}

static void stages(const json_t *list)
{
	char line[512] = "";
	size_t len = 0, i;
	json_t *v;

	json_array_foreach (list, i, v) {
		int n = snprintf(line + len, sizeof(line) - len, "%s%s", i > 0 ? " > " : "",
			json_string_value(v) != NULL ? json_string_value(v) : "?");
		if (n < 0 || (size_t)n >= sizeof(line) - len)
			break;
		len += (size_t)n;
	}
	command_line("  stages", line);
}

static void peer(const json_t *o)
{
	char line[512];

	if (!json_is_object(o))
		return;
	snprintf(line, sizeof(line), "%.64s at %.64s, by %.32s, MTU %" JSON_INTEGER_FORMAT,
		command_text(o, "subnet"), command_text(o, "public_ip"), command_text(o, "encap"),
		json_integer_value(json_object_get(o, "mtu")));
	command_line("  peer", line);
	member(o, "next_hop_mac", "  next hop");
}

static void way(const char *title, const json_t *o)
{
	json_t *list, *v;
	size_t i;

	if (!json_is_object(o))
		return;
	command_line(title, command_text(o, "text"));
	member(o, "not", "  no way");
	if (json_object_get(o, "enters") != NULL)
		packet("  comes by", json_object_get(o, "enters"));
	peer(json_object_get(o, "peer"));
	member(o, "kernel_lane", "  lane");
	list = json_object_get(o, "stages");
	if (json_array_size(list) > 0)
		stages(list);
	list = json_object_get(o, "refused");
	json_array_foreach (list, i, v) {
		char line[512];
		snprintf(line, sizeof(line), "%.64s (%.300s)", command_text(v, "reason"),
			command_text(v, "help"));
		command_line("  refused", line);
	}
	list = json_object_get(o, "permitted");
	json_array_foreach (list, i, v)
		command_line(
			"  permitted", json_string_value(v) != NULL ? json_string_value(v) : "");
	list = json_object_get(o, "sent");
	json_array_foreach (list, i, v)
		packet(json_is_true(json_object_get(v, "answer")) ? "  answered" : "  leaves by",
			v);
	member(o, "note", "  note");
}

int why_command(const struct seeing_args *a)
{
	char err[1024] = "";
	json_t *params;

	if (a->n_words != 2)
		return command_usage("why takes two addresses, SRC and DST", "");
	params = json_pack("{s:s,s:s,s:s*,s:b}", "src", a->words[0], "dst", a->words[1], "from",
		a->from, "df", a->df);
	if (params != NULL && a->size > 0)
		json_object_set_new(params, "size", json_integer(a->size));
	if (params == NULL)
		return command_usage("addresses are texts, not ", a->words[0]);
	json_t *answer =
		ovnet_ctl_call(a->socket, "why", params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	json_decref(params);
	if (answer == NULL)
		return command_failed(err);
	int code = 0;
	if (a->json) {
		code = command_print_json(answer);
	} else {
		way("there", json_object_get(answer, "there"));
		way("back", json_object_get(answer, "back"));
	}
	json_decref(answer);
	return code != 0 ? code : command_flush();
}
