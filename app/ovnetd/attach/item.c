/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of attach ports. */
#include "attach/item.h"

#include <stdlib.h>
#include <string.h>

#include "conf/port_request.h"

struct attached *item_add(struct attach *a, struct conf_port *conf, enum attach_source source)
{
	struct attached **items = realloc(a->items, (a->n + 1) * sizeof(*items));
	struct attached *it = items != NULL ? calloc(1, sizeof(*it)) : NULL;

	a->items = items != NULL ? items : a->items;
	if (it == NULL) {
		conf_port_free(conf);
		return NULL;
	}
	it->conf = *conf;
	it->source = source;
	items[a->n++] = it;
	return it;
}

void item_take(struct attach *a, struct attached *it)
{
	unsigned i = 0;

	while (i < a->n && a->items[i] != it)
		i++;
	if (i == a->n)
		return;
	a->n--;
	memmove(&a->items[i], &a->items[i + 1], (a->n - i) * sizeof(*a->items));
}

void item_free(struct attached *it)
{
	conf_port_free(&it->conf);
	json_decref(it->members);
	free(it);
}

const struct conf_port **item_confs(const struct attach *a, const struct attached *but,
	const struct conf_port *last, unsigned *n)
{
	const struct conf_port **confs = calloc(a->n + 1, sizeof(*confs));

	*n = 0;
	if (confs == NULL)
		return NULL;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i] != but)
			confs[(*n)++] = &a->items[i]->conf;
	confs[(*n)++] = last;
	return confs;
}

struct attached *attach_find(const struct attach *a, const char *name)
{
	for (unsigned i = 0; i < a->n; i++)
		if (strcmp(a->items[i]->conf.name, name) == 0)
			return a->items[i];
	return NULL;
}

struct attached *item_of(const struct attach *a, const struct ovnet_port *port)
{
	struct attached *it = port != NULL ? a->of_id[port->id] : NULL;

	return it != NULL && it->port == port ? it : NULL;
}

const struct attached *attach_of(const struct attach *a, const struct ovnet_port *port)
{
	return item_of(a, port);
}
