/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/flannel/netconf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number6.h"
#include "lease/flannel/json_field.h"

#define SIZE_MAX_CONF 65536
#define VXLAN_PORT    8472
#define UDP_PORT      8285
#define VNI_MAX       0xffffff

/* The range as the operator gave it; zero: not given, as in flannel. */
struct range4 {
	uint32_t len, min, max;
};

struct range6 {
	uint32_t len;
	u128 min, max;
};

const char *ovnet_backend_name(enum ovnet_backend b)
{
	static const char *const names[] = {
		[OVNET_BACKEND_NONE] = "none",
		[OVNET_BACKEND_UDP] = "udp",
		[OVNET_BACKEND_VXLAN] = "vxlan",
		[OVNET_BACKEND_HOST_GW] = "host-gw",
	};
	return names[b];
}

static int fail(char *err, size_t size, const char *text)
{
	snprintf(err, size, "%s", text);
	return -EINVAL;
}

/* Addresses and networks: flannel's decoder takes null for a text, so do we. */
static int text_field(const json_t *o, const char *name, const char **out, char *err, size_t size)
{
	if (json_is_null(json_field(o, name))) {
		*out = "null";
		return 0;
	}
	return json_field_string(o, name, out, err, size);
}

static int cidr_field(const json_t *o, const char *name, bool v6, struct ovnet_netconf *out,
	char *err, size_t size)
{
	const char *text = NULL;
	int rc = text_field(o, name, &text, err, size);

	if (rc < 0 || text == NULL)
		return rc;
	rc = v6 ? ovnet_prefix6_parse(text, &out->network6)
		: ovnet_prefix4_parse(text, &out->network);
	if (rc < 0)
		snprintf(err, size, "invalid CIDR address: %.100s", text);
	return rc;
}

static int ip_field(const json_t *o, const char *name, uint8_t family, struct ovnet_addr *a,
	char *err, size_t size)
{
	const char *text = NULL;
	int rc = text_field(o, name, &text, err, size);

	if (rc < 0 || text == NULL)
		return rc;
	/* The IPv6 ones are pointers in flannel: null leaves them out. */
	if (family == AF_INET6 && strcmp(text, "null") == 0)
		return 0;
	if (ovnet_addr_parse(text, a) < 0 || a->family != family) {
		snprintf(err, size, "Invalid IP address format: %s \"%.60s\"", name, text);
		return -EINVAL;
	}
	return 0;
}

static int read_ranges(const json_t *root, struct ovnet_netconf *out, struct range4 *r4,
	struct range6 *r6, char *err, size_t size)
{
	struct ovnet_addr min = {0}, max = {0}, min6 = {0}, max6 = {0};

	if (json_field_bool(root, "EnableIPv4", &out->enable_ipv4, err, size) < 0 ||
		json_field_bool(root, "EnableIPv6", &out->enable_ipv6, err, size) < 0 ||
		cidr_field(root, "Network", false, out, err, size) < 0 ||
		cidr_field(root, "IPv6Network", true, out, err, size) < 0 ||
		ip_field(root, "SubnetMin", AF_INET, &min, err, size) < 0 ||
		ip_field(root, "SubnetMax", AF_INET, &max, err, size) < 0 ||
		ip_field(root, "IPv6SubnetMin", AF_INET6, &min6, err, size) < 0 ||
		ip_field(root, "IPv6SubnetMax", AF_INET6, &max6, err, size) < 0 ||
		json_field_uint(root, "SubnetLen", UINT32_MAX, &r4->len, err, size) < 0 ||
		json_field_uint(root, "IPv6SubnetLen", UINT32_MAX, &r6->len, err, size) < 0)
		return -EINVAL;
	r4->min = ntohl(min.v4_be);
	r4->max = ntohl(max.v4_be);
	r6->min = number6(min6.v6);
	r6->max = number6(max6.v6);
	return 0;
}

static int boundary4(const char *name, uint32_t addr, uint8_t len, char *err, size_t size)
{
	struct ovnet_addr a = ovnet_addr_v4(addr);
	char text[OVNET_ADDR_STRLEN];

	if ((addr & ~ovnet_mask4(len)) == 0)
		return 0;
	snprintf(err, size, "%s is not on a SubnetLen boundary: %s", name,
		ovnet_addr_text(&a, text, sizeof(text)));
	return -EINVAL;
}

