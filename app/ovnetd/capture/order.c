/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "capture/captures.h"

#define SNAP_MIN 16

/* An integer in a range, `preset` where there is none. False: something else. */
static bool number(const json_t *o, const char *name, json_int_t min, json_int_t max,
	json_int_t preset, json_int_t *out)
{
	const json_t *v = json_object_get(o, name);

	*out = v != NULL ? json_integer_value(v) : preset;
	return (v == NULL || json_is_integer(v)) && *out >= min && *out <= max;
}

static bool element(const json_t *insn, size_t i, json_int_t max, json_int_t *out)
{
	const json_t *v = json_array_get(insn, i);

	*out = json_integer_value(v);
	return json_is_integer(v) && *out >= 0 && *out <= max;
}

/* None is fine. */
static bool read_program(const json_t *list, struct capture_program *p)
{
	json_int_t code, jt, jf, k;
	const json_t *insn;
	size_t i;

	p->n = 0;
	if (list == NULL)
		return true;
	if (!json_is_array(list) || json_array_size(list) == 0 ||
		json_array_size(list) > CAPTURE_PROGRAM_MAX)
		return false;
	json_array_foreach (list, i, insn) {
		if (json_array_size(insn) != 4 || !element(insn, 0, UINT16_MAX, &code) ||
			!element(insn, 1, UINT8_MAX, &jt) || !element(insn, 2, UINT8_MAX, &jf) ||
			!element(insn, 3, UINT32_MAX, &k))
			return false;
		p->insn[i] = (struct capture_insn){
			(uint16_t)code, (uint8_t)jt, (uint8_t)jf, (uint32_t)k};
	}
	p->n = (uint16_t)json_array_size(list);
	return capture_program_is_safe(p);
}

static bool read_filter(const json_t *params, struct capture_filter *f)
{
	const json_t *outer = json_object_get(params, "filter"),
		     *inner = json_object_get(params, "inner");

	f->outer = outer != NULL;
	f->has_inner = inner != NULL;
	return (outer == NULL || json_is_object(outer)) &&
	       read_program(json_object_get(outer, "ether"), &f->ether) &&
	       read_program(json_object_get(outer, "raw"), &f->raw) &&
	       read_program(inner, &f->inner);
}

static bool read_ports(const json_t *params, struct capture_order *o)
{
	const json_t *list = json_object_get(params, "ports"), *v;
	size_t i;

	if (list == NULL)
		return true;
	if (!json_is_array(list) || json_array_size(list) > CAPTURE_PORTS_MAX)
		return false;
	json_array_foreach (list, i, v) {
		const char *name = json_string_value(v);
		if (name == NULL || strlen(name) >= PACKET_RECORD_PORT)
			return false;
		strcpy(o->port[i], name);
	}
	o->n_ports = (unsigned)json_array_size(list);
	return true;
}

static int refuse(char *err, size_t err_size, const char *why)
{
	snprintf(err, err_size, "%s", why);
	return -EINVAL;
}

int captures_order(
	const json_t *params, bool trace, struct capture_order *o, char *err, size_t err_size)
{
	json_int_t snap, packets;

	memset(o, 0, sizeof(*o));
	o->trace = trace;
	o->drops = json_is_true(json_object_get(params, "drops"));
	if (!read_ports(params, o))
		return refuse(
			err, err_size, "\"ports\" is not a list of at most 16 names of ports");
	if (!number(params, "snap", SNAP_MIN, PACKET_RECORD_SNAP_MAX,
		    trace ? CAPTURE_TRACE_SNAP : PACKET_RECORD_SNAP_MAX, &snap))
		return refuse(err, err_size, "\"snap\" is not a number from 16 to 65535");
	if (!number(params, "packets", 1, CAPTURE_TRACE_MAX, 1, &packets))
		return refuse(err, err_size, "\"packets\" is not a number from 1 to 1000");
	if (!read_filter(params, &o->filter))
		return refuse(err, err_size,
			"the filter will not do: it is longer than 512 instructions, goes back or "
			"reads what it may not; give a simpler one");
	o->snap = (uint32_t)snap;
	o->packets = (unsigned)packets;
	o->all_ports = o->n_ports == 0 && (trace || !o->drops);
	return 0;
}
