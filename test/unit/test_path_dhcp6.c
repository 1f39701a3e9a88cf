/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest asks for its router and its IPv6 address, through the whole path. */
#include <errno.h>
#include <stdlib.h>

#include "bed/path_guest.h"
#include "packet/dhcp6.h"

#define MSG 62 /* of a frame: where the message is */

enum { SOLICIT = 1, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE };

static const uint8_t solicit[16] = {133, [8] = 1, 1, 2, 0, 0, 0, 1, 9};

/* A frame of the port's to `to`. */
static void check_frame(
	const uint8_t *out, uint16_t len, const struct ovnet_mac *mac, const struct ovnet_addr *to)
{
	assert_memory_equal(out, mac->b, 6);
	assert_memory_equal(out + 6, attach_mac.b, 6);
	assert_int_equal(get(out + 12, 2), 0x86dd);
	assert_int_equal(get(out + 18, 2), len - 54u);
	assert_memory_equal(out + 22, port_link.v6, 16);
	assert_memory_equal(out + 38, to->v6, 16);
	assert_int_equal(
		be_sum(out + 54, len - 54u, be_sum(out + 22, 32, out[20] + len - 54u)), 0xffff);
}

static void check_advert(
	const uint8_t *out, uint16_t len, const struct ovnet_mac *mac, const struct ovnet_addr *to)
{
	static const uint8_t want[] = {134, 0, 0, 0, 64, 0xc0, 1800 >> 8, 1800 & 0xff, 0, 0, 0, 0,
		0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9, 5, 1, 0, 0, 0, 0, 1450 >> 8, 1450 & 0xff, 3, 4,
		64, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xfd, 5, 0, 0,
		0, 0, 0, 0x52, 0, 0, 0, 0, 0, 0, 0, 0, 25, 3, 0, 0, 0, 0, 1800 >> 8, 1800 & 0xff,
		0xfd, 5, 0, 0, 0, 0, 0, 0x52, 0, 0, 0, 0, 0, 0, 0, 2};
	uint8_t got[sizeof(want)];

	check_frame(out, len, mac, to);
	assert_int_equal(out[20], 58);
	assert_int_equal(out[21], 255);
	assert_int_equal(len, 54 + sizeof(want));
	memcpy(got, out + 54, sizeof(got));
	got[2] = got[3] = 0; /* the checksum has been looked at */
	assert_memory_equal(got, want, sizeof(want));
}

static void a_router_is_found(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true), none = {.family = AF_INET6};
	const struct ovnet_addr routers = group6(2), nodes = group6(1);
	const struct ovnet_mac all = {{0x33, 0x33, 0, 0, 0, 1}};
	uint8_t in[200], out[400];
	struct bed *b = open_guest(true);

	for (unsigned i = 0; i < 2; i++) {
		const struct ovnet_addr *from = i == 0 ? &guest_link : &pod;
		uint16_t len = put_icmp6(in, from, &routers, solicit, sizeof(solicit));
		len = crosses(b, ATTACH, in, len, ATTACH, out, sizeof(out));
		check_advert(out, len, &pod_mac, from);
	}
	uint16_t len = put_icmp6(in, &none, &routers, solicit, 8);
	len = crosses(b, ATTACH, in, len, ATTACH, out, sizeof(out));
	check_advert(out, len, &all, &nodes);
	assert_int_equal(b->counters.dhcp_answers, 3);
	bed_close_guest(b);
}

static void solicitations_are_bound_and_checked(void **state)
{
	(void)state;
	const struct ovnet_addr routers = group6(2), none = {.family = AF_INET6},
				other = addr_of_who(OTHER, true);
	uint8_t in[200], bad[24];
	struct bed *b = open_guest(true);

	bed_set_validation(b, OVNET_VALIDATE_OFF);
	uint16_t len = put_icmp6(in, &guest_link, &routers, solicit, sizeof(solicit));
	in[11] ^= 1;
	bed_refused(b, ATTACH, in, len, OVNET_DROP_SOURCE_MAC);
	in[11] ^= 1;
	in[56] ^= 1; /* checksum */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_NEIGHBOUR);
	in[56] ^= 1;
	in[21]--; /* somebody has forwarded it */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_NEIGHBOUR);
	len = put_icmp6(in, &other, &routers, solicit, sizeof(solicit));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
	len = put_icmp6(in, &none, &routers, solicit, sizeof(solicit)); /* says its MAC address */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_NEIGHBOUR);
	memcpy(bad, solicit, 16);
	bad[15] ^= 1; /* another one's MAC address */
	len = put_icmp6(in, &guest_link, &routers, bad, 16);
	bed_refused(b, ATTACH, in, len, OVNET_DROP_SOURCE_MAC);
	for (unsigned i = 0; i < 4; i++) {
		static const struct {
			uint8_t at, value, len;
		} wrong[] = {{1, 1, 16}, {9, 0, 16}, {9, 2, 16}, {0, 133, 7}};
		memcpy(bad, solicit, 16);
		bad[wrong[i].at] = wrong[i].value;
		len = put_icmp6(in, &guest_link, &routers, bad, wrong[i].len);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_NEIGHBOUR);
	}
	len = put_icmp6(in, &guest_link, &routers, solicit, sizeof(solicit));
	bed_refused(b, ATTACH2, in, len, OVNET_DROP_BROADCAST); /* there is no guest */
	bed_close_guest(b);
}

