/* SPDX-License-Identifier: BSD-3-Clause */
/* ports.json: the ports that were ordered while the daemon ran, kept for its next life. */
#include <errno.h>

#include "attach/item.h"
#include "run/state_file.h"

static void put_subnet(json_t *o, const char *key, const struct ovnet_prefix *p)
{
	char text[OVNET_PREFIX_STRLEN];

	if (p->family != 0)
		json_object_set_new(o, key, json_string(ovnet_prefix_text(p, text, sizeof(text))));
}

/* Until there is a lease it is what it was. */
static json_t *head(const struct attach *a)
{
	const struct node *n = a->node;
	bool known = node_has(n, NODE_CONFIGURED);
	struct ovnet_prefix own = known ? ovnet_prefix_from4(&n->own.subnet) : a->was,
			    own6 = known ? ovnet_prefix_from6(&n->own.subnet6) : a->was6;
	json_t *o = json_pack("{s:i}", "version", ATTACH_STATE_VERSION);

	if (o == NULL)
		return NULL;
	put_subnet(o, "subnet", &own);
	if (!known || n->own.has_v6)
		put_subnet(o, "subnet6", &own6);
	return o;
}

void warn_left_out(const struct attach *a)
{
	size_t n = json_array_size(a->left_out);

	if (n == 0)
		warn_clear(a->node->warnings, "attach-left-out");
	else
		warn_set(a->node->warnings, "attach-left-out",
			"%zu ports of %s/" ATTACH_STATE_FILE " do not do (reasons in the log) and "
			"are left out: mend them while ovnetd is stopped, or `ovnetctl port del` "
			"those that have a name",
			n, a->node->conf->node.state_dir);
}

int attach_save(const struct attach *a, const struct attached *but)
{
	json_t *o = head(a), *list = json_array();
	bool whole = o != NULL && list != NULL;

	for (unsigned i = 0; whole && i < a->n; i++)
		if (a->items[i]->source == ATTACH_STATE && a->items[i] != but)
			whole = json_array_append(list, a->items[i]->members) == 0;
	if (whole && a->left_out != NULL)
		whole = json_array_extend(list, a->left_out) == 0;
	whole = whole && json_object_set(o, "ports", list) == 0;
	int rc = whole ? state_save(a->node->conf->node.state_dir, ATTACH_STATE_FILE, o) : -ENOMEM;
	json_decref(list);
	json_decref(o);
	return rc;
}
