/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/flannel/lease_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/flannel/json_field.h"

/* "<addr>-<len>" with a length as flannel prints it: no sign, no leading zero. */
static int split(const char *part, size_t n, char *addr, size_t size, unsigned max, uint8_t *len)
{
	const char *dash = memchr(part, '-', n);

	if (dash == NULL || (size_t)(dash - part) >= size)
		return -EINVAL;
	memcpy(addr, part, (size_t)(dash - part));
	addr[dash - part] = '\0';

	size_t digits = n - (size_t)(dash - part) - 1;
	unsigned value = 0;
	if (digits == 0 || digits > 3 || (digits > 1 && dash[1] == '0'))
		return -EINVAL;
	for (size_t i = 1; i <= digits; i++) {
		if (dash[i] < '0' || dash[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(dash[i] - '0');
	}
	if (value > max)
		return -EINVAL;
	*len = (uint8_t)value;
	return 0;
}

static int parse4(const char *part, size_t n, struct ovnet_prefix4 *out)
{
	char addr[INET_ADDRSTRLEN];
	struct in_addr in;
	uint8_t len;

	/* flannel reads 5 bits of length here and 7 below. */
	if (split(part, n, addr, sizeof(addr), 31, &len) < 0 || inet_pton(AF_INET, addr, &in) != 1)
		return -EINVAL;
	out->addr_host = ntohl(in.s_addr);
	out->len = len;
	return (out->addr_host & ~ovnet_mask4(len)) == 0 ? 0 : -EINVAL;
}

static int parse6(const char *part, size_t n, struct ovnet_prefix6 *out)
{
	char addr[INET6_ADDRSTRLEN];

	if (split(part, n, addr, sizeof(addr), 127, &out->len) < 0 ||
		strspn(addr, "0123456789abcdef:") != strlen(addr) ||
		inet_pton(AF_INET6, addr, out->addr) != 1)
		return -EINVAL;
	for (unsigned bit = out->len; bit < 128; bit++)
		if (out->addr[bit / 8] & 0x80u >> bit % 8)
			return -EINVAL;
	return 0;
}

int ovnet_lease_key_parse(const char *key, struct ovnet_lease *out)
{
	struct ovnet_prefix6 subnet6 = {0};
	struct ovnet_prefix4 subnet;
	const char *amp = strchr(key, '&');

	if (strnlen(key, OVNET_LEASE_KEY_MAX) == OVNET_LEASE_KEY_MAX ||
		parse4(key, amp != NULL ? (size_t)(amp - key) : strlen(key), &subnet) < 0 ||
		(amp != NULL && parse6(amp + 1, strlen(amp + 1), &subnet6) < 0))
		return -EINVAL;
	out->subnet = subnet;
	out->has_v6 = amp != NULL;
	out->subnet6 = subnet6;
	return 0;
}

char *ovnet_lease_key_text(const struct ovnet_lease *l, char *buf, size_t size)
{
	uint32_t a = l->subnet.addr_host;
	char addr6[INET6_ADDRSTRLEN];
	int n = snprintf(buf, size, "%u.%u.%u.%u-%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255,
		l->subnet.len);

	if (l->has_v6 && n > 0 && (size_t)n < size &&
		inet_ntop(AF_INET6, l->subnet6.addr, addr6, sizeof(addr6)) != NULL)
		snprintf(buf + n, size - (size_t)n, "&%s-%u", addr6, l->subnet6.len);
	return buf;
}

static int fail(char *err, size_t size, const char *text)
{
	snprintf(err, size, "%s", text);
	return -EINVAL;
}

static int read_addresses(const json_t *root, struct ovnet_lease *out, char *err, size_t size)
{
	const char *v4 = NULL, *v6 = NULL;
	struct ovnet_addr a;

	if (json_field_string(root, "PublicIP", &v4, err, size) < 0 ||
		json_field_string(root, "PublicIPv6", &v6, err, size) < 0)
		return -EINVAL;
	if (v4 == NULL)
		return fail(err, size, "it has no PublicIP");
	if (ovnet_addr_parse(v4, &a) < 0 || a.family != AF_INET || !ovnet_addr_is_unicast(&a)) {
		snprintf(err, size, "PublicIP \"%.60s\" is no IPv4 address of a host", v4);
		return -EINVAL;
	}
	out->public_ip = a;
	if (v6 == NULL)
		return 0;
	if (ovnet_addr_parse(v6, &a) < 0 || a.family != AF_INET6 || !ovnet_addr_is_unicast(&a)) {
		snprintf(err, size, "PublicIPv6 \"%.60s\" is no IPv6 address of a host", v6);
		return -EINVAL;
	}
	out->public_ip6 = a;
	return 0;
}

/* flannel compares lease types exactly; its udp (and alloc) write none at all. */
static int read_type(const json_t *root, struct ovnet_lease *out, char *err, size_t size)
{
	const char *type = NULL;

	if (json_field_string(root, "BackendType", &type, err, size) < 0)
		return -EINVAL;
	out->backend = OVNET_BACKEND_NONE;
	if (type == NULL || type[0] == '\0')
		out->backend = OVNET_BACKEND_UDP;
	for (int b = OVNET_BACKEND_UDP; type != NULL && b <= OVNET_BACKEND_HOST_GW; b++)
		if (strcmp(type, ovnet_backend_name((enum ovnet_backend)b)) == 0)
			out->backend = (enum ovnet_backend)b;
	return 0;
}

static int read_vtep(
	const json_t *data, struct ovnet_mac *mac, uint32_t *vni, char *err, size_t size)
{
	const char *text = NULL;

	if (!json_is_object(data))
		return fail(err, size, "a vxlan lease without BackendData");
	if (json_field_string(data, "VtepMAC", &text, err, size) < 0 ||
		json_field_uint(data, "VNI", UINT32_MAX, vni, err, size) < 0)
		return -EINVAL;
	if (text == NULL)
		return fail(err, size, "a vxlan lease without a VtepMAC");
	if (ovnet_mac_parse(text, mac) < 0 || !ovnet_mac_is_unicast(mac)) {
		snprintf(err, size, "VtepMAC \"%.40s\" is no unicast MAC address", text);
		return -EINVAL;
	}
	return 0;
}

static int read_next_hop(const json_t *root, struct ovnet_lease *out, char *err, size_t size)
{
	const char *text = NULL;

	if (json_field_string(root, "NextHopMAC", &text, err, size) < 0)
		return -EINVAL;
	if (text == NULL)
		return 0;
	if (ovnet_mac_parse(text, &out->next_hop_mac) < 0 ||
		!ovnet_mac_is_unicast(&out->next_hop_mac)) {
		snprintf(err, size, "NextHopMAC \"%.40s\" is no unicast MAC address", text);
		return -EINVAL;
	}
	out->has_next_hop_mac = true;
	return 0;
}

static int read_value(const json_t *root, struct ovnet_lease *out, char *err, size_t size)
{
	struct ovnet_mac mac6;
	uint32_t vni6 = 0;
	char ignored[160];

	if (!json_is_object(root))
		return fail(err, size, "the value is no JSON object");
	if (read_addresses(root, out, err, size) < 0 || read_type(root, out, err, size) < 0 ||
		read_next_hop(root, out, err, size) < 0)
		return -EINVAL;
	if (out->backend != OVNET_BACKEND_VXLAN)
		return 0;
	if (read_vtep(json_field(root, "BackendData"), &out->vtep_mac, &out->vni, err, size) < 0)
		return -EINVAL;
	out->has_vtep_mac = true;
	/* Without a usable one the lease still serves IPv4. */
	if (read_vtep(json_field(root, "BackendV6Data"), &mac6, &vni6, ignored, sizeof(ignored)) ==
		0) {
		out->has_vtep_mac6 = true;
		out->vtep_mac6 = mac6;
	}
	return 0;
}

int ovnet_lease_value_parse(
	const char *json, size_t len, struct ovnet_lease *out, char *err, size_t err_size)
{
	struct ovnet_lease l = {
		.subnet = out->subnet, .has_v6 = out->has_v6, .subnet6 = out->subnet6};
	json_error_t where;

	*out = l;
	if (len > OVNET_LEASE_VALUE_MAX)
		return fail(err, err_size, "the value is longer than 4096 bytes");
	json_t *root = json_loadb(json, len, JSON_DECODE_ANY, &where);
	if (root == NULL) {
		snprintf(err, err_size, "the value is no valid JSON: %s", where.text);
		return -EINVAL;
	}
	int rc = read_value(root, &l, err, err_size);
	json_decref(root);
	if (rc == 0)
		*out = l;
	else
		out->public_ip = l.public_ip;
	return rc;
}

static int put_vtep(
	char *buf, size_t size, const char *name, uint32_t vni, const struct ovnet_mac *mac)
{
	char text[OVNET_MAC_STRLEN];

	return snprintf(buf, size, ",\"%s\":{\"VNI\":%u,\"VtepMAC\":\"%s\"}", name, vni,
		ovnet_mac_text(mac, text, sizeof(text)));
}

char *ovnet_lease_value_text(const struct ovnet_lease *l)
{
	char ip[OVNET_ADDR_STRLEN], ip6[OVNET_ADDR_STRLEN + 2] = "null";
	char type[48] = "", data[96] = "", data6[96] = "", *text;

	if (l->public_ip6.family == AF_INET6) {
		char bare[OVNET_ADDR_STRLEN];
		snprintf(ip6, sizeof(ip6), "\"%s\"",
			ovnet_addr_text(&l->public_ip6, bare, sizeof(bare)));
	}
	if (l->backend == OVNET_BACKEND_VXLAN || l->backend == OVNET_BACKEND_HOST_GW)
		snprintf(type, sizeof(type), ",\"BackendType\":\"%s\"",
			ovnet_backend_name(l->backend));
	if (l->backend == OVNET_BACKEND_VXLAN && l->has_vtep_mac)
		put_vtep(data, sizeof(data), "BackendData", l->vni, &l->vtep_mac);
	if (l->backend == OVNET_BACKEND_VXLAN && l->has_vtep_mac6)
		put_vtep(data6, sizeof(data6), "BackendV6Data", l->vni, &l->vtep_mac6);
	if (asprintf(&text, "{\"PublicIP\":\"%s\",\"PublicIPv6\":%s%s%s%s}",
		    ovnet_addr_text(&l->public_ip, ip, sizeof(ip)), ip6, type, data, data6) < 0)
		return NULL;
	return text;
}

static bool same_mac(bool has_a, const struct ovnet_mac *a, bool has_b, const struct ovnet_mac *b)
{
	return has_a == has_b && (!has_a || ovnet_mac_equal(a, b));
}

bool ovnet_lease_overlap(const struct ovnet_lease *a, const struct ovnet_lease *b)
{
	return ovnet_prefix4_overlap(&a->subnet, &b->subnet) ||
	       (a->has_v6 && b->has_v6 && ovnet_prefix6_overlap(&a->subnet6, &b->subnet6));
}

bool ovnet_lease_equal(const struct ovnet_lease *a, const struct ovnet_lease *b)
{
	return ovnet_prefix4_equal(&a->subnet, &b->subnet) && a->has_v6 == b->has_v6 &&
	       (!a->has_v6 || (a->subnet6.len == b->subnet6.len &&
				      memcmp(a->subnet6.addr, b->subnet6.addr, 16) == 0)) &&
	       ovnet_addr_equal(&a->public_ip, &b->public_ip) &&
	       ovnet_addr_equal(&a->public_ip6, &b->public_ip6) && a->backend == b->backend &&
	       same_mac(a->has_vtep_mac, &a->vtep_mac, b->has_vtep_mac, &b->vtep_mac) &&
	       same_mac(a->has_next_hop_mac, &a->next_hop_mac, b->has_next_hop_mac,
		       &b->next_hop_mac) &&
	       same_mac(a->has_vtep_mac6, &a->vtep_mac6, b->has_vtep_mac6, &b->vtep_mac6) &&
	       a->vni == b->vni;
}
