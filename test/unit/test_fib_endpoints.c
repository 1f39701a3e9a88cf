/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints by prefix against a list of what was set. Our own subnet is cut into 256 parts, each
 * of one or of many addresses; prefixes are of one of them up to all.
 */
#include "bed/fib6.h"

#include <errno.h>
#include <stdlib.h>

#define BITS  8
#define PARTS (1u << BITS)

/* Allocations that succeed before one fails; negative: all do. The linker has calls come here. */
static long allocations = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool fails(void)
{
	return allocations >= 0 && allocations-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

struct shape {
	bool v6;
	u128 own; /* our subnet, of `len` */
	uint8_t len;
};

static const struct shape shapes[] = {{false, 0x0a050100, 24}, {false, 0x0a050000, 16},
	{false, 0xffffff00, 24}, {true, A(NET48 + 1, 0), 64}, {true, A(NET48, 0x100), 120},
	{true, ~(u128)0xff, 120}};

/* What the tables should say. */
struct model {
	struct shape in;
	bool half;                      /* only the lower half of it is ours now */
	uint16_t port[BITS + 1][PARTS]; /* by how much longer than our subnet, number; 0: none */
	uint16_t by_default;            /* 0: none */
};

static unsigned bits_behind(const struct model *m)
{
	return (m->in.v6 ? 128 : 32) - m->in.len;
}

static u128 part_first(const struct model *m, unsigned part)
{
	return m->in.own + ((u128)part << (bits_behind(m) - BITS));
}

static u128 part_last(const struct model *m, unsigned part)
{
	return part_first(m, part) + (((u128)1 << (bits_behind(m) - BITS)) - 1);
}

static struct ovnet_prefix prefix_at(const struct model *m, unsigned longer, unsigned i)
{
	u128 first = part_first(m, i << (BITS - longer));
	uint8_t len = (uint8_t)(m->in.len + longer);

	return m->in.v6 ? subnet_of(first, len)
			: (struct ovnet_prefix){AF_INET, .v4 = {(uint32_t)first, len}};
}

static const struct ovnet_endpoint *find(const struct model *m, u128 addr)
{
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	const struct ovnet_addr a = addr_of(addr);

	return m->in.v6 ? ovnet_fib_endpoint6(v, a.v6) : ovnet_fib_endpoint(v, (uint32_t)addr);
}

static struct ovnet_mac mac_of(uint16_t port)
{
	return (struct ovnet_mac){{2, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port}};
}

/* `one`: the object seen there before; there shall be one only. */
static void check_at(
	const struct model *m, u128 addr, uint16_t port, const struct ovnet_endpoint **one)
{
	const struct ovnet_endpoint *e = find(m, addr);
	const struct ovnet_mac mac = mac_of(port);

	if (port == 0) {
		assert_null(e);
		return;
	}
	assert_non_null(e);
	assert_int_equal(e->port, port);
	assert_int_equal(e->l3, port % 2);
	assert_true(ovnet_mac_equal(&e->mac, &mac));
	assert_true(*one == NULL || *one == e);
	*one = e;
}

static void check(const struct model *m)
{
	const struct ovnet_endpoint *seen[BITS + 1][PARTS] = {{0}}, *seen_default = NULL;

	for (unsigned part = 0; part < PARTS; part++) {
		const struct ovnet_endpoint **one = &seen_default;
		uint16_t port = m->by_default;
		for (unsigned longer = 0; longer <= BITS; longer++) {
			unsigned i = part >> (BITS - longer);
			if (m->port[longer][i] != 0) {
				port = m->port[longer][i];
				one = &seen[longer][i];
			}
		}
		check_at(m, part_first(m, part), port, one);
		check_at(m, part_last(m, part), port, one);
	}
	check_at(m, part_first(m, 0) - 1, m->by_default, &seen_default);
	check_at(m, part_last(m, PARTS - 1) + 1, m->by_default, &seen_default);
}

static int set_own(struct model *m)
{
	struct ovnet_overlay o = {.network = {0x0a050000, 16}};
	uint8_t own_len = m->in.len + m->half, net_len = m->in.len - 8;

	if (m->in.v6) {
		o.network6 = prefix_of(m->in.own & mask_of(net_len), net_len);
		o.own6 = prefix_of(m->in.own, own_len);
	} else {
		uint32_t own = (uint32_t)m->in.own;
		o.network = (struct ovnet_prefix4){own & ovnet_mask4(net_len), net_len};
		o.own = (struct ovnet_prefix4){own, own_len};
	}
	return ovnet_fib_set_overlay(
		bed.w, &o, m->in.v6 ? 24 : m->in.len, m->in.v6 ? m->in.len : 0);
}

static bool fits(const struct model *m, unsigned longer, unsigned i)
{
	return !m->half || (longer > 0 && i < 1u << (longer - 1));
}

enum what { SET, DEL, OWN, DEFAULT };

struct step {
	enum what what;
	unsigned longer, i;
	uint16_t port;
};

static int try_step(struct model *m, const struct step *s)
{
	const struct ovnet_prefix at = prefix_at(m, s->longer, s->i);
	const struct ovnet_mac mac = mac_of(s->port);

	if (s->what == SET)
		return ovnet_fib_set_endpoint(bed.w, &at, s->port, s->port % 2, &mac);
	if (s->what == DEL)
		return ovnet_fib_del_endpoint(bed.w, &at);
	if (s->what == DEFAULT)
		return ovnet_fib_set_default_endpoint(bed.w, s->port, s->port % 2, &mac);
	m->half = !m->half;
	int rc = set_own(m);
	if (rc < 0)
		m->half = !m->half;
	return rc;
}

static void model_step(struct model *m, const struct step *s, int rc)
{
	uint16_t *port = &m->port[s->longer][s->i];

	if (s->what == SET) {
		assert_int_equal(rc, fits(m, s->longer, s->i) ? 0 : -EINVAL);
		*port = rc == 0 ? s->port : *port;
	} else if (s->what == DEL) {
		assert_int_equal(rc, *port != 0 ? 0 : -ENOENT);
		*port = 0;
	} else {
		assert_int_equal(rc, 0);
		m->by_default = s->what == DEFAULT ? s->port : m->by_default;
	}
	for (unsigned longer = 0; longer <= BITS; longer++)
		for (unsigned i = 0; i < 1u << longer; i++)
			if (!fits(m, longer, i))
				m->port[longer][i] = 0;
}

static unsigned failed[DEFAULT + 1];

/* With less memory than it takes nothing may change, however little is missing. */
static int starved(struct model *m, const struct step *s)
{
	int rc;

	for (long enough = 0;; enough++) {
		allocations = enough;
		rc = try_step(m, s);
		allocations = -1;
		if (rc != -ENOMEM)
			return rc;
		failed[s->what]++;
		check(m);
	}
}

static struct step random_step(uint64_t *seed)
{
	uint32_t r = next_random(seed) % 100;
	struct step s = {.longer = next_random(seed) % (BITS + 1)};

	s.i = next_random(seed) % (1u << s.longer);
	s.port = (uint16_t)(2 + next_random(seed) % 1000);
	s.what = r < 60 ? SET : r < 96 ? DEL : r < 98 ? OWN : DEFAULT;
	return s;
}

static void run(
	const struct shape *in, unsigned steps, int (*act)(struct model *, const struct step *))
{
	struct model m = {.in = *in};
	uint64_t seed = 7;

	assert_int_equal(set_own(&m), 0);
	check(&m);
	for (unsigned n = 0; n < steps; n++) {
		struct step s = random_step(&seed);
		/* At first without a default. */
		if (s.what == DEFAULT && n < steps / 2)
			s.what = SET;
		/* What is there is deleted more often than by chance. */
		for (unsigned k = 0; s.what == DEL && k < 20 && m.port[s.longer][s.i] == 0; k++)
			s.i = next_random(&seed) % (1u << s.longer);
		model_step(&m, &s, act(&m, &s));
		check(&m);
		ovnet_rcu_reclaim(&bed.rcu);
	}
	assert_int_not_equal(m.by_default, 0);
}

static void random_changes_match_a_model(void **state)
{
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		run(&shapes[i], 3000, try_step);
		close_bed(state);
		assert_int_equal(open_bed(state), 0);
	}
}