static void nobody_has_to_ask(void **state)
{
	(void)state;
	const struct ovnet_addr nodes = group6(1);
	const struct ovnet_mac all = {{0x33, 0x33, 0, 0, 0, 1}};
	uint8_t out[400];
	struct bed *b = open_guest(true);
	struct ovnet_handoff *h = &b->shared.handoff[0];

	assert_int_equal(ovnet_handoff_init(h, 0, 4, SOCKET_ID_ANY), 0);
	assert_int_equal(ovnet_guest_advertise(&b->shared, ATTACH), 0);
	assert_int_equal(ops->poll(&b->ctx), 1);
	check_advert(out, bed_sent(b, ATTACH, out, sizeof(out)), &all, &nodes);
	bed_drain(b);
	assert_int_equal(bed_drops(b), 0);
	assert_int_equal(ovnet_guest_advertise(&b->shared, ATTACH2), -ENOENT);
	assert_int_equal(ovnet_guest_advertise(&b->shared, 1000), -ENOENT);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ovnet_guest_advertise(&b->shared, ATTACH), 0);
	assert_int_equal(ovnet_guest_advertise(&b->shared, ATTACH), -ENOBUFS);
	b->port[ATTACH].port.generation++; /* the port has gone, and another one has its id */
	assert_int_equal(ops->poll(&b->ctx), 3);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PORT], 3);
	b->shared.pool = NULL;
	assert_int_equal(ovnet_guest_advertise(&b->shared, ATTACH), -ENOMEM);
	ovnet_handoff_fini(h);
	bed_close_guest(b);
}

/* The message of the answer, of that type; *len: its length. */
static const uint8_t *asked(
	struct bed *b, const struct client_msg *c, uint8_t type, uint8_t *out, unsigned *len)
{
	uint8_t in[1600];
	uint16_t n = put_dhcp6(in, &guest_link, c);

	n = crosses(b, ATTACH, in, n, ATTACH, out, 1600);
	check_frame(out, n, &pod_mac, &guest_link);
	assert_int_equal(get(out + 54, 4), 547u << 16 | 546);
	assert_int_equal(out[MSG], type);
	assert_memory_equal(out + MSG + 1, ((uint8_t[]){0xab, 0xcd, 0xef}), 3);
	*len = n - MSG - 4u;
	return out + MSG + 4;
}

static void an_address_is_given(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true);
	const uint8_t duid[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 9};
	struct client_msg c;
	uint8_t out[1600];
	unsigned len;
	uint16_t n;
	struct bed *b = open_guest(true);

	for (uint8_t type = SOLICIT; type <= REBIND; type++) {
		const bool named = type == REQUEST || type == RENEW;

		if (type == ADVERTISE || type == CONFIRM)
			continue;
		dhcp6_start(&c, type);
		if (named)
			dhcp6_add(&c, 2, duid, sizeof(duid));
		dhcp6_add_ia(&c, 7, &pod, type == SOLICIT ? 0 : 1);
		const uint8_t *o = asked(b, &c, type == SOLICIT ? ADVERTISE : REPLY, out, &len);
		const uint8_t *server = dhcp6_find(o, len, 2, &n);
		assert_int_equal(n, sizeof(duid));
		assert_memory_equal(server, duid, sizeof(duid));
		assert_memory_equal(dhcp6_find(o, len, 1, &n) + 4, pod_mac.b, 6);
		const uint8_t *ia = dhcp6_find(o, len, 3, &n);
		assert_non_null(ia);
		assert_int_equal(n, 12 + 28);
		assert_int_equal(get(ia, 4), 7);
		assert_int_equal(get(ia + 4, 4), GUEST_LEASE / 2);
		assert_int_equal(get(ia + 8, 4), GUEST_LEASE * 8 / 10);
		assert_memory_equal(ia + 16, pod.v6, 16);
		assert_int_equal(get(ia + 32, 4), GUEST_LEASE);
		assert_int_equal(get(ia + 36, 4), GUEST_LEASE);
	}
	assert_int_equal(b->counters.dhcp_answers, 4);
	assert_int_equal(b->counters.dhcp_refused, 0);
	dhcp6_start(&c, DECLINE);
	dhcp6_add(&c, 2, duid, sizeof(duid));
	dhcp6_add_ia(&c, 7, &pod, 1);
	(void)asked(b, &c, REPLY, out, &len);
	assert_int_equal(b->counters.dhcp_declined, 1);
	bed_close_guest(b);
}

