/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest asks for its address by DHCP, through the whole path. */
#include "bed/path_guest.h"

#define MSG 42 /* of a frame: where the message is */

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };

/* A frame of ours to the guest: headers right, sums right. The message's length. */
static unsigned check_reply(const uint8_t *out, uint16_t len, uint8_t type, uint32_t to)
{
	const bool all = to == UINT32_MAX;
	uint8_t n;

	assert_memory_equal(out, all ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : pod_mac.b, 6);
	assert_memory_equal(out + 6, attach_mac.b, 6);
	assert_int_equal(get(out + 12, 2), 0x0800);
	assert_int_equal(out[14], 0x45);
	assert_int_equal(get(out + 16, 2), len - 14u);
	assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
	assert_int_equal(get(out + 26, 4), GUEST_ROUTER);
	assert_int_equal(get(out + 30, 4), to);
	assert_int_equal(get(out + 34, 4), 67u << 16 | 68);
	assert_int_equal(get(out + 38, 2), len - 34u);
	assert_int_equal(be_sum(out + 34, len - 34u, be_sum(out + 26, 8, 17 + len - 34u)), 0xffff);
	assert_memory_equal(out + MSG, ((uint8_t[]){2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef}), 8);
	assert_memory_equal(out + MSG + 28, pod_mac.b, 6);
	const uint8_t *t = dhcp4_find(out + MSG, len - MSG, 53, &n);
	assert_non_null(t);
	assert_int_equal(*t, type);
	return len - MSG;
}

static unsigned asked(struct bed *b, uint32_t src, uint32_t dst, const struct client_msg *c,
	uint8_t type, uint32_t to, uint8_t *out)
{
	uint8_t in[1600];
	uint16_t len = put_dhcp4(in, src, dst, c);

	return check_reply(out, crosses(b, ATTACH, in, len, ATTACH, out, 1600), type, to);
}

static void an_address_is_offered_and_given(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t out[1600], n;
	struct bed *b = open_guest(true);

	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	unsigned len = asked(b, 0, UINT32_MAX, &c, OFFER, ATTACH_POD, out);
	assert_in_range(len, 300, 548);
	assert_int_equal(get(out + MSG + 16, 4), ATTACH_POD);
	dhcp4_start(&c, REQUEST);
	dhcp4_add32(&c, 54, GUEST_ROUTER);
	dhcp4_add32(&c, 50, ATTACH_POD);
	dhcp4_end(&c);
	len = asked(b, 0, UINT32_MAX, &c, ACK, ATTACH_POD, out);
	assert_int_equal(get(out + MSG + 16, 4), ATTACH_POD);
	const uint8_t *v = dhcp4_find(out + MSG, len, 51, &n);
	assert_non_null(v);
	assert_int_equal(get(v, 4), GUEST_LEASE);
	assert_int_equal(b->counters.dhcp_answers, 2);
	assert_int_equal(b->counters.answers, 2);
	assert_int_equal(b->counters.dhcp_refused, 0);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_LOCAL], 2);
	/* It stays so: by itself to the gateway, and to everybody when that does not answer. */
	dhcp4_start(&c, REQUEST);
	be_put32(c.bytes + 12, ATTACH_POD);
	dhcp4_end(&c);
	(void)asked(b, ATTACH_POD, GUEST_ROUTER, &c, ACK, ATTACH_POD, out);
	assert_int_equal(get(out + MSG + 12, 4), ATTACH_POD);
	(void)asked(b, ATTACH_POD, UINT32_MAX, &c, ACK, ATTACH_POD, out);
	bed_close_guest(b);
}

