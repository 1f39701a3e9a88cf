/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports of ports.json, taken up at the start. */
#include <sys/socket.h>

#include "attach/item.h"
#include "base/log.h"
#include "run/state_file.h"

OVNET_LOG_TYPE(attach)

static struct ovnet_prefix subnet_of(const json_t *state, const char *key)
{
	const char *text = json_string_value(json_object_get(state, key));
	struct ovnet_prefix p;

	if (text == NULL || ovnet_prefix_parse(text, &p) < 0)
		return (struct ovnet_prefix){0};
	return p;
}

/* What is not good stays in the file, for whoever mends it. */
static void leave_out(struct attach *a, json_t *members, const char *why)
{
	const char *name = json_string_value(json_object_get(members, "name"));

	LOG(ERR, "%s/" ATTACH_STATE_FILE ": %s: left out; mend it while ovnetd is stopped%s%s%s",
		a->node->conf->node.state_dir, why, name != NULL ? ", or `ovnetctl port del " : "",
		name != NULL ? name : "", name != NULL ? "` it" : "");
	if (a->left_out == NULL)
		a->left_out = json_array();
	if (json_array_append(a->left_out, members) < 0)
		LOG(ERR, "no memory to keep it in the file");
}

void attach_load(struct attach *a)
{
	json_t *state = state_load(a->node->conf->node.state_dir, ATTACH_STATE_FILE);
	json_t *list = json_object_get(state, "ports"), *members;
	char why[768];
	size_t i;

	if (state == NULL)
		return;
	if (json_integer_value(json_object_get(state, "version")) != ATTACH_STATE_VERSION)
		LOG(WARN,
			"%s/" ATTACH_STATE_FILE " is of another version; reading it as well as "
			"can be",
			a->node->conf->node.state_dir);
	a->was = subnet_of(state, "subnet");
	a->was6 = subnet_of(state, "subnet6");
	a->loading = true;
	json_array_foreach (list, i, members)
		if (attach_add(a, members, ATTACH_STATE, true, why, sizeof(why)) == NULL)
			leave_out(a, members, why);
	a->loading = false;
	warn_left_out(a);
	json_decref(state);
}
