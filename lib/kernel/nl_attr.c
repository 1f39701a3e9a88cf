/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/socket.h>

#include "kernel/nl.h"

struct table {
	const struct nlattr **tb;
	uint16_t max;
};

static int store(const struct nlattr *attr, void *arg)
{
	const struct table *t = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= t->max)
		t->tb[type] = attr;
	return MNL_CB_OK;
}

const void *nl_parse(
	const struct nlmsghdr *msg, size_t size, const struct nlattr **tb, uint16_t max)
{
	struct table t = {.tb = tb, .max = max};

	memset(tb, 0, (max + 1u) * sizeof(*tb));
	if (mnl_nlmsg_get_payload_len(msg) < size)
		return NULL;
	if (mnl_attr_parse(msg, (unsigned)size, store, &t) < 0)
		return NULL;
	return mnl_nlmsg_get_payload(msg);
}

void nl_parse_nested(const struct nlattr *nest, const struct nlattr **tb, uint16_t max)
{
	struct table t = {.tb = tb, .max = max};

	memset(tb, 0, (max + 1u) * sizeof(*tb));
	if (nest != NULL)
		(void)mnl_attr_parse_nested(nest, store, &t); /* store() never fails */
}

uint32_t nl_u32(const struct nlattr *attr, uint32_t fallback)
{
	if (attr == NULL || mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
		return fallback;
	return mnl_attr_get_u32(attr);
}

void nl_string(const struct nlattr *attr, char *out, size_t size)
{
	size_t len = 0;

	if (attr != NULL) {
		len = strnlen(mnl_attr_get_str(attr), mnl_attr_get_payload_len(attr));
		if (len > size - 1)
			len = size - 1;
		memcpy(out, mnl_attr_get_str(attr), len);
	}
	out[len] = '\0';
}

bool nl_addr(const struct nlattr *attr, uint8_t family, struct ovnet_addr *out)
{
	size_t len = family == AF_INET ? sizeof(out->v4_be) : sizeof(out->v6);

	memset(out, 0, sizeof(*out));
	if (attr == NULL || (family != AF_INET && family != AF_INET6) ||
		mnl_attr_get_payload_len(attr) != len)
		return false;
	out->family = family;
	memcpy(family == AF_INET ? (void *)&out->v4_be : out->v6, mnl_attr_get_payload(attr), len);
	return true;
}

void nl_put_addr(struct nlmsghdr *msg, uint16_t type, const struct ovnet_addr *addr)
{
	if (addr->family == AF_INET)
		mnl_attr_put_u32(msg, type, addr->v4_be);
	else
		mnl_attr_put(msg, type, sizeof(addr->v6), addr->v6);
}
