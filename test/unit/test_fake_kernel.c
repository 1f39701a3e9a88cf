/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake kernel of test/bed: it tells the same story as the real one, and does what it is told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bed/cmocka.h"
#include "bed/fake_kernel.h"
#include "unit/kernel_story.h"

#define SKIPPED   77
#define STORY_MAX (64 << 10)

static uint32_t index_of(const char *dev)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (strcmp(fake.link[i].name, dev) == 0)
			return fake.link[i].ifindex;
	fail_msg("no link %s", dev);
	return 0;
}

static void addr(const char *dev, const char *addr, bool there)
{
	(there ? fake_addr_add : fake_addr_del)(index_of(dev), addr);
}

static void route(const char *dev, const char *dst, const char *gateway, uint16_t mtu)
{
	fake_route_add(dev != NULL ? index_of(dev) : 0, dst, gateway, mtu);
}

static void neigh(const char *dev, const char *addr, const char *mac)
{
	fake_neigh_set(index_of(dev), addr, mac);
}

static struct ovnet_link link_of(const char *dev)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (strcmp(fake.link[i].name, dev) == 0)
			return fake.link[i];
	fail_msg("no link %s", dev);
	return fake.link[0];
}

static void up(const char *dev, bool up)
{
	struct ovnet_link l = link_of(dev);

	l.up = up;
	fake_link_set(&l);
}

static void mtu(const char *dev, uint16_t mtu)
{
	struct ovnet_link l = link_of(dev);

	l.mtu = mtu;
	fake_link_set(&l);
}

static void gone(const char *dev)
{
	fake_link_del(index_of(dev));
}

static uint32_t add_links(void)
{
	uint32_t u0 = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:01");

	fake_addr_add(u0, "192.168.77.1/24");
	fake_addr_add(u0, "fd77::1/64");
	fake_link_add("ovnet0", "tun", 1500, NULL);
	up("ovnet0", false);
	return u0;
}

static void real_story(char *text)
{
	FILE *f = popen(KERNEL_STORY_REAL, "r");

	assert_non_null(f);
	size_t n = fread(text, 1, STORY_MAX - 1, f);
	text[n] = '\0';
	int status = pclose(f);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	if (status != 0)
		fail_msg("%s: status %#x; is it built?", KERNEL_STORY_REAL, (unsigned)status);
}

/* Where they part, and the line before. */
static void same(const char *real, const char *faked)
{
	size_t line = 0, before = 0, i = 0;

	for (; real[i] != '\0' && real[i] == faked[i]; i++)
		if (real[i] == '\n') {
			before = line;
			line = i + 1;
		}
	if (real[i] != faked[i])
		fail_msg("real:\n%.300s\nfake:\n%.300s", real + before, faked + before);
}

static void tells_the_real_ones_story(void **state)
{
	const struct story_world w = {
		NULL, addr, route, fake_route_del, fake_route_del, neigh, up, mtu, gone, fake_tell};
	static char real[STORY_MAX], faked[STORY_MAX];

	(void)state;
	real_story(real);
	FILE *f = fmemopen(faked, sizeof(faked), "w");
	assert_non_null(f);
	add_links();
	story_tell(&w, f);
	assert_int_equal(fclose(f), 0);
	assert_true(strlen(real) > 2000);
	same(real, faked);
}

static void fails_as_told(void **state)
{
	static const struct ovnet_kernel_events none = {0};
	struct ovnet_addr dst;
	struct ovnet_mac mac;
	struct ovnet_route r;

	(void)state;
	uint32_t u0 = add_links();
	fake_fail(FAKE_OPEN, -ENOMEM, 1);
	assert_null(ovnet_kernel_open(NULL, &none, NULL));
	struct ovnet_kernel *k = ovnet_kernel_open(NULL, &none, NULL);
	assert_non_null(k);
	assert_int_equal(ovnet_addr_parse("192.168.77.9", &dst), 0);
	fake_fail(FAKE_ROUTE_GET, -ENOBUFS, 2);
	assert_int_equal(ovnet_kernel_route_get(k, &dst, &r), -ENOBUFS);
	assert_int_equal(ovnet_kernel_route_get(k, &dst, &r), -ENOBUFS);
	assert_int_equal(ovnet_kernel_route_get(k, &dst, &r), 0);
	assert_int_equal(fake.calls[FAKE_ROUTE_GET], 3);
	fake_fail(FAKE_NEIGH_WANT, -ENOMEM, 1);
	assert_int_equal(ovnet_kernel_neigh_want(k, u0, &dst, &mac), -ENOMEM);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.9"), 0);
	assert_int_equal(ovnet_kernel_neigh_want(k, u0, &dst, &mac), 0);
	assert_int_equal(ovnet_kernel_neigh_want(k, u0, &dst, &mac), 0);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.9"), 2);
	ovnet_kernel_neigh_release(k, u0, &dst);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.9"), 1);
	ovnet_kernel_close(k);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.9"), 0);
}

