/* SPDX-License-Identifier: BSD-3-Clause */
/* DHCP as a server of one client speaks it: what is read, what is due, what is written. */
#include <errno.h>

#include "bed/path_guest.h"
#include "packet/dhcp4.h"

static struct ovnet_guest *guest;

static int set_up(void **state)
{
	(void)state;
	guest = guest_record_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(guest);
	return 0;
}

/* In a block that ends where the message does, so that a read beyond is seen. */
static int parse(const struct client_msg *c, struct ovnet_dhcp4 *q)
{
	uint8_t *copy = malloc(c->len);

	assert_non_null(copy);
	memcpy(copy, c->bytes, c->len);
	int rc = ovnet_dhcp4_parse(copy, c->len, q);
	if (rc == 0 && q->client_id_len > 0) /* for the caller */
		q->client_id = c->bytes + (q->client_id - copy);
	free(copy);
	return rc;
}

static unsigned answer(
	const struct client_msg *c, enum ovnet_dhcp4_type type, uint8_t msg[OVNET_DHCP4_MAX])
{
	struct ovnet_dhcp4 q;

	assert_int_equal(parse(c, &q), 0);
	assert_int_equal(ovnet_dhcp4_answer(&q, guest), type);
	memset(msg, 0xa5, OVNET_DHCP4_MAX);
	return (unsigned)ovnet_dhcp4_build(msg, type, &q, guest);
}

static void has(const uint8_t *msg, unsigned len, uint8_t code, const void *want, uint8_t n)
{
	uint8_t found;
	const uint8_t *v = dhcp4_find(msg, len, code, &found);

	if (v == NULL || found != n)
		fail_msg("option %u: %s", code, v == NULL ? "not there" : "of another length");
	assert_memory_equal(v, want, n);
}

static bool is_there(const uint8_t *msg, unsigned len, uint8_t code)
{
	uint8_t n;

	return dhcp4_find(msg, len, code, &n) != NULL;
}

static const uint8_t all_options[] = {1, 3, 6, 12, 15, 26, 28, 121};
#define EVERYTHING all_options, sizeof(all_options)

static void what_is_listed_is_told(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX];

	dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
	dhcp4_add(&c, 55, EVERYTHING);
	dhcp4_end(&c);
	unsigned len = answer(&c, OVNET_DHCP4_OFFER, msg);
	has(msg, len, 54, (uint8_t[]){10, 5, 82, 1}, 4);
	has(msg, len, 51, (uint8_t[]){0, 0, 14, 16}, 4);
	has(msg, len, 58, (uint8_t[]){0, 0, 7, 8}, 4);
	has(msg, len, 59, (uint8_t[]){0, 0, 12, 78}, 4);
	has(msg, len, 1, (uint8_t[]){255, 255, 255, 0}, 4);
	has(msg, len, 3, (uint8_t[]){10, 5, 82, 1}, 4);
	has(msg, len, 6, (uint8_t[]){10, 5, 82, 2}, 4);
	has(msg, len, 12, "web", 3);
	has(msg, len, 15, "vm.example", 10);
	has(msg, len, 26, (uint8_t[]){1450 >> 8, 1450 & 0xff}, 2);
	has(msg, len, 28, (uint8_t[]){10, 5, 82, 255}, 4);
	has(msg, len, 121, (uint8_t[]){16, 192, 168, 10, 5, 82, 10, 0, 10, 5, 82, 1}, 12);
	for (unsigned i = 0; i < sizeof(all_options); i++) {
		dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
		dhcp4_add(&c, 55, &all_options[i], 1);
		dhcp4_end(&c);
		len = answer(&c, OVNET_DHCP4_OFFER, msg);
		for (unsigned j = 0; j < sizeof(all_options); j++)
			assert_int_equal(is_there(msg, len, all_options[j]), i == j);
		assert_true(is_there(msg, len, 51) && is_there(msg, len, 54));
	}
}

/* Who lists nothing gets what any client knows; classless routes are not among it. */
static void who_lists_nothing_is_told_the_usual(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX];

	dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
	dhcp4_end(&c);
	unsigned len = answer(&c, OVNET_DHCP4_OFFER, msg);
	for (unsigned i = 0; i < sizeof(all_options); i++)
		assert_int_equal(is_there(msg, len, all_options[i]), all_options[i] != 121);
	assert_true(len >= 300);
	guest->n_dns4 = guest->n_routes4 = 0;
	guest->hostname[0] = guest->domain[0] = '\0';
	dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
	dhcp4_add(&c, 55, EVERYTHING);
	dhcp4_end(&c);
	len = answer(&c, OVNET_DHCP4_OFFER, msg);
	for (unsigned i = 0; i < sizeof(all_options); i++)
		assert_int_equal(is_there(msg, len, all_options[i]),
			strchr("\6\14\17\171", all_options[i]) == NULL);
}

