/* SPDX-License-Identifier: BSD-3-Clause */
#include "guests/former.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/net.h"
#include "guests/vm.h"

static void drop(struct former *f, unsigned i)
{
	memmove(&f->items[i], &f->items[i + 1], (f->n - i - 1) * sizeof(*f->items));
	f->n--;
}

static void drop_name(struct former *f, const char *name)
{
	for (unsigned i = f->n; i-- > 0;)
		if (strcmp(f->items[i].name, name) == 0)
			drop(f, i);
}

void former_forget(struct former *f, uint32_t addr_host)
{
	for (unsigned i = f->n; i-- > 0;)
		if (f->items[i].addr_host == addr_host)
			drop(f, i);
}

void former_note(struct former *f, const char *name, uint32_t addr_host)
{
	drop_name(f, name);
	former_forget(f, addr_host);
	if (f->n == FORMER_MAX)
		drop(f, 0);
	if (f->n == f->room) {
		unsigned room = f->room + 16;
		struct former_vm *more = realloc(f->items, room * sizeof(*more));
		if (more == NULL)
			return;
		f->items = more;
		f->room = room;
	}
	struct former_vm *last = &f->items[f->n++];
	snprintf(last->name, sizeof(last->name), "%s", name);
	last->addr_host = addr_host;
}

uint32_t former_of(const struct former *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++)
		if (strcmp(f->items[i].name, name) == 0)
			return f->items[i].addr_host;
	return 0;
}

void former_free(struct former *f)
{
	free(f->items);
	*f = (struct former){0};
}

json_t *former_to_json(const struct former *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < f->n; i++) {
		const struct ovnet_addr addr = ovnet_addr_v4(f->items[i].addr_host);
		char text[OVNET_ADDR_STRLEN];
		json_t *one = json_pack("{s:s,s:s}", "name", f->items[i].name, "address",
			ovnet_addr_text(&addr, text, sizeof(text)));
		if (json_array_append_new(list, one) < 0)
			break; /* no memory; it is only a memory of what was */
	}
	return list;
}

void former_of_json(struct former *f, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *text = json_string_value(json_object_get(one, "address"));
		struct ovnet_addr addr;
		if (name != NULL && vm_name_ok(name) && text != NULL &&
			ovnet_addr_parse(text, &addr) == 0 && addr.family == AF_INET)
			former_note(f, name, ntohl(addr.v4_be));
	}
}
