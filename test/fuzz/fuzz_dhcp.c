/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's DHCP or DHCPv6 message, and the answer to it. The first byte says which of the two,
 * and what the guest has to be told.
 */
#include <string.h>

#include "fuzz.h"
#include "packet/dhcp4.h"
#include "packet/dhcp6.h"

static struct ovnet_guest guest = {.mac = {{2, 0, 0, 0, 1, 9}},
	.has4 = true,
	.has6 = true,
	.addr4 = RTE_BE32(0x0a055209),
	.mask4 = RTE_BE32(0xffffff00),
	.router4 = RTE_BE32(0x0a055201),
	.server4 = RTE_BE32(0x0a055201),
	.addr6 = {0xfd, 5, [15] = 9},
	.net6 = {{0xfd, 5}, 64},
	.lease_s = 3600,
	.mtu = 1450,
	.hostname = "web",
	.domain = "vm.example"};

/* All of it, in whatever place it has in the buffer. */
static bool is_within(const uint8_t *at, size_t n, const uint8_t *from, size_t size)
{
	return n == 0 || (at >= from && n <= size && (size_t)(at - from) <= size - n);
}

/* Options of the answer: each ends within it, and what has to be there is. */
static void check_options4(const uint8_t *msg, size_t len, const struct ovnet_dhcp4 *q)
{
	bool seen[256] = {false};
	size_t at = 240;

	while (msg[at] != 255) {
		CHECK(at + 2 <= len && at + 2u + msg[at + 1] < len, "option %u", msg[at]);
		CHECK(!seen[msg[at]], "option %u twice", msg[at]);
		seen[msg[at]] = true;
		if (msg[at] == 61)
			CHECK(msg[at + 1] == q->client_id_len &&
					memcmp(msg + at + 2, q->client_id, q->client_id_len) == 0,
				"another client");
		at += 2u + msg[at + 1];
	}
	CHECK(seen[53] && seen[54] && seen[61] == (q->client_id_len > 0), "an option is missing");
}

static void run4(const uint8_t *data, size_t size)
{
	uint8_t msg[OVNET_DHCP4_MAX];
	struct ovnet_dhcp4 q;

	if (ovnet_dhcp4_parse(data, size, &q) < 0)
		return;
	CHECK(size >= 240 && q.type != 0, "taken");
	CHECK(is_within(q.client_id, q.client_id_len, data, size), "client id");
	const enum ovnet_dhcp4_type answer = ovnet_dhcp4_answer(&q, &guest);
	if (answer == OVNET_DHCP4_NONE)
		return;
	/* Never another address than the guest's. */
	CHECK(answer != OVNET_DHCP4_ACK || q.ciaddr == 0 || q.ciaddr == guest.addr4, "given away");
	CHECK(answer != OVNET_DHCP4_ACK || !q.has_requested || q.requested == guest.addr4 ||
			q.type == OVNET_DHCP4_INFORM,
		"given away");
	memset(msg, 0xa5, sizeof(msg));
	const size_t len = ovnet_dhcp4_build(msg, answer, &q, &guest);
	CHECK(len >= 300 && len <= sizeof(msg), "%zu bytes", len);
	CHECK(len <= 548 || len + 28 <= q.max_size, "more than the client takes");
	CHECK(memcmp(msg + 4, q.xid, 4) == 0 && memcmp(msg + 28, q.chaddr, 16) == 0,
		"another one's");
	check_options4(msg, len, &q);
	(void)ovnet_dhcp4_broadcast(&q, answer);
}

/* They fill it exactly, and so do the options of each IA. */
static void check_options6(const uint8_t *from, size_t len, unsigned depth)
{
	size_t at = 0;

	while (at < len) {
		CHECK(len - at >= 4, "half an option");
		const unsigned code = from[at] << 8 | from[at + 1];
		const unsigned n = from[at + 2] << 8 | from[at + 3];
		CHECK(n <= len - at - 4, "option %u of %u bytes", code, n);
		if (depth == 0 && code == 3)
			check_options6(from + at + 16, n - 12, 1);
		CHECK((code == 5) <= (depth == 1), "an address outside of an IA");
		at += 4 + n;
	}
}

static void run6(const uint8_t *data, size_t size)
{
	const struct ovnet_mac mac = {{2, 0, 0, 0, 0, 9}};
	uint8_t msg[OVNET_DHCP6_MAX], duid[OVNET_DHCP6_OWN_DUID];
	struct ovnet_dhcp6 q;

	if (ovnet_dhcp6_parse(data, size, &q) < 0)
		return;
	CHECK(is_within(q.client, q.client_len, data, size), "client");
	CHECK(is_within(q.server, q.server_len, data, size), "server");
	for (unsigned i = 0; i < q.n_ias; i++)
		for (unsigned k = 0; k < q.ias[i].n_addrs; k++)
			CHECK(is_within(q.ias[i].addrs[k], 16, data, size), "address");
	ovnet_dhcp6_duid(duid, &mac);
	const enum ovnet_dhcp6_type answer = ovnet_dhcp6_answer(&q, &guest, duid);
	if (answer == OVNET_DHCP6_NONE)
		return;
	CHECK(answer == OVNET_DHCP6_ADVERTISE || answer == OVNET_DHCP6_REPLY, "%d", answer);
	(void)ovnet_dhcp6_is_refused(&q, &guest);
	memset(msg, 0xa5, sizeof(msg));
	const size_t len = ovnet_dhcp6_build(msg, answer, &q, &guest, duid);
	CHECK(len >= 4 && len <= sizeof(msg), "%zu bytes", len);
	CHECK(msg[0] == answer && memcmp(msg + 1, q.xid, 3) == 0, "another one's");
	check_options6(msg + 4, len - 4, 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < OVNET_GUEST_ROUTES; i++)
		guest.routes4[i] =
			(struct ovnet_guest_route){{0xffffffff << (31 - i), (uint8_t)(i + 1)}, 1};
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	guest.n_dns4 = guest.n_dns6 = (data[0] >> 1) % (OVNET_GUEST_DNS + 1);
	guest.n_routes4 = (data[0] >> 3) % (OVNET_GUEST_ROUTES + 1);
	guest.mtu = data[0] & 0x80 ? 9000 : 1450;
	char *copy = fuzz_copy(data + 1, size - 1);
	if (data[0] & 1)
		run6((const uint8_t *)copy, size - 1);
	else
		run4((const uint8_t *)copy, size - 1);
	free(copy);
	return 0;
}
