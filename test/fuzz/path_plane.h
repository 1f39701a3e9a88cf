/* SPDX-License-Identifier: BSD-3-Clause */
/* The data planes a fuzzed packet goes through: nodes and what their outer headers have to be. */
#ifndef OVNET_FUZZ_PATH_PLANE_H
#define OVNET_FUZZ_PATH_PLANE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path6.h"
#include "path_run.h"

/* Beside the bed's peer: one we share a link with where the plane routes what it can. */
#define NEAR_IP   0x0aa8000eu
#define NEAR_NET  0x0a050a00u
#define NEAR_NET6 0x0a

struct fuzz_plane {
	void (*set_up)(struct bed *b); /* NULL: a bed is VXLAN over IPv4 as it is */
	enum ovnet_tunnel tunnel;      /* of the bed's peer; NONE: it is routed to */
	bool direct;                   /* routed packets are taken */
	bool modes; /* the outer header inherits, UDP has a sum over IPv4 alone */
	bool clamp;
};

/*
 * path_plane.c. To add one, add a row at the end (an input's first byte is the row) and seeds
 * for it.
 */
#define FUZZ_PLANES 6
extern const struct fuzz_plane fuzz_planes[FUZZ_PLANES];

/* One input's way through one node. */
struct fuzz_input {
	struct fuzz_params p;
	struct fuzz_packets packets;
	const struct fuzz_plane *plane;
	struct bed *bed;
	uint16_t port;
};

/* path_sent.c: all that was sent; packet `i` came, -1: any of them. */
void fuzz_check_outcome(const struct fuzz_input *in, const struct fuzz_outcome *o, int i);

/* path_outer.c */
/* Checks the outer headers of a packet of ours to the underlay; where its inner IP header is. */
unsigned fuzz_sent_inner(const struct fuzz_plane *p, const uint8_t *out, unsigned len);
/*
 * Where the inner IP header is in a packet from the underlay that was taken; 0: it is a fragment of
 * one.
 */
unsigned fuzz_taken_inner(const struct fuzz_plane *p, const uint8_t *in);
/* path_source.c: may such a packet, its inner header at `at`, come from where it says? */
bool fuzz_source_allowed(const struct fuzz_plane *p, const uint8_t *in, unsigned at);

#endif