/* A client whose IP is not up to it asks for broadcasts. */
static void answers_go_where_the_client_can_take_them(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t out[1600];
	struct bed *b = open_guest(true);

	dhcp4_start(&c, DISCOVER);
	c.bytes[10] = 0x80;
	dhcp4_end(&c);
	(void)asked(b, 0, UINT32_MAX, &c, OFFER, UINT32_MAX, out);
	assert_int_equal(out[MSG + 10], 0x80);
	be_put32(c.bytes + 12, ATTACH_POD);
	(void)asked(b, 0, UINT32_MAX, &c, OFFER, ATTACH_POD, out);
	dhcp4_start(&c, REQUEST);
	dhcp4_add32(&c, 50, OTHER_POD);
	dhcp4_end(&c);
	(void)asked(b, 0, UINT32_MAX, &c, NAK, UINT32_MAX, out);
	assert_int_equal(get(out + MSG + 16, 4), 0);
	assert_int_equal(b->counters.dhcp_refused, 1);
	bed_close_guest(b);
}

static void absorbed(struct bed *b, const uint8_t *in, uint16_t len)
{
	uint64_t before = b->counters.absorbed, drops = bed_drops(b);

	feed(b, ATTACH, in, len);
	assert_int_equal(b->counters.absorbed, before + 1);
	assert_int_equal(bed_drops(b), drops);
	for (unsigned i = 0; i < N_PORTS; i++)
		assert_int_equal(b->port[i].n_out, 0);
}

static void what_asks_for_nothing_is_taken(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600];
	struct bed *b = open_guest(true);

	dhcp4_start(&c, DECLINE);
	dhcp4_add32(&c, 50, ATTACH_POD);
	dhcp4_end(&c);
	absorbed(b, in, put_dhcp4(in, 0, UINT32_MAX, &c));
	assert_int_equal(b->counters.dhcp_declined, 1);
	dhcp4_start(&c, RELEASE);
	be_put32(c.bytes + 12, ATTACH_POD);
	dhcp4_end(&c);
	absorbed(b, in, put_dhcp4(in, ATTACH_POD, GUEST_ROUTER, &c));
	dhcp4_start(&c, 10); /* DHCPLEASEQUERY */
	dhcp4_end(&c);
	absorbed(b, in, put_dhcp4(in, ATTACH_POD, UINT32_MAX, &c));
	assert_int_equal(b->counters.answers, 0);
	bed_close_guest(b);
}

static void who_asks_is_the_guest(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600];
	struct bed *b = open_guest(true);

	bed_set_validation(b, OVNET_VALIDATE_OFF);
	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	uint16_t len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[11] ^= 1; /* the frame's source */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_SOURCE_MAC);
	c.bytes[33] ^= 1; /* chaddr */
	bed_refused(b, ATTACH, in, put_dhcp4(in, 0, UINT32_MAX, &c), OVNET_DROP_SOURCE_MAC);
	c.bytes[33] ^= 1;
	bed_refused(
		b, ATTACH, in, put_dhcp4(in, OTHER_POD, UINT32_MAX, &c), OVNET_DROP_FOREIGN_SOURCE);
	bed_refused(b, ATTACH, in, put_dhcp4(in, 0, GUEST_ROUTER, &c), OVNET_DROP_MARTIAN);
	bed_refused(b, ATTACH, in, put_dhcp4(in, 0, OTHER_POD, &c), OVNET_DROP_MARTIAN);
	/* No other broadcast passes for it. */
	len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[37] = 69;
	bed_refused(b, ATTACH, in, len, OVNET_DROP_MARTIAN);
	len = put_dhcp4(in, ATTACH_POD, UINT32_MAX, &c);
	in[35] = 69;
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BROADCAST);
	/* Without a guest, or at a port that has another one, nothing is new. */
	len = put_dhcp4(in, 0, UINT32_MAX, &c);
	bed_refused(b, ATTACH2, in, len, OVNET_DROP_MARTIAN);
	ovnet_guest_publish(&b->shared, ATTACH, NULL);
	bed_refused(b, ATTACH, in, len, OVNET_DROP_MARTIAN);
	bed_refused(b, ATTACH, in, put_dhcp4(in, ATTACH_POD, UINT32_MAX, &c), OVNET_DROP_BROADCAST);
	assert_int_equal(b->counters.answers, 0);
	bed_close_guest(b);
}

static void refused_bad(struct bed *b, const struct client_msg *c)
{
	uint8_t in[1600];

	bed_refused(b, ATTACH, in, put_dhcp4(in, 0, UINT32_MAX, c), OVNET_DROP_BAD_DHCP);
}