static void who_asks_is_the_guest(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true);
	struct client_msg c;
	uint8_t in[1600];
	struct bed *b = open_guest(true);

	bed_set_validation(b, OVNET_VALIDATE_OFF);
	dhcp6_start(&c, SOLICIT);
	uint16_t len = put_dhcp6(in, &guest_link, &c);
	in[11] ^= 1;
	bed_refused(b, ATTACH, in, len, OVNET_DROP_SOURCE_MAC);
	in[11] ^= 1;
	in[60] ^= 1; /* checksum */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	in[60] = in[61] = 0; /* over IPv6 there is one */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	len = put_dhcp6(in, &guest_link, &c);
	in[59]--; /* UDP's length */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	bed_refused(b, ATTACH, in, put_dhcp6(in, &pod, &c), OVNET_DROP_FOREIGN_SOURCE);
	len = put_dhcp6(in, &guest_link, &c);
	bed_refused(b, ATTACH2, in, len, OVNET_DROP_BROADCAST);
	c.bytes[0] = ADVERTISE;
	bed_refused(b, ATTACH, in, put_dhcp6(in, &guest_link, &c), OVNET_DROP_BAD_DHCP);
	/* Another server is meant. */
	dhcp6_start(&c, REQUEST);
	dhcp6_add(&c, 2, "\0\3\0\1\2\0\0\0\0\10", 10);
	len = put_dhcp6(in, &guest_link, &c);
	uint64_t absorbed = b->counters.absorbed;
	feed(b, ATTACH, in, len);
	assert_int_equal(b->counters.absorbed, absorbed + 1);
	assert_int_equal(b->counters.answers, 0);
	bed_close_guest(b);
}

/* Of a longer domain than there is: an empty datagram is no answer. */
static void what_does_not_fit_is_not_sent(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600];
	struct bed *b = open_guest(true);
	struct ovnet_guest *g = calloc(1, sizeof(*g) + OVNET_DHCP6_MAX);
	const struct ovnet_guest *like = ovnet_guest_of(&b->shared, ATTACH);

	assert_non_null(g);
	memcpy(g, like, sizeof(*g));
	char *domain = (char *)g + offsetof(struct ovnet_guest, domain);
	for (unsigned i = 0; i <= OVNET_DHCP6_MAX; i++)
		domain[i] = i % 2 != 0 ? '.' : 'd';
	ovnet_guest_publish(&b->shared, ATTACH, g);
	dhcp6_start(&c, SOLICIT);
	dhcp6_add(&c, 6, "\0\30", 2);
	unsigned avail = rte_mempool_avail_count(bed_pool);
	feed(b, ATTACH, in, put_dhcp6(in, &guest_link, &c));
	/* The question, and the answer. */
	assert_int_equal(b->counters.drops[OVNET_DROP_BAD_DHCP], 2);
	assert_int_equal(b->counters.dhcp_answers, 0);
	assert_int_equal(b->port[ATTACH].n_out, 0);
	assert_int_equal(rte_mempool_avail_count(bed_pool), avail);
	bed_close_guest(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_router_is_found),
		cmocka_unit_test(solicitations_are_bound_and_checked),
		cmocka_unit_test(nobody_has_to_ask),
		cmocka_unit_test(an_address_is_given),
		cmocka_unit_test(who_asks_is_the_guest),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
	};

	return bed_run_levels("path_dhcp6", tests, RTE_DIM(tests));
}
