/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node with one uplink and peers behind it. `u0`: 192.168.77.1/24 and fd77::1/64; peer N of 2 to
 * 254: 10.5.N.0/24 at 192.168.77.N, and if it is dual fd05:0:0:N::/64 at fd77::N.
 */
#ifndef OVNET_BED_PEERS_H
#define OVNET_BED_PEERS_H

#include "bed/wired.h"

#define U0_MAC "02:00:00:00:77:01"

extern uint32_t u0;

/* With a lease and nothing due; its events are counted from now on. */
struct wired *peers_start(const char *netconf, const char *key);
struct ovnet_lease peers_lease(unsigned n, bool dual);

/* NULL: not there. */
const struct ovnet_peer *in_fib(struct wired *w, const char *subnet);
const char *state_of(struct wired *w, const char *subnet); /* "none": there is no such peer */
bool is_routed(struct wired *w, const char *subnet);       /* by the host device */
/* Of a peer that is reached by VXLAN over IPv4. */
void assert_header(const struct ovnet_peer *fp, const char *src, const char *dst, uint32_t vni,
	const char *vtep);

#endif
