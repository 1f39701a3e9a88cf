/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/peers.h"

#include <stdio.h>

uint32_t u0;

struct wired *peers_start(const char *netconf, const char *key)
{
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
	fake_addr_add(u0, "fd77::1/64");
	struct wired *w = wired_open("node: { iface = \"u0\"; };");
	wired_lease(w, netconf, key);
	wired_run(w);
	w->changed = w->settled = w->routes_gone = 0;
	memset(fake.calls, 0, sizeof(fake.calls));
	return w;
}

struct ovnet_lease peers_lease(unsigned n, bool dual)
{
	struct ovnet_lease l = {
		.subnet = {0x0a050000u | n << 8, 24},
		.has_v6 = dual,
		.public_ip = ovnet_addr_v4(0xc0a84d00u | n),
		.backend = OVNET_BACKEND_VXLAN,
		.has_vtep_mac = true,
		.vtep_mac = {{2, 0, 0, 5, 0, (uint8_t)n}},
	};

	if (!dual)
		return l;
	l.subnet6 = (struct ovnet_prefix6){{0xfd, 5, [7] = (uint8_t)n}, 64};
	l.public_ip6 = ovnet_addr_v6((const uint8_t[16]){0xfd, 0x77, [15] = (uint8_t)n});
	l.has_vtep_mac6 = true;
	l.vtep_mac6 = (struct ovnet_mac){{2, 0, 0, 6, 0, (uint8_t)n}};
	return l;
}

const struct ovnet_peer *in_fib(struct wired *w, const char *subnet)
{
	const struct ovnet_prefix p = wired_prefix(subnet);

	return ovnet_fib_get_peer(w->engine.fib, &p);
}

const char *state_of(struct wired *w, const char *subnet)
{
	const struct ovnet_prefix s = wired_prefix(subnet);
	const struct peer *p = peers_find(&w->peers, &s);

	return p != NULL ? peer_state_name(p) : "none";
}

bool is_routed(struct wired *w, const char *subnet)
{
	return fake_route_of_ours(w->host.port->ifindex, subnet) != NULL;
}

void assert_header(const struct ovnet_peer *fp, const char *src, const char *dst, uint32_t vni,
	const char *vtep)
{
	const uint8_t *b = fp->rewrite.bytes;
	const struct ovnet_mac mac = wired_mac(vtep);
	struct ovnet_addr is = {.family = AF_INET};

	assert_int_equal(fp->encap, OVNET_ENCAP_VXLAN4);
	memcpy(&is.v4_be, b + 26, sizeof(is.v4_be));
	assert_addr(&is, src);
	memcpy(&is.v4_be, b + 30, sizeof(is.v4_be));
	assert_addr(&is, dst);
	assert_int_equal(b[46] << 16 | b[47] << 8 | b[48], vni);
	assert_memory_equal(b + 50, mac.b, sizeof(mac.b));
}
