/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"

json_t *addr_json(const struct ovnet_addr *a)
{
	char text[OVNET_ADDR_STRLEN];

	return a->family != 0 ? json_string(ovnet_addr_text(a, text, sizeof(text))) : json_null();
}

json_t *prefix_json(const struct ovnet_prefix *p)
{
	char text[OVNET_PREFIX_STRLEN];

	return p->family != 0 ? json_string(ovnet_prefix_text(p, text, sizeof(text))) : json_null();
}

json_t *prefix4_json(const struct ovnet_prefix4 *p)
{
	const struct ovnet_prefix any = ovnet_prefix_from4(p);

	return prefix_json(&any);
}

json_t *prefix6_json(const struct ovnet_prefix6 *p)
{
	const struct ovnet_prefix any = ovnet_prefix_from6(p);

	return prefix_json(&any);
}

json_t *mac_json(const struct ovnet_mac *m)
{
	char text[OVNET_MAC_STRLEN];

	return json_string(ovnet_mac_text(m, text, sizeof(text)));
}

json_t *hex_json(const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * n + 1);

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	json_t *o = json_stringn(text, 2 * n);
	free(text);
	return o;
}

json_t *queue_name_json(const struct ovnet_port *port, uint16_t queue)
{
	char text[sizeof(port->name) + 8];

	snprintf(text, sizeof(text), "%s:%u", port->name, queue);
	return json_string(text);
}

bool methods_running(struct daemon *d, char *err, size_t err_size)
{
	const char *why = "";

	if (d->lease != NULL)
		return true;
	/* What it waits for, most likely: the last thing that went wrong. */
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (d->warnings.row[i].key[0] != '\0')
			why = d->warnings.row[i].text;
	snprintf(err, err_size, "the daemon is starting or stopping%s%s",
		why[0] != '\0' ? ": " : "", why);
	return false;
}