static void without_memory_nothing_changes(void **state)
{
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		memset(failed, 0, sizeof(failed));
		run(&shapes[i], 300, starved);
		for (unsigned what = SET; what <= DEFAULT; what++)
			assert_int_equal(failed[what] > 0, what != DEL || shapes[i].v6);
		close_bed(state);
		assert_int_equal(open_bed(state), 0);
	}
}

static void families_have_their_own(void **state)
{
	(void)state;
	const struct ovnet_prefix all = {AF_INET, .v4 = {0x0a050100, 24}};
	const struct ovnet_addr pod = addr_of(A(NET48 + 1, 9));

	assert_int_equal(set_overlay(A(NET48, 0), 48, A(NET48 + 1, 0), 64, 64), 0);
	const struct ovnet_fib_view *v = ovnet_fib_view(&bed.fib);
	assert_int_equal(ovnet_fib_set_endpoint(bed.w, &all, 3, true, NULL), 0);
	assert_null(ovnet_fib_endpoint6(v, pod.v6));
	assert_int_equal(set_endpoint(A(NET48 + 1, 0), 64, 4, NULL), 0);
	assert_int_equal(ovnet_fib_endpoint6(v, pod.v6)->port, 4);
	assert_int_equal(ovnet_fib_endpoint(v, 0x0a0501ff)->port, 3);
	assert_false(ovnet_mac_is_unicast(&ovnet_fib_endpoint(v, 0x0a0501ff)->mac));
	assert_int_equal(ovnet_fib_del_endpoint(bed.w, &all), 0);
	assert_null(ovnet_fib_endpoint(v, 0x0a0501ff));
	assert_int_equal(ovnet_fib_endpoint6(v, pod.v6)->port, 4);
}

