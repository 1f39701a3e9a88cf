/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As test_path_plain.c, in bursts: plain frames among others, some of them spoiled at random from a
 * fixed seed, while peers, next hops, endpoints, ports and the overlay change.
 */
#include <errno.h>

#include "bed/path_ways.h"
#include "bed/random.h"

#define ROUNDS 3000

static uint64_t seed;

static uint32_t next(uint32_t below)
{
	return (uint32_t)((uint64_t)next_random(&seed) * below >> 31);
}

/* Tables that change. Each takes back what it did when it is called again. */

static const struct ovnet_prefix *later(void)
{
	static const struct ovnet_prefix p = {.family = AF_INET, .v4 = {LATER_NET, 24}};

	return &p;
}

/* Unless a peer of another length is there. */
static void add(struct bed *b, uint32_t subnet, uint32_t public_host)
{
	const int rc = bed_add_peer(b, subnet, 24, public_host, &peer_vtep, b->nh);

	if (rc != -EEXIST)
		assert_int_equal(rc, 0);
}

static void peer_moves(struct bed *b)
{
	const struct ovnet_prefix p = {.family = AF_INET, .v4 = {PEER_NET, 24}};
	const struct ovnet_peer *peer = ovnet_fib_get_peer(b->w, &p);
	bool home = peer != NULL && peer->public_addr.v4_be == htonl(PEER_IP);

	add(b, PEER_NET, home ? ELSE_IP : PEER_IP);
}

/* Whatever comes next gets its id. */
static void peer_goes(struct bed *b)
{
	const struct ovnet_prefix p = {.family = AF_INET, .v4 = {PEER_NET, 24}};

	if (ovnet_fib_del_peer(b->w, &p) != 0)
		add(b, PEER_NET, PEER_IP);
}

static void another_comes(struct bed *b)
{
	if (ovnet_fib_del_peer(b->w, later()) != 0)
		add(b, LATER_NET, NEAR_IP);
}

static void neighbour_goes(struct bed *b)
{
	const bool known = ovnet_nh_get(b->nh)->resolved;

	assert_int_equal(
		ovnet_fib_nh_set(b->w, b->nh, known ? NULL : &gateway_mac, &uplink_mac), 0);
}

static void network_changes(struct bed *b)
{
	b->overlay.vni ^= 0x100;
	assert_int_equal(bed_set_overlay(b), 0);
}

static void vtep_changes(struct bed *b)
{
	b->overlay.vtep_mac.b[5] ^= 1;
	assert_int_equal(bed_set_overlay(b), 0);
}

static void validation_changes(struct bed *b)
{
	bed_set_validation(b, (enum ovnet_validation)((b->overlay.validation + 1) % 3));
}

static void uplink_goes(struct bed *b)
{
	const unsigned all = (1 << N_PORTS) - 1;

	bed_map(b, b->map->port[UPLINK] != NULL ? all & ~(1u << UPLINK) : all);
}

static void guest_moves(struct bed *b)
{
	const struct ovnet_prefix pod = {.family = AF_INET, .v4 = {ATTACH_POD, 32}};
	const struct ovnet_fib_view *v = ovnet_fib_view(&b->shared.fib);
	const bool here = ovnet_fib_endpoint(v, ATTACH_POD)->port == ATTACH;

	assert_int_equal(
		ovnet_fib_set_endpoint(b->w, &pod, here ? ATTACH2 : ATTACH, false, &pod_mac), 0);
}

static void port_fills(struct bed *b)
{
	b->port[HOST].room = b->port[HOST].room == 7 ? BED_PORT_MAX : 7;
	b->port[UPLINK].refuses = 5;
}

static void (*const changes[])(struct bed *b) = {peer_moves, peer_goes, another_comes,
	neighbour_goes, network_changes, vtep_changes, validation_changes, uplink_goes, guest_moves,
	port_fills};

static void spoil(struct ways_frame *f, unsigned base)
{
	for (unsigned n = next(4); n > 0; n--) {
		const uint32_t at = next(RTE_MIN(f->len, 120u));

		switch (next(5)) {
		case 0:
			f->len = (uint16_t)(1 + next(f->len + 40u));
			break;
		case 1:
			f->bytes[at] = (uint8_t)next(256);
			break;
		case 2:
			f->bytes[at] ^= (uint8_t)(1 << next(8));
			break;
		case 3:
			be_put16(f->bytes + at,
				((uint32_t)f->bytes[at] << 8 | f->bytes[at + 1]) + next(9) - 4);
			break;
		default:
			f->first = (uint16_t)(1 + next(200));
		}
	}
	if (next(4) != 0)
		ways_put_sums(f, base);
}

/* One that comes by the port. */
static void put_any(struct ways_frame *f, unsigned port)
{
	unsigned base = next(WAYS_BASES);

	while (ways_port[base] != port)
		base = next(WAYS_BASES);
	ways_put(f, base, (uint16_t)(44 + next(next(8) ? 200 : 1480)));
	if (next(16) == 0) {
		be_put32(f->bytes + ways_link[base] + 16, LATER_NET + 1);
		ways_put_sums(f, base);
	}
	if (next(4) == 0)
		spoil(f, base);
}

/* All but the changes in effect at one time is as random. */
static void bursts_on(const struct ways_node *node)
{
	static struct ways_frame f[OVNET_BURST];
	static const unsigned ports[] = {HOST, ATTACH, UPLINK, UPLINK};
	struct ways w;
	char what[96];

	ways_open(&w, node->workers, node->set_up);
	w.mixed = true;
	for (unsigned i = 0; i < ROUNDS / WAYS_NODES; i++) {
		const uint64_t began = seed;
		const unsigned n = next(4) ? 1 + next(OVNET_BURST) : OVNET_BURST;
		const unsigned port = ports[next(RTE_DIM(ports))], change = next(RTE_DIM(changes));

		for (unsigned k = 0; k < n; k++)
			put_any(&f[k], port);
		snprintf(what, sizeof(what), "%s, seed %lu: burst %u, %u by port %u", node->name,
			(unsigned long)began, i, n, port);
		w.what = what;
		ways_send(&w, port, f, n);
		/* Every other one is undone at once, so that most of the node stays what it is. */
		ways_change(&w, changes[change]);
		ways_send(&w, port, f, n);
		if (next(2))
			ways_change(&w, changes[change]);
	}
	ways_close(&w);
}

static void bursts_while_tables_change(void **state)
{
	(void)state;
	seed = 1;
	for (unsigned i = 0; i < WAYS_NODES; i++)
		if (ways_nodes[i].bursts)
			bursts_on(&ways_nodes[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bursts_while_tables_change),
	};

	return bed_run_levels("path_plain_bursts", tests, RTE_DIM(tests));
}