static int check4(struct ovnet_netconf *c, const struct range4 *r, char *err, size_t size)
{
	const struct ovnet_prefix4 *net = &c->network;

	if (net->addr_host == 0 && net->len == 0)
		return fail(err, size,
			"please define a correct Network parameter in the flannel config");
	if (r->len > 30)
		return fail(err, size, "SubnetLen must be less than /31");
	if (r->len > 0 && r->len < net->len + 2u)
		return fail(err, size, "network must be able to accommodate at least four subnets");
	if (r->len == 0 && net->len > 28)
		return fail(
			err, size, "network is too small. Minimum useful network prefix is /28");
	uint32_t widest = net->len <= 22 ? 24 : net->len + 2u;
	c->subnet_len = (uint8_t)(r->len > 0 ? r->len : widest);

	uint32_t step = 1u << (32 - c->subnet_len);
	uint32_t last = net->addr_host | ~ovnet_mask4(net->len);
	if (r->min != 0 && !ovnet_prefix4_contains(net, r->min))
		return fail(err, size, "SubnetMin is not in the range of the Network");
	if (r->max != 0 && !ovnet_prefix4_contains(net, r->max))
		return fail(err, size, "SubnetMax is not in the range of the Network");
	c->subnet_min = r->min != 0 ? r->min : net->addr_host + step;
	c->subnet_max = r->max != 0 ? r->max : last - step + 1;
	c->range_first = r->min != 0 ? r->min : net->addr_host;
	c->range_last = c->subnet_max + (step - 1);
	if (boundary4("SubnetMin", c->subnet_min, c->subnet_len, err, size) < 0)
		return -EINVAL;
	return boundary4("SubnetMax", c->subnet_max, c->subnet_len, err, size);
}

static int boundary6(const char *name, u128 addr, uint8_t len, char *err, size_t size)
{
	struct ovnet_addr a = {.family = AF_INET6};
	char text[OVNET_ADDR_STRLEN];

	if ((addr & host_bits6(len)) == 0)
		return 0;
	number6_bytes(addr, a.v6);
	snprintf(err, size, "%s is not on a SubnetLen boundary: %s", name,
		ovnet_addr_text(&a, text, sizeof(text)));
	return -EINVAL;
}

static int check6(struct ovnet_netconf *c, const struct range6 *r, char *err, size_t size)
{
	const struct ovnet_prefix6 *net = &c->network6;
	u128 base = number6(net->addr);

	if (base == 0 && net->len == 0)
		return fail(err, size,
			"please define a correct IPv6Network parameter in the flannel config");
	if (r->len > 126)
		return fail(err, size, "SubnetLen must be less than /127");
	if (r->len > 0 && r->len < net->len + 2u)
		return fail(err, size, "network must be able to accommodate at least four subnets");
	if (r->len == 0 && net->len > 124)
		return fail(err, size,
			"IPv6Network is too small. Minimum useful network prefix is /124");
	uint32_t widest = net->len <= 62 ? 64 : net->len + 2u;
	c->subnet6_len = (uint8_t)(r->len > 0 ? r->len : widest);

	u128 step = (u128)1 << (128 - c->subnet6_len);
	u128 last = base | host_bits6(net->len);
	if (r->min != 0 && !prefix6_has(net, r->min))
		return fail(err, size, "IPv6SubnetMin is not in the range of the IPv6Network");
	if (r->max != 0 && !prefix6_has(net, r->max))
		return fail(err, size, "IPv6SubnetMax is not in the range of the IPv6Network");
	u128 min = r->min != 0 ? r->min : base + step;
	u128 max = r->max != 0 ? r->max : last - step + 1;
	number6_bytes(min, c->subnet6_min);
	number6_bytes(max, c->subnet6_max);
	number6_bytes(r->min != 0 ? r->min : base, c->range6_first);
	number6_bytes(max + (step - 1), c->range6_last);
	if (boundary6("IPv6SubnetMin", min, c->subnet6_len, err, size) < 0)
		return -EINVAL;
	return boundary6("IPv6SubnetMax", max, c->subnet6_len, err, size);
}

static void set_type(struct ovnet_netconf *c, const char *type)
{
	size_t i;

	for (i = 0; type[i] != '\0' && i < sizeof(c->type) - 1; i++)
		c->type[i] = (char)tolower((unsigned char)type[i]);
	c->type[i] = '\0';
	c->backend = OVNET_BACKEND_NONE;
	for (int b = OVNET_BACKEND_UDP; b <= OVNET_BACKEND_HOST_GW; b++)
		if (strcmp(c->type, ovnet_backend_name((enum ovnet_backend)b)) == 0)
			c->backend = (enum ovnet_backend)b;
}