/* RFC 3442's own examples, and the longest there may be. */
static void routes_take_as_many_bytes_as_they_need(void **state)
{
	(void)state;
	static const struct ovnet_guest_route routes[] = {{{0x0a000000, 8}, RTE_BE32(1)},
		{{0x0a000000, 24}, RTE_BE32(2)}, {{0x0a110000, 16}, RTE_BE32(3)},
		{{0x0a1b8100, 24}, RTE_BE32(4)}, {{0x0ae50080, 25}, RTE_BE32(5)},
		{{0x0ac6c7f8, 29}, RTE_BE32(6)}, {{0x0ac6c7f8, 32}, RTE_BE32(7)}};
	static const uint8_t want[] = {8, 10, 0, 0, 0, 1, 24, 10, 0, 0, 0, 0, 0, 2, 16, 10, 17, 0,
		0, 0, 3, 24, 10, 27, 129, 0, 0, 0, 4, 25, 10, 229, 0, 128, 0, 0, 0, 5, 29, 10, 198,
		199, 248, 0, 0, 0, 6, 32, 10, 198, 199, 248, 0, 0, 0, 7};
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX], n;

	memcpy(guest->routes4, routes, sizeof(routes));
	guest->n_routes4 = RTE_DIM(routes);
	dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
	dhcp4_add(&c, 55, "\171", 1);
	dhcp4_end(&c);
	unsigned len = answer(&c, OVNET_DHCP4_OFFER, msg);
	has(msg, len, 121, want, sizeof(want));
	for (unsigned i = 0; i < OVNET_GUEST_ROUTES; i++)
		guest->routes4[i] = routes[6];
	guest->n_routes4 = OVNET_GUEST_ROUTES;
	len = answer(&c, OVNET_DHCP4_OFFER, msg);
	assert_non_null(dhcp4_find(msg, len, 121, &n));
	assert_int_equal(n, OVNET_GUEST_ROUTES * 9);
}

struct wish {
	uint32_t server, requested, ciaddr; /* 0: not there */
	enum ovnet_dhcp4_type answer;
};

static void requests_are_for_the_guests_address(void **state)
{
	(void)state;
	static const struct wish wishes[] = {
		{GUEST_ROUTER, ATTACH_POD, 0, OVNET_DHCP4_ACK}, /* selecting */
		{GUEST_ROUTER, OTHER_POD, 0, OVNET_DHCP4_NAK},
		{GUEST_ROUTER + 1, ATTACH_POD, 0, OVNET_DHCP4_NAK}, /* elsewhere */
		{0, ATTACH_POD, 0, OVNET_DHCP4_ACK},                /* after a reboot */
		{0, OTHER_POD, 0, OVNET_DHCP4_NAK},
		{0, 0, ATTACH_POD, OVNET_DHCP4_ACK}, /* renewing, rebinding */
		{0, 0, OTHER_POD, OVNET_DHCP4_NAK},
		{0, ATTACH_POD, OTHER_POD, OVNET_DHCP4_NAK},
		{0, OTHER_POD, ATTACH_POD, OVNET_DHCP4_NAK},
		{0, 0, 0, OVNET_DHCP4_NAK},
	};
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX];

	for (unsigned i = 0; i < RTE_DIM(wishes); i++) {
		const struct wish *w = &wishes[i];

		dhcp4_start(&c, OVNET_DHCP4_REQUEST);
		be_put32(c.bytes + 12, w->ciaddr);
		if (w->server != 0)
			dhcp4_add32(&c, 54, w->server);
		if (w->requested != 0)
			dhcp4_add32(&c, 50, w->requested);
		dhcp4_add(&c, 61, "\1me", 3);
		dhcp4_add(&c, 55, EVERYTHING);
		dhcp4_end(&c);
		unsigned len = answer(&c, w->answer, msg);
		const bool good = w->answer == OVNET_DHCP4_ACK;
		assert_int_equal(get(msg + 16, 4), good ? ATTACH_POD : 0);
		assert_int_equal(get(msg + 12, 4), good ? w->ciaddr : 0);
		assert_int_equal(is_there(msg, len, 51), good);
		assert_int_equal(is_there(msg, len, 3), good);
		has(msg, len, 61, "\1me", 3); /* RFC 6842 */
		has(msg, len, 54, (uint8_t[]){10, 5, 82, 1}, 4);
	}
}