static void what_is_malformed_is_dropped(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600], out[1600];
	struct bed *b = open_guest(true);

	for (unsigned i = 0; i < 4; i++) {
		static const unsigned at[] = {0, 1, 2, 239};
		dhcp4_start(&c, DISCOVER);
		dhcp4_end(&c);
		c.bytes[at[i]] ^= 0x11;
		refused_bad(b, &c);
	}
	dhcp4_start(&c, OFFER);
	refused_bad(b, &c);
	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	be_put32(c.bytes + 24, ATTACH_POD); /* a relay */
	refused_bad(b, &c);
	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	uint16_t len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[40] ^= 1; /* UDP's checksum */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	be_put16(in + 40, 0); /* none */
	(void)check_reply(out, crosses(b, ATTACH, in, len, ATTACH, out, 1600), OFFER, ATTACH_POD);
	len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[24] ^= 1; /* IP's */
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	for (int more = -1; more <= 1; more += 2) {
		len = put_dhcp4(in, 0, UINT32_MAX, &c);
		be_put16(in + 38, get(in + 38, 2) + (unsigned)more);
		be_put16(in + 40, 0);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_DHCP);
	}
	/* A datagram in fragments is none for us. */
	len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[20] = 0x20;
	put_sum4(in + 14);
	bed_refused(b, ATTACH, in, len, OVNET_DROP_MARTIAN);
	bed_close_guest(b);
}

/* What the guest's kernel has left to its card to finish is no wrong checksum. */
static void an_unfinished_checksum_is_taken(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600], out[1600];
	struct bed *b = open_guest(true);

	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	uint16_t len = put_dhcp4(in, 0, UINT32_MAX, &c);
	in[40] ^= 1;
	/* Cut where a header is, with the rest in another buffer. */
	struct rte_mbuf *m = bed_packet(ATTACH, in, len, 45, 100);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 34;
	ovnet_meta(m)->csum_offset = 6;
	bed_receive(b, ATTACH, m);
	assert_int_equal(ops->poll(&b->ctx), 1);
	uint16_t n = bed_sent(b, ATTACH, out, sizeof(out));
	(void)check_reply(out, n, OFFER, ATTACH_POD);
	bed_close_guest(b);
}

static void a_flood_is_bounded(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t in[1600], out[100];
	const struct ovnet_addr other = addr_of_who(OTHER, false);
	struct bed *b = open_guest(false);

	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		ovnet_rate_init(&b->ctx.replies[i], 1, 5, UINT64_C(1) << 40, 0);
	dhcp4_start(&c, DISCOVER);
	dhcp4_end(&c);
	uint16_t len = put_dhcp4(in, 0, UINT32_MAX, &c);
	for (unsigned i = 0; i < 20; i++) {
		feed(b, ATTACH, in, len);
		bed_drain(b);
	}
	assert_int_equal(b->counters.dhcp_answers, 5);
	assert_int_equal(b->counters.answers_limited, 15);
	assert_int_equal(bed_drops(b), 0);
	/* Another port's are its own. */
	put_ether(in, &attach2_mac, &other_mac);
	len = (uint16_t)(14 + put_ip(in + 14, &other,
				      &(struct ovnet_addr){
					      .family = AF_INET, .v4_be = RTE_BE32(GUEST_ROUTER)},
				      60));
	in[23] = 1;
	in[34] = 8;
	in[35] = 0;
	put_sum4(in + 14);
	(void)crosses(b, ATTACH2, in, len, ATTACH2, out, sizeof(out));
	bed_close_guest(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_offered_and_given),
		cmocka_unit_test(answers_go_where_the_client_can_take_them),
		cmocka_unit_test(what_asks_for_nothing_is_taken),
		cmocka_unit_test(who_asks_is_the_guest),
		cmocka_unit_test(what_is_malformed_is_dropped),
		cmocka_unit_test(an_unfinished_checksum_is_taken),
		cmocka_unit_test(a_flood_is_bounded),
	};

	return bed_run_levels("path_dhcp4", tests, RTE_DIM(tests));
}