static bool keep(void *arg, const struct ovnet_prefix *subnet)
{
	(void)arg, (void)subnet;
	return true;
}

static void on_checked(void *arg, int err)
{
	*(int *)arg = err;
}

static void keeps_lists(void **state)
{
	static const struct ovnet_kernel_events none = {0};
	struct ovnet_host_route_change c[2] = {{.set = true}, {.set = true}};
	struct ovnet_kernel *k = ovnet_kernel_open(NULL, &none, NULL);
	int err = 1;

	(void)state;
	add_links();
	up("ovnet0", true);
	uint32_t dev = index_of("ovnet0");
	assert_int_equal(ovnet_prefix_parse("10.5.3.0/24", &c[0].subnet), 0);
	assert_int_equal(ovnet_prefix_parse("10.5.4.0/24", &c[1].subnet), 0);
	fake_fail(FAKE_ROUTE_SET, -ENOBUFS, 1);
	ovnet_host_routes_change(k, dev, c, 2);
	assert_int_equal(c[0].rc, -ENOBUFS);
	assert_int_equal(c[1].rc, 0);
	assert_null(fake_route_of_ours(dev, "10.5.3.0/24"));
	assert_non_null(fake_route_of_ours(dev, "10.5.4.0/24"));
	assert_int_equal(fake_routes_of_ours(dev), 1);
	fake.check_err = -EAGAIN;
	assert_int_equal(ovnet_host_routes_check(k, dev, keep, on_checked, &err), 0);
	assert_int_equal(err, 1);
	fake_tell();
	assert_int_equal(err, -EAGAIN);
	/* The machine is there when the daemon is not. */
	ovnet_kernel_close(k);
	assert_int_equal(fake_routes_of_ours(dev), 1);
}

static struct {
	unsigned links, addrs, routes, resyncs;
} told;

static void on_link(void *arg, const struct ovnet_link *link)
{
	(void)arg, (void)link;
	told.links++;
}

static void on_addrs(void *arg)
{
	(void)arg;
	told.addrs++;
}

static void on_routes(void *arg)
{
	(void)arg;
	told.routes++;
}

static void on_resync(void *arg)
{
	(void)arg;
	told.resyncs++;
}

static void an_overrun_says_all_again(void **state)
{
	static const struct ovnet_kernel_events events = {.link_changed = on_link,
		.addrs_changed = on_addrs,
		.route_changed = on_routes,
		.resync = on_resync};
	struct ovnet_kernel *k = ovnet_kernel_open(NULL, &events, NULL);

	(void)state;
	add_links();
	fake_tell();
	memset(&told, 0, sizeof(told));
	fake_tell();
	assert_int_equal(told.links + told.addrs + told.routes + told.resyncs, 0);
	fake_resync();
	fake_tell();
	assert_int_equal(told.links, 3);
	assert_true(told.addrs == 1 && told.routes == 1 && told.resyncs == 1);
	ovnet_kernel_close(k);
}

static void the_firewall_is_written_down(void **state)
{
	const struct ovnet_firewall_rules rules = {.masquerade = true, .has_v4 = true};
	struct ovnet_firewall *f = ovnet_firewall_new(-1);
	struct ovnet_firewall_outcome o;

	(void)state;
	ovnet_firewall_apply(f, &rules, &o);
	assert_int_equal(o.masquerade, 1);
	ovnet_firewall_apply(f, &rules, &o);
	assert_int_equal(o.masquerade, 0);
	fake_firewall_fail("no nftables");
	ovnet_firewall_apply(f, &rules, &o);
	assert_string_equal(o.masquerade_error, "no nftables");
	struct fake_firewall seen = fake_firewall_seen();
	assert_int_equal(seen.applied, 3);
	assert_true(seen.rules.masquerade);
	ovnet_firewall_free(f);
}

static int reset(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tells_the_real_ones_story, reset),
		cmocka_unit_test_setup(fails_as_told, reset),
		cmocka_unit_test_setup(keeps_lists, reset),
		cmocka_unit_test_setup(an_overrun_says_all_again, reset),
		cmocka_unit_test_setup(the_firewall_is_written_down, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