static void who_informs_gets_no_lease(void **state)
{
	(void)state;
	struct ovnet_dhcp4 q;
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX];

	dhcp4_start(&c, OVNET_DHCP4_INFORM);
	be_put32(c.bytes + 12, ATTACH_POD);
	dhcp4_add(&c, 55, EVERYTHING);
	dhcp4_end(&c);
	unsigned len = answer(&c, OVNET_DHCP4_ACK, msg);
	assert_int_equal(get(msg + 16, 4), 0);
	assert_int_equal(get(msg + 12, 4), ATTACH_POD);
	assert_false(is_there(msg, len, 51) || is_there(msg, len, 58) || is_there(msg, len, 59));
	assert_true(is_there(msg, len, 6));
	be_put32(c.bytes + 12, OTHER_POD);
	assert_int_equal(parse(&c, &q), 0);
	assert_int_equal(ovnet_dhcp4_answer(&q, guest), OVNET_DHCP4_NONE);
	guest->has4 = false;
	be_put32(c.bytes + 12, ATTACH_POD);
	assert_int_equal(parse(&c, &q), 0);
	assert_int_equal(ovnet_dhcp4_answer(&q, guest), OVNET_DHCP4_NONE);
}

/* All of it, and a client's number of 255 bytes, into what the client takes. */
static void answers_fit_the_client(void **state)
{
	(void)state;
	static const struct {
		unsigned takes, mtu, most;
	} sizes[] = {{0, 1450, 576}, {300, 1450, 576}, {576, 1450, 576}, {700, 1450, 700},
		{1500, 1450, 1450}, {65535, 9000, 1500}, {1500, 68, 576}};
	uint8_t msg[OVNET_DHCP4_MAX], id[255];
	unsigned longest = 0;

	memset(id, 'i', sizeof(id));
	memset(guest->hostname, 'h', 63);
	memset(guest->domain, 'd', 127);
	for (unsigned i = 0; i < OVNET_GUEST_ROUTES; i++)
		guest->routes4[i] = (struct ovnet_guest_route){{0x0a000000, 32}, 1};
	guest->n_routes4 = OVNET_GUEST_ROUTES;
	guest->n_dns4 = OVNET_GUEST_DNS;
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		struct client_msg c;
		uint8_t be[2];

		dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
		dhcp4_add(&c, 55, EVERYTHING);
		dhcp4_add(&c, 61, id, sizeof(id));
		be_put16(be, sizes[i].takes);
		if (sizes[i].takes != 0)
			dhcp4_add(&c, 57, be, 2);
		dhcp4_end(&c);
		guest->mtu = (uint16_t)sizes[i].mtu;
		unsigned len = answer(&c, OVNET_DHCP4_OFFER, msg);
		assert_in_range(len + 28, 300, sizes[i].most);
		assert_int_equal(msg[len - 1], 255);
		has(msg, len, 61, id, sizeof(id));
		assert_true(is_there(msg, len, 1));
		longest = RTE_MAX(longest, len);
		assert_int_equal(is_there(msg, len, 15), sizes[i].most > 1000);
	}
	assert_in_range(longest, 800, OVNET_DHCP4_MAX);
}

static void a_lease_may_last_for_ever(void **state)
{
	(void)state;
	struct client_msg c;
	uint8_t msg[OVNET_DHCP4_MAX];

	guest->lease_s = UINT32_MAX;
	dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
	dhcp4_end(&c);
	unsigned len = answer(&c, OVNET_DHCP4_OFFER, msg);
	for (uint8_t code = 51; code <= 59; code++)
		if (code == 51 || code >= 58)
			has(msg, len, code, "\xff\xff\xff\xff", 4);
}

