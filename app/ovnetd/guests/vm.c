/* SPDX-License-Identifier: BSD-3-Clause */
#include "guests/vm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

bool vm_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IFNAMSIZ && strspn(name, LETTERS DIGITS) > 0 &&
	       strspn(name, LETTERS DIGITS "._-") == len;
}

struct ovnet_mac vm_mac_of(uint32_t addr_host)
{
	const uint32_t be = htonl(addr_host);
	struct ovnet_mac mac = {{0x02, 32}};

	memcpy(mac.b + 2, &be, sizeof(be));
	return mac;
}

static int bad(char *err, size_t size, const char *what, const char *cure)
{
	snprintf(err, size, "%s; give %s", what, cure);
	return -EINVAL;
}

/* Missing: *out stays. */
static int number_of(const json_t *from, const char *name, json_int_t min, json_int_t max,
	uint32_t *out, char *err, size_t size)
{
	const json_t *v = json_object_get(from, name);
	json_int_t n = json_integer_value(v);

	if (v == NULL)
		return 0;
	if (!json_is_integer(v))
		snprintf(err, size, "%s is no number; give %lld to %lld", name, (long long)min,
			(long long)max);
	else if (n < min || n > max)
		snprintf(err, size, "%s %lld is out of range; give %lld to %lld%s", name,
			(long long)n, (long long)min, (long long)max,
			strcmp(name, "memory") == 0 ? " megabytes" : "");
	else
		*out = (uint32_t)n;
	return *err != '\0' ? -EINVAL : 0;
}

static int name_of(const json_t *from, struct vm *out, char *err, size_t size)
{
	const char *name = json_string_value(json_object_get(from, "name"));

	if (name == NULL || !vm_name_ok(name))
		return bad(err, size, "that is no name for a VM",
			"1 to 15 letters, digits, \".\", \"_\" or \"-\", a letter or digit first");
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

static int mac_of(const json_t *from, struct vm *out, char *err, size_t size)
{
	const json_t *v = json_object_get(from, "mac");
	const char *text = json_string_value(v);

	if (v == NULL)
		return 0;
	if (text == NULL || ovnet_mac_parse(text, &out->mac) < 0 ||
		!ovnet_mac_is_unicast(&out->mac))
		return bad(err, size, "that is no VM's MAC address",
			"a unicast one such as 02:00:00:00:00:07, or none");
	return 0;
}

static int address_of(const json_t *from, struct vm *out, char *err, size_t size)
{
	const json_t *v = json_object_get(from, "address");
	const char *text = json_string_value(v);
	struct ovnet_addr addr;

	if (v == NULL)
		return 0;
	if (text == NULL || ovnet_addr_parse(text, &addr) < 0 || addr.family != AF_INET ||
		addr.v4_be == 0)
		return bad(err, size, "that is no IPv4 address",
			"one of vm.pool such as 10.5.1.200, or none; the IPv6 address follows from "
			"it");
	out->addr_host = ntohl(addr.v4_be);
	return 0;
}

static int server_of(const json_t *from, struct vm *out, char *err, size_t size)
{
	const json_t *v = json_object_get(from, "server");

	if (v != NULL && !json_is_boolean(v))
		return bad(err, size, "server is neither true nor false", "true or false");
	out->server = json_is_true(v);
	return 0;
}

int vm_of_json(const json_t *from, struct vm *out, char *err, size_t size)
{
	uint32_t queues = 1;

	*out = (struct vm){.memory = VM_MEMORY};
	err[0] = '\0';
	int rc = name_of(from, out, err, size);
	if (rc == 0)
		rc = number_of(
			from, "memory", VM_MIN_MEMORY, VM_MAX_MEMORY, &out->memory, err, size);
	if (rc == 0)
		rc = number_of(from, "queues", 1, VM_MAX_QUEUES, &queues, err, size);
	if (rc == 0)
		rc = mac_of(from, out, err, size);
	if (rc == 0)
		rc = address_of(from, out, err, size);
	if (rc == 0)
		rc = server_of(from, out, err, size);
	out->queues = (uint16_t)queues;
	return rc;
}

json_t *vm_to_json(const struct vm *vm)
{
	const struct ovnet_addr addr = ovnet_addr_v4(vm->addr_host);
	char a[OVNET_ADDR_STRLEN], mac[OVNET_MAC_STRLEN];

	return json_pack("{s:s,s:s,s:s,s:i,s:i,s:b}", "name", vm->name, "address",
		ovnet_addr_text(&addr, a, sizeof(a)), "mac",
		ovnet_mac_text(&vm->mac, mac, sizeof(mac)), "memory", (int)vm->memory, "queues",
		(int)vm->queues, "server", vm->server);
}