static void what_is_no_prefix_is_refused(void **state)
{
	(void)state;
	static const struct ovnet_prefix no[] = {{0}, {AF_INET, .v4 = {0x0a050101, 24}},
		{AF_INET, .v4 = {0x0a050101, 33}}, {AF_INET, .v4 = {0x0a050000, 23}},
		{AF_INET, .v4 = {0x0a050200, 32}}, {AF_INET, .v4 = {0, 0}},
		{AF_UNIX, .v4 = {0, 0}}};

	assert_int_equal(set_overlay(A(NET48, 0), 48, A(NET48 + 1, 0), 64, 64), 0);
	for (unsigned i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		assert_int_equal(ovnet_fib_set_endpoint(bed.w, &no[i], 3, true, NULL), -EINVAL);
		assert_int_equal(ovnet_fib_del_endpoint(bed.w, &no[i]), -ENOENT);
	}
	assert_int_equal(set_endpoint(A(NET48 + 1, 1), 64, 3, NULL), -EINVAL);
	assert_int_equal(set_endpoint(A(NET48 + 1, 1), 129, 3, NULL), -EINVAL);
	assert_int_equal(set_endpoint(A(NET48, 0), 63, 3, NULL), -EINVAL);
	assert_int_equal(set_endpoint(0, 0, 3, NULL), -EINVAL);
	assert_int_equal(set_overlay(0, 0, 0, 0, 0), 0);
	assert_int_equal(set_endpoint(0, 128, 3, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(families_have_their_own),
		CASE(what_is_no_prefix_is_refused),
		CASE(random_changes_match_a_model),
		CASE(without_memory_nothing_changes),
	};
	return cmocka_run_group_tests_name("fib_endpoints", tests, NULL, NULL);
}
