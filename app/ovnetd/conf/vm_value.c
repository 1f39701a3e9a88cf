/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/vm_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/conf.h"
#include "conf/validate.h"

#define ENTRY_MAX  (OVNET_PREFIX_STRLEN + OVNET_ADDR_STRLEN)
#define DOMAIN_MAX 127 /* bytes of lib/path's member, without the NUL */
#define LABEL_MAX  63  /* RFC 1035 */

/* Its address without bits that do not count. */
static int parse_net(const char *text, struct ovnet_prefix4 *out)
{
	char copy[OVNET_PREFIX_STRLEN];
	struct ovnet_addr addr;

	snprintf(copy, sizeof(copy), "%s", text);
	copy[strcspn(copy, "/")] = '\0';
	if (ovnet_prefix4_parse(text, out) < 0 || ovnet_addr_parse(copy, &addr) < 0)
		return -EINVAL;
	const struct ovnet_addr base = ovnet_addr_v4(out->addr_host);
	return ovnet_addr_equal(&addr, &base) ? 0 : -EINVAL;
}

int conf_vm_pool(const char *text, struct conf_vm_pool *out)
{
	size_t digits;

	*out = (struct conf_vm_pool){.given = text[0] != '\0', .last = text[0] == '/'};
	if (!out->given)
		return 0;
	if (!out->last)
		return parse_net(text, &out->net) < 0 || out->net.len == 0 ? -EINVAL : 0;
	digits = strspn(text + 1, "0123456789");
	if (digits == 0 || digits > 2 || text[1 + digits] != '\0')
		return -EINVAL;
	unsigned long len = strtoul(text + 1, NULL, 10);
	out->net.len = (uint8_t)len;
	return len == 0 || len > 32 ? -EINVAL : 0;
}

/* The next entry of a comma list, blanks cut off; false: there is none. */
static bool next_entry(const char **text, char one[ENTRY_MAX])
{
	if (*text == NULL)
		return false;
	const char *from = *text + strspn(*text, " ");
	size_t n = strcspn(from, ",");

	*text = from[n] == ',' ? from + n + 1 : NULL;
	while (n > 0 && from[n - 1] == ' ')
		n--;
	if (n >= ENTRY_MAX)
		n = 0; /* empty: no entry is */
	memcpy(one, from, n);
	one[n] = '\0';
	return true;
}

int conf_vm_dns(const char *text, struct ovnet_addr out[2 * CONF_VM_MAX_DNS])
{
	const char *rest = text[0] != '\0' ? text : NULL;
	unsigned n4 = 0, n6 = 0;
	char one[ENTRY_MAX];

	while (next_entry(&rest, one)) {
		struct ovnet_addr addr;
		if (ovnet_addr_parse(one, &addr) < 0 || !ovnet_addr_is_unicast(&addr))
			return -EINVAL;
		unsigned *n = addr.family == AF_INET ? &n4 : &n6;
		if (*n == CONF_VM_MAX_DNS)
			return -EINVAL;
		out[n4 + n6] = addr;
		(*n)++;
	}
	return (int)(n4 + n6);
}

static int parse_route(char *one, struct conf_vm_route *out)
{
	char *via = strstr(one, " via ");

	*out = (struct conf_vm_route){0};
	if (via != NULL) {
		if (parse_unicast4(&out->via, via + strlen(" via ")) < 0)
			return -EINVAL;
		*via = '\0';
	}
	return parse_net(one, &out->to);
}

int conf_vm_routes(const char *text, struct conf_vm_route out[CONF_VM_MAX_ROUTES])
{
	const char *rest = text[0] != '\0' ? text : NULL;
	char one[ENTRY_MAX];
	unsigned n = 0;

	for (; next_entry(&rest, one); n++)
		if (n == CONF_VM_MAX_ROUTES || parse_route(one, &out[n]) < 0)
			return -EINVAL;
	return (int)n;
}

int check_vm_pool(const char *text)
{
	struct conf_vm_pool pool;

	return conf_vm_pool(text, &pool);
}

int check_vm_dns(const char *text)
{
	struct ovnet_addr dns[2 * CONF_VM_MAX_DNS];

	return conf_vm_dns(text, dns) < 0 ? -EINVAL : 0;
}

int check_vm_routes(const char *text)
{
	struct conf_vm_route routes[CONF_VM_MAX_ROUTES];

	return conf_vm_routes(text, routes) < 0 ? -EINVAL : 0;
}

/* Letters, digits and hyphens between dots (RFC 1123 2.1), and what people write beside them. */
int check_domain_or_none(const char *text)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_";

	if (text[0] == '\0')
		return 0;
	if (strlen(text) > DOMAIN_MAX)
		return -EINVAL;
	for (;; text++) {
		size_t n = strspn(text, usual);
		if (n == 0 || n > LABEL_MAX || text[0] == '-' || text[n - 1] == '-')
			return -EINVAL;
		text += n;
		if (text[0] != '.')
			return text[0] == '\0' ? 0 : -EINVAL;
	}
}

/* "/NAME.sock" has to fit behind it. */
int check_socket_dir(const char *text)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '/' || text[len - 1] == '/')
		return -EINVAL;
	return len > CONF_VM_DIR_MAX ? -EINVAL : 0;
}