/* Options in the fields of a boot file and a server's name, as the option says (RFC 2132 9.3). */
static void fields_may_hold_options(void **state)
{
	(void)state;
	struct ovnet_dhcp4 q;
	struct client_msg c;

	for (uint8_t overload = 1; overload <= 3; overload++) {
		dhcp4_start(&c, OVNET_DHCP4_REQUEST);
		dhcp4_add(&c, 52, &overload, 1);
		dhcp4_end(&c);
		memcpy(c.bytes + 108, "\0\62\4\12\5\122\11\377", 8); /* file: the address */
		memcpy(c.bytes + 44, "\66\4\12\5\122\1\377", 7);     /* sname: the server */
		assert_int_equal(parse(&c, &q), 0);
		assert_int_equal(q.has_requested, (overload & 1) != 0);
		assert_int_equal(q.has_server, (overload & 2) != 0);
		if (q.has_requested)
			assert_int_equal(q.requested, guest->addr4);
		/* They do not lead back to themselves. */
		memcpy(c.bytes + 108, "\64\1\3\377", 4);
		assert_int_equal(parse(&c, &q), overload & 1 ? -EINVAL : 0);
		/* Nor beyond. */
		memset(c.bytes + 108, 0, 128);
		memcpy(c.bytes + 108 + 125, "\14\2a", 3);
		assert_int_equal(parse(&c, &q), overload & 1 ? -EINVAL : 0);
	}
	dhcp4_start(&c, OVNET_DHCP4_REQUEST);
	dhcp4_add(&c, 52, "\4", 1);
	assert_int_equal(parse(&c, &q), -EINVAL);
}

static void what_does_not_hold_together_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint8_t code, len;
	} wrong[] = {{50, 3}, {50, 5}, {53, 1}, {54, 0}, {57, 1}, {57, 4}, {61, 0}, {52, 2}};
	struct ovnet_dhcp4 q;
	struct client_msg c;

	for (unsigned i = 0; i < RTE_DIM(wrong); i++) {
		dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
		dhcp4_add(&c, wrong[i].code, "\1\1\1\1\1\1", wrong[i].len);
		dhcp4_end(&c);
		assert_int_equal(parse(&c, &q), -EINVAL);
	}
	for (uint8_t i = 0; i < 4; i++) { /* twice */
		static const uint8_t codes[] = {50, 54, 57, 61};
		dhcp4_start(&c, OVNET_DHCP4_DISCOVER);
		for (unsigned n = 0; n < 2; n++)
			dhcp4_add(&c, codes[i], "\1\1\1\1", codes[i] == 57 ? 2 : 4);
		assert_int_equal(parse(&c, &q), -EINVAL);
	}
	memset(&c, 0, sizeof(c));
	memcpy(c.bytes, "\1\1\6", 3);
	memcpy(c.bytes + 236, "\143\202\123\143\377", 5);
	c.len = 241; /* BOOTP */
	assert_int_equal(parse(&c, &q), -EINVAL);
	for (uint8_t type = 0; type < 20; type++) {
		const bool servers = type == 0 || type == OVNET_DHCP4_OFFER ||
				     type == OVNET_DHCP4_ACK || type == OVNET_DHCP4_NAK;
		dhcp4_start(&c, type);
		assert_int_equal(parse(&c, &q), servers ? -EINVAL : 0);
	}
}

/* Cut anywhere, it is refused or the options before the cut are what counts. */
static void it_may_end_anywhere(void **state)
{
	(void)state;
	struct ovnet_dhcp4 q;
	struct client_msg c;
	unsigned good = 0;

	dhcp4_start(&c, OVNET_DHCP4_REQUEST);
	dhcp4_add32(&c, 54, GUEST_ROUTER);
	dhcp4_add32(&c, 50, ATTACH_POD);
	dhcp4_add(&c, 61, "\1client", 7);
	dhcp4_add(&c, 55, EVERYTHING);
	dhcp4_end(&c);
	const uint16_t all = c.len;
	for (c.len = 1; c.len <= all; c.len++)
		good += parse(&c, &q) == 0;
	assert_int_equal(good, 6); /* behind each option, and the end */
	assert_true(q.has_server && q.has_requested && q.has_list);
	assert_int_equal(q.client_id_len, 7);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_is_listed_is_told),
		CASE(who_lists_nothing_is_told_the_usual),
		CASE(routes_take_as_many_bytes_as_they_need),
		CASE(requests_are_for_the_guests_address),
		CASE(who_informs_gets_no_lease),
		CASE(answers_fit_the_client),
		CASE(a_lease_may_last_for_ever),
		CASE(fields_may_hold_options),
		CASE(what_does_not_hold_together_is_refused),
		CASE(it_may_end_anywhere),
	};

	return cmocka_run_group_tests_name("dhcp4", tests, NULL, NULL);
}
