/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/ingress_parse.h"

#include <errno.h>
#include <string.h>

/* The next part of `*text` up to one of `ends`, blanks cut off; -EINVAL: empty or too long. */
static int next_part(const char **text, const char *ends, char *part, size_t size)
{
	const char *from = *text + strspn(*text, " \t");
	size_t n = strcspn(from, ends);

	*text = from + n;
	while (n > 0 && (from[n - 1] == ' ' || from[n - 1] == '\t'))
		n--;
	if (n == 0 || n >= size)
		return -EINVAL;
	memcpy(part, from, n);
	part[n] = '\0';
	return 0;
}

static int parse_one(const char *part, const struct ovnet_addr *whose, struct ingress_allowed *out)
{
	*out = (struct ingress_allowed){.public_ip = *whose};
	if (strchr(part, '/') != NULL)
		return ovnet_prefix_parse(part, &out->inner);
	if (ovnet_addr_parse(part, &out->outer) < 0 || !ovnet_addr_is_unicast(&out->outer) ||
		out->outer.family != whose->family)
		return -EINVAL;
	return 0;
}

/* IPv6 addresses are full of colons: the one that ends the public IP has a blank behind it. */
static int parse_public_ip(const char **text, struct ovnet_addr *out)
{
	const char *end = strstr(*text, ": ");
	char part[OVNET_ADDR_STRLEN + 1];
	const char *from = *text + strspn(*text, " \t");

	if (end == NULL || end <= from || (size_t)(end - from) >= sizeof(part))
		return -EINVAL;
	memcpy(part, from, (size_t)(end - from));
	part[end - from] = '\0';
	*text = end + 2;
	return ovnet_addr_parse(part, out) < 0 || !ovnet_addr_is_unicast(out) ? -EINVAL : 0;
}

int ingress_parse(const char *text, struct ingress_allowed *out, unsigned max)
{
	char part[OVNET_PREFIX_STRLEN + 1];
	struct ovnet_addr whose;
	unsigned n = 0;

	while (text[strspn(text, " \t")] != '\0') {
		if (parse_public_ip(&text, &whose) < 0)
			return -EINVAL;
		for (bool more = true; more; n++) {
			if (n == max)
				return -E2BIG;
			if (next_part(&text, ",;", part, sizeof(part)) < 0 ||
				parse_one(part, &whose, &out[n]) < 0)
				return -EINVAL;
			more = *text == ',';
			text += *text != '\0';
		}
	}
	return (int)n;
}
