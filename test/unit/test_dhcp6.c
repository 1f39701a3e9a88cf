/* SPDX-License-Identifier: BSD-3-Clause */
/* DHCPv6 as a server of one client speaks it: what is read, what is due, what is written. */
#include <errno.h>

#include "bed/path_guest.h"
#include "packet/dhcp6.h"

enum { OK, NO_ADDRS = 2, NO_BINDING, NOT_ON_LINK, NO_PREFIX = 6, NO_STATUS = 99 };

static struct ovnet_guest *guest;
static uint8_t duid[OVNET_DHCP6_OWN_DUID];
static struct ovnet_addr pod, other, stranger;

static int set_up(void **state)
{
	(void)state;
	guest = guest_record_new();
	ovnet_dhcp6_duid(duid, &attach_mac);
	pod = addr_of_who(POD, true);
	other = addr_of_who(OTHER, true);
	stranger = addr_of_who(REMOTE_POD, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(guest);
	return 0;
}

/* An answer's options, where it is one. */
struct answer {
	uint8_t msg[OVNET_DHCP6_MAX];
	uint16_t len;
};

static int parse(const struct client_msg *c, struct ovnet_dhcp6 *q)
{
	/* Its pointers are into the message: it lives until the next one. */
	static uint8_t *copy;

	free(copy);
	copy = malloc(c->len);
	assert_non_null(copy);
	memcpy(copy, c->bytes, c->len);
	int rc = ovnet_dhcp6_parse(copy, c->len, q);
	if (rc < 0) {
		free(copy);
		copy = NULL;
	}
	return rc;
}

static void ask(const struct client_msg *c, enum ovnet_dhcp6_type type, struct answer *a)
{
	struct ovnet_dhcp6 q;

	assert_int_equal(parse(c, &q), 0);
	assert_int_equal(ovnet_dhcp6_answer(&q, guest, duid), type);
	if (type == OVNET_DHCP6_NONE)
		return;
	a->len = (uint16_t)ovnet_dhcp6_build(a->msg, type, &q, guest, duid);
	assert_in_range(a->len, 4, sizeof(a->msg));
	assert_int_equal(a->msg[0], type);
	assert_memory_equal(a->msg + 1, ((uint8_t[]){0xab, 0xcd, 0xef}), 3);
}

static const uint8_t *find(const struct answer *a, uint16_t code, uint16_t *n)
{
	return dhcp6_find(a->msg + 4, a->len - 4u, code, n);
}

/* NO_STATUS: there is none. */
static unsigned status_in(const uint8_t *from, unsigned len)
{
	uint16_t n;
	const uint8_t *v = dhcp6_find(from, len, 13, &n);

	return v != NULL ? get(v, 2) : NO_STATUS;
}

static unsigned status_of(const struct answer *a)
{
	return status_in(a->msg + 4, a->len - 4u);
}

static void named(struct client_msg *c, uint8_t type)
{
	dhcp6_start(c, type);
	dhcp6_add(c, 2, duid, sizeof(duid));
}

static void an_offer_is_all_there_is(void **state)
{
	(void)state;
	struct client_msg c;
	struct answer a;
	uint16_t n;

	dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
	dhcp6_add_ia(&c, 1, &stranger, 1); /* a wish */
	dhcp6_add(&c, 6, "\0\27\0\30", 4);
	ask(&c, OVNET_DHCP6_ADVERTISE, &a);
	assert_int_equal(*find(&a, 7, &n), 255);
	const uint8_t *dns = find(&a, 23, &n);
	assert_int_equal(n, 16);
	assert_memory_equal(dns, guest->dns6[0], 16);
	const uint8_t *domain = find(&a, 24, &n);
	assert_int_equal(n, 12);
	assert_memory_equal(domain, "\2vm\7example", 12);
	const uint8_t *ia = find(&a, 3, &n);
	assert_int_equal(n, 12 + 28);
	assert_memory_equal(ia + 16, pod.v6, 16);
	assert_null(find(&a, 14, &n));
	/* Two messages instead of four. */
	dhcp6_add(&c, 14, NULL, 0);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_non_null(find(&a, 14, &n));
	assert_null(find(&a, 7, &n));
	/* Of what is not listed nothing is told. */
	dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
	ask(&c, OVNET_DHCP6_ADVERTISE, &a);
	assert_null(find(&a, 23, &n));
	assert_null(find(&a, 24, &n));
	assert_null(find(&a, 3, &n));
	guest->has6 = false;
	ask(&c, OVNET_DHCP6_NONE, &a);
}

static void one_address_is_all_there_is(void **state)
{
	(void)state;
	struct client_msg c;
	struct answer a;
	uint16_t n, m;

	named(&c, OVNET_DHCP6_REQUEST);
	dhcp6_add(&c, 25, "\0\0\0\1\0\0\0\0\0\0\0\0", 12);
	dhcp6_add(&c, 4, "\0\0\0\2", 4);
	dhcp6_add_ia(&c, 3, &pod, 1);
	dhcp6_add_ia(&c, 4, &pod, 1);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	static const struct {
		uint16_t code, head;
		unsigned status;
	} want[] = {{25, 12, NO_PREFIX}, {4, 4, NO_ADDRS}, {3, 12, NO_STATUS}, {3, 12, NO_ADDRS}};
	const uint8_t *at = find(&a, 25, &n) - 4;
	for (unsigned i = 0; i < RTE_DIM(want); i++) {
		const uint8_t *ia =
			dhcp6_find(at, (unsigned)(a.msg + a.len - at), want[i].code, &n);
		assert_ptr_equal(ia, at + 4);
		assert_int_equal(get(ia, 4), i + 1);
		assert_int_equal(
			status_in(ia + want[i].head, n - (unsigned)want[i].head), want[i].status);
		assert_int_equal(
			dhcp6_find(ia + want[i].head, n - (unsigned)want[i].head, 5, &m) != NULL,
			i == 2);
		at = ia + n;
	}
}

/* What a client had elsewhere. */
static void other_addresses_are_taken_away(void **state)
{
	(void)state;
	const struct ovnet_addr both[] = {other, pod};
	struct client_msg c;
	struct ovnet_dhcp6 q;
	struct answer a;
	uint16_t n;

	named(&c, OVNET_DHCP6_REQUEST);
	dhcp6_add_ia(&c, 1, both, 2);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	const uint8_t *ia = find(&a, 3, &n);
	assert_int_equal(status_in(ia + 12, n - 12u), NOT_ON_LINK);
	assert_int_equal(get(ia + 4, 4), 0);
	for (uint8_t type = OVNET_DHCP6_RENEW; type <= OVNET_DHCP6_REBIND; type++) {
		if (type == OVNET_DHCP6_RENEW)
			named(&c, type);
		else
			dhcp6_start(&c, type);
		dhcp6_add_ia(&c, 1, both, 2);
		ask(&c, OVNET_DHCP6_REPLY, &a);
		ia = find(&a, 3, &n);
		assert_int_equal(n, 12 + 2 * 28);
		assert_memory_equal(ia + 16, pod.v6, 16);
		assert_int_equal(get(ia + 32, 4), GUEST_LEASE);
		assert_memory_equal(ia + 44, other.v6, 16);
		assert_int_equal(get(ia + 60, 4) + get(ia + 64, 4), 0);
		assert_int_equal(parse(&c, &q), 0);
		assert_true(ovnet_dhcp6_is_refused(&q, guest));
	}
	dhcp6_start(&c, OVNET_DHCP6_CONFIRM);
	dhcp6_add_ia(&c, 1, &pod, 1);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_int_equal(status_of(&a), OK);
	assert_null(find(&a, 3, &n));
	dhcp6_add_ia(&c, 2, &stranger, 1);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_int_equal(status_of(&a), NOT_ON_LINK);
	dhcp6_start(&c, OVNET_DHCP6_CONFIRM);
	dhcp6_add_ia(&c, 1, NULL, 0);
	ask(&c, OVNET_DHCP6_NONE, &a);
}

static void what_is_given_back_is_confirmed(void **state)
{
	(void)state;
	struct client_msg c;
	struct answer a;
	uint16_t n;

	for (uint8_t type = OVNET_DHCP6_RELEASE; type <= OVNET_DHCP6_DECLINE; type++) {
		named(&c, type);
		dhcp6_add_ia(&c, 1, &pod, 1);
		ask(&c, OVNET_DHCP6_REPLY, &a);
		assert_int_equal(status_of(&a), OK);
		assert_null(find(&a, 3, &n));
		named(&c, type);
		dhcp6_add_ia(&c, 1, &other, 1);
		ask(&c, OVNET_DHCP6_REPLY, &a);
		assert_int_equal(status_of(&a), OK);
		const uint8_t *ia = find(&a, 3, &n);
		assert_int_equal(status_in(ia + 12, n - 12u), NO_BINDING);
	}
	dhcp6_start(&c, OVNET_DHCP6_INFORMATION_REQUEST);
	dhcp6_add(&c, 6, "\0\27", 2);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_non_null(find(&a, 23, &n));
	assert_non_null(find(&a, 1, &n));
	c.bytes[5] = 99; /* who asks need not say who it is */
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_null(find(&a, 1, &n));
}

/* Which messages name whom (RFC 8415 section 16), and which are no client's. */
static void each_names_whom_it_has_to(void **state)
{
	(void)state;
	static const uint8_t want[] = {0, 1, 0, 2, 1, 2, 1, 0, 2, 2, 0, 3, 0, 0};
	struct ovnet_dhcp6 q;
	struct client_msg c;
	struct answer a;

	for (uint8_t type = 0; type < sizeof(want); type++) {
		dhcp6_start(&c, type);
		assert_int_equal(parse(&c, &q), want[type] & 1 ? 0 : -EINVAL);
		named(&c, type);
		assert_int_equal(parse(&c, &q), want[type] & 2 ? 0 : -EINVAL);
		if (want[type] & 2) {
			c.bytes[c.len - 1] ^= 1; /* another server */
			ask(&c, OVNET_DHCP6_NONE, &a);
		}
		memset(&c, 0, sizeof(c));
		c.bytes[0] = type;
		c.len = 4;
		assert_int_equal(parse(&c, &q), want[type] == 3 ? 0 : -EINVAL);
	}
	dhcp6_start(&c, OVNET_DHCP6_INFORMATION_REQUEST);
	dhcp6_add_ia(&c, 1, NULL, 0);
	assert_int_equal(parse(&c, &q), -EINVAL);
}

static void what_does_not_hold_together_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint16_t code, len;
	} wrong[] = {{1, 10}, {2, 2}, {2, 131}, {3, 11}, {4, 3}, {25, 11}, {6, 3}, {14, 1}};
	uint8_t bytes[200] = {0};
	struct ovnet_dhcp6 q;
	struct client_msg c;

	for (unsigned i = 0; i < RTE_DIM(wrong); i++) {
		dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
		dhcp6_add(&c, wrong[i].code, bytes, wrong[i].len);
		assert_int_equal(parse(&c, &q), -EINVAL);
	}
	/* Inside an IA: an option that ends beyond it, an address too short, more than there are.
	 */
	be_put16(bytes + 12, 5);
	be_put16(bytes + 14, 25);
	dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
	dhcp6_add(&c, 3, bytes, 40);
	assert_int_equal(parse(&c, &q), -EINVAL);
	be_put16(bytes + 14, 23);
	dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
	dhcp6_add(&c, 3, bytes, 39);
	assert_int_equal(parse(&c, &q), -EINVAL);
	const struct ovnet_addr many[] = {pod, pod, pod, pod, pod, pod, pod, pod, pod};
	for (unsigned n = 8; n <= 9; n++) {
		dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
		dhcp6_add_ia(&c, 1, many, n);
		assert_int_equal(parse(&c, &q), n <= OVNET_DHCP6_ADDRS ? 0 : -EINVAL);
		dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
		for (unsigned i = 0; i < n; i++)
			dhcp6_add_ia(&c, i, NULL, 0);
		assert_int_equal(parse(&c, &q), n <= OVNET_DHCP6_IAS ? 0 : -EINVAL);
	}
}