static int backend_options(const json_t *b, struct ovnet_netconf *c, char *err, size_t size)
{
	uint32_t port = 0, mtu = 0;

	if (c->backend == OVNET_BACKEND_VXLAN) {
		c->vni = 1;
		if (json_field_uint(b, "VNI", VNI_MAX, &c->vni, err, size) < 0 ||
			json_field_uint(b, "MTU", UINT16_MAX, &mtu, err, size) < 0 ||
			json_field_bool(b, "GBP", &c->gbp, err, size) < 0 ||
			json_field_bool(b, "Learning", &c->learning, err, size) < 0 ||
			json_field_bool(b, "DirectRouting", &c->direct_routing, err, size) < 0)
			return -EINVAL;
	}
	if (c->backend == OVNET_BACKEND_HOST_GW)
		return 0;
	if (json_field_uint(b, "Port", UINT16_MAX, &port, err, size) < 0)
		return -EINVAL;
	if (port == 0)
		port = c->backend == OVNET_BACKEND_VXLAN ? VXLAN_PORT : UDP_PORT;
	c->port = (uint16_t)port;
	c->mtu = (uint16_t)mtu;
	return 0;
}

static int read_backend(const json_t *root, struct ovnet_netconf *c, char *err, size_t size)
{
	const json_t *b = json_field(root, "Backend");
	const char *type = "";

	/* Only a missing Backend means udp; an empty or null one has the type "". */
	if (b == NULL) {
		set_type(c, "udp");
		return backend_options(NULL, c, err, size);
	}
	if (!json_is_object(b) && !json_is_null(b))
		return fail(err, size,
			"error decoding Backend property of config: it has to be an object");
	if (json_field_string(b, "Type", &type, err, size) < 0)
		return -EINVAL;
	set_type(c, type);
	if (c->type[0] == '\0')
		return fail(err, size,
			"unknown backend type: (Backend is there but has no Type; say "
			"\"Backend\":{\"Type\":\"vxlan\"})");
	/* The caller knows which types it serves; their options are not ours to judge. */
	if (c->backend == OVNET_BACKEND_NONE)
		return 0;
	return backend_options(b, c, err, size);
}

static int parse_root(const json_t *root, struct ovnet_netconf *c, char *err, size_t size)
{
	struct range4 r4 = {0};
	struct range6 r6 = {0};

	if (!json_is_object(root))
		return fail(err, size, "the config is no JSON object");
	if (read_ranges(root, c, &r4, &r6, err, size) < 0 || read_backend(root, c, err, size) < 0)
		return -EINVAL;
	if (!c->enable_ipv4 && !c->enable_ipv6)
		return fail(
			err, size, "none defined stack: EnableIPv4 and EnableIPv6 are both false");
	if (c->enable_ipv4 && check4(c, &r4, err, size) < 0)
		return -EINVAL;
	return c->enable_ipv6 ? check6(c, &r6, err, size) : 0;
}

int ovnet_netconf_parse(
	const char *json, size_t len, struct ovnet_netconf *out, char *err, size_t err_size)
{
	struct ovnet_netconf c = {.enable_ipv4 = true};
	json_error_t where;

	if (len > SIZE_MAX_CONF)
		return fail(err, err_size, "the config is larger than 65536 bytes");
	json_t *root = json_loadb(json, len, JSON_DECODE_ANY, &where);
	if (root == NULL) {
		snprintf(err, err_size, "the config is no valid JSON: line %d, column %d: %s",
			where.line, where.column, where.text);
		return -EINVAL;
	}
	int rc = parse_root(root, &c, err, err_size);
	json_decref(root);
	if (rc == 0)
		*out = c;
	return rc;
}

bool ovnet_netconf_leasable(const struct ovnet_netconf *c, const struct ovnet_addr *addr)
{
	uint32_t host = ntohl(addr->v4_be);

	if (addr->family == AF_INET)
		return c->enable_ipv4 && host >= c->range_first && host <= c->range_last;
	return addr->family == AF_INET6 && c->enable_ipv6 &&
	       memcmp(addr->v6, c->range6_first, 16) >= 0 &&
	       memcmp(addr->v6, c->range6_last, 16) <= 0;
}

bool ovnet_netconf_equal(const struct ovnet_netconf *a, const struct ovnet_netconf *b)
{
	return ovnet_prefix4_equal(&a->network, &b->network) && a->subnet_len == b->subnet_len &&
	       a->subnet_min == b->subnet_min && a->subnet_max == b->subnet_max &&
	       a->enable_ipv4 == b->enable_ipv4 && a->enable_ipv6 == b->enable_ipv6 &&
	       memcmp(a->network6.addr, b->network6.addr, 16) == 0 &&
	       a->network6.len == b->network6.len && a->subnet6_len == b->subnet6_len &&
	       memcmp(a->subnet6_min, b->subnet6_min, 16) == 0 &&
	       memcmp(a->subnet6_max, b->subnet6_max, 16) == 0 && a->backend == b->backend &&
	       strcmp(a->type, b->type) == 0 && a->vni == b->vni && a->port == b->port &&
	       a->mtu == b->mtu && a->direct_routing == b->direct_routing && a->gbp == b->gbp &&
	       a->learning == b->learning;
}
