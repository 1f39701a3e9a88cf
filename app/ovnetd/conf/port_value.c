/* SPDX-License-Identifier: BSD-3-Clause */
/* What the text of a port's members must look like. */
#include "conf/validate.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/prefix_list.h"
#include "conf/conf.h"

int check_port_name_or_none(const char *text)
{
	size_t len = strlen(text);

	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return -EINVAL;
	return len >= IFNAMSIZ ||
			       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789_.-") != len
		       ? -EINVAL
		       : 0;
}

int check_socket_or_none(const char *text)
{
	return text[0] == '\0' ? 0 : check_socket(text);
}

int check_mode_or_none(const char *text)
{
	return text[0] == '\0' ? 0 : check_mode(text);
}

/* "user", "user:group", ":group"; as useradd takes names, and numbers. */
int check_owner_or_none(const char *text)
{
	size_t len = strlen(text), colon = strcspn(text, ":");
	static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-$";

	if (len == 0)
		return 0;
	if (strspn(text, names) != colon || colon > 32 || colon + 1 == len)
		return -EINVAL;
	if (colon == len)
		return 0;
	size_t group = len - colon - 1;
	return strspn(text + colon + 1, names) != group || group > 32 ? -EINVAL : 0;
}

int parse_port_mac(void *member, const char *text)
{
	struct conf_port *p = member;
	int err = parse_mac(&p->mac, text);

	p->has_mac = err == 0;
	return err;
}

/* One address, or a prefix that says it without bits that do not count. */
static int parse_addresses_of(const char *text, struct ovnet_prefix *out)
{
	char copy[OVNET_PREFIX_STRLEN];
	struct ovnet_addr addr;

	snprintf(copy, sizeof(copy), "%s", text);
	copy[strcspn(copy, "/")] = '\0';
	if (ovnet_addr_parse(copy, &addr) < 0 || !ovnet_addr_is_unicast(&addr))
		return -EINVAL;
	const struct ovnet_prefix alone = ovnet_prefix_of_addr(&addr);
	*out = alone;
	if (strchr(text, '/') == NULL)
		return 0;
	if (ovnet_prefix_parse(text, out) < 0 || ovnet_prefix_len(out) == 0)
		return -EINVAL;
	bool same = out->family == AF_INET
			    ? out->v4.addr_host == alone.v4.addr_host
			    : memcmp(out->v6.addr, alone.v6.addr, sizeof(alone.v6.addr)) == 0;
	return same ? 0 : -EINVAL;
}

int parse_port_addresses(void *member, const char *text)
{
	struct conf_port *p = member;
	char one[OVNET_PREFIX_STRLEN];

	p->n_addresses = 0;
	for (bool more = text[0] != '\0'; more; text++) {
		text += strspn(text, " ");
		size_t len = strcspn(text, ", ");
		if (len >= sizeof(one) || p->n_addresses == CONF_PORT_MAX_ADDRS)
			return -EINVAL;
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (parse_addresses_of(one, &p->addresses[p->n_addresses]) < 0)
			return -EINVAL;
		p->n_addresses++;
		text += len + strspn(text + len, " ");
		if (text[0] != ',' && text[0] != '\0')
			return -EINVAL;
		more = text[0] == ',';
	}
	return 0;
}