static void it_may_end_anywhere(void **state)
{
	(void)state;
	struct ovnet_dhcp6 q;
	struct client_msg c;
	unsigned good = 0;

	dhcp6_start(&c, OVNET_DHCP6_SOLICIT);
	dhcp6_add_ia(&c, 1, &pod, 1);
	dhcp6_add(&c, 6, "\0\27\0\30", 4);
	dhcp6_add(&c, 14, NULL, 0);
	const uint16_t all = c.len;
	for (c.len = 1; c.len <= all; c.len++)
		good += parse(&c, &q) == 0;
	assert_int_equal(good, 4); /* behind each option */
	assert_true(q.rapid_commit && q.wants_dns && q.wants_domain && q.n_ias == 1);
}

/* The longest of all answers is within the smallest MTU. */
static void the_longest_answer_fits(void **state)
{
	(void)state;
	const struct ovnet_addr many[] = {other, other, other, other, other, other, other, other};
	uint8_t id[OVNET_DHCP6_DUID] = {0, 2};
	struct client_msg c;
	struct answer a;
	uint16_t n;

	guest->n_dns6 = OVNET_GUEST_DNS;
	memset(guest->domain, 'd', 63);
	guest->domain[63] = '.';
	memset(guest->domain + 64, 'e', 63);
	memset(&c, 0, sizeof(c));
	memcpy(c.bytes, (uint8_t[]){OVNET_DHCP6_RENEW, 0xab, 0xcd, 0xef}, 4);
	c.len = 4;
	dhcp6_add(&c, 1, id, sizeof(id));
	dhcp6_add(&c, 2, duid, sizeof(duid));
	for (unsigned i = 0; i < 4; i++)
		dhcp6_add_ia(&c, i, many, i == 0 ? RTE_DIM(many) : 1);
	for (unsigned i = 0; i < 4; i++)
		dhcp6_add(&c, 25, id, 12);
	dhcp6_add(&c, 6, "\0\27\0\30", 4);
	ask(&c, OVNET_DHCP6_REPLY, &a);
	assert_in_range(a.len, 700, OVNET_DHCP6_MAX);
	(void)find(&a, 24, &n);
	assert_int_equal(n, 129);
	guest->lease_s = UINT32_MAX;
	ask(&c, OVNET_DHCP6_REPLY, &a);
	const uint8_t *ia = find(&a, 3, &n);
	assert_int_equal(get(ia + 4, 4), UINT32_MAX);
	assert_int_equal(get(ia + 8, 4), UINT32_MAX);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(an_offer_is_all_there_is),
		CASE(one_address_is_all_there_is),
		CASE(other_addresses_are_taken_away),
		CASE(what_is_given_back_is_confirmed),
		CASE(each_names_whom_it_has_to),
		CASE(what_does_not_hold_together_is_refused),
		CASE(it_may_end_anywhere),
		CASE(the_longest_answer_fits),
	};

	return cmocka_run_group_tests_name("dhcp6", tests, NULL, NULL);
}
