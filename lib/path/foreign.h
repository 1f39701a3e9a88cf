/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments that come by an uplink with a twin, of datagrams of the host's own. The first fragment
 * says which port the datagram is for; what follows it is known by address and identification.
 * They go to the host's kernel as they came, however many there are and whatever is missing. One
 * that overtakes its first is taken for the overlay's, and given up with it.
 *
 * Threads: the worker.
 */
#ifndef OVNET_PATH_FOREIGN_H
#define OVNET_PATH_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

#define OVNET_FOREIGN_MAX 256 /* of a worker; the next one takes an earlier one's place */

struct ovnet_foreign {
	struct {
		uint64_t key;
		uint64_t until; /* TSC */
	} datagram[OVNET_FOREIGN_MAX];
};

/*
 * Is this a fragment of the host's? Its data begins with the Ethernet header, the headers up to the
 * fragment's are checked and in the first segment; `udp_port` is the overlay's, `ttl` how long a
 * datagram is remembered behind its first fragment.
 */
bool ovnet_foreign_is(
	struct ovnet_foreign *f, struct rte_mbuf *m, uint16_t udp_port, uint64_t now, uint64_t ttl);

#endif
