/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guests nobody wants, behind a vhost-user socket: one that tells every lie of test/bed, again and
 * again; one that never takes what it is sent; one that sends without end. Until SIGTERM; then one
 * line of JSON says what was done.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bed/vhost_lies.h"

#define FEATURES                                                                        \
	(VG_BIT(VIRTIO_NET_F_CSUM) | VG_BIT(VIRTIO_NET_F_GUEST_CSUM) |                  \
		VG_BIT(VIRTIO_RING_F_INDIRECT_DESC) | VG_BIT(VIRTIO_RING_F_EVENT_IDX) | \
		VG_BIT(VIRTIO_NET_F_MRG_RXBUF) | VG_BIT(VIRTIO_NET_F_HOST_TSO4) |       \
		VG_BIT(VIRTIO_NET_F_HOST_TSO6))
#define MEET_MS 3000

static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

/* While the former connection ends the next one is turned away. */
static bool starts(struct vg *g)
{
	for (unsigned i = 0; i < 200 && !stopped; i++) {
		if (vg_meet(g, MEET_MS) && vg_start(g))
			return true;
		vg_hang_up(g);
		usleep(5000);
	}
	return false;
}

/* Whether there was somebody to tell it to; a lie of the front end may be cut short. */
static bool tell(const char *path, bool server, const struct lie *lie, bool packed)
{
	const struct vg_conf conf = {
		.path = path, .server = server, .packed = packed, .features = FEATURES};
	struct vg g;

	if (!vg_open(&g, &conf))
		return false;
	const bool met = starts(&g);
	const bool told = met && (lie->tell(&g) || lie->kind >= LIE_MESSAGE);
	usleep(2000);
	vg_close(&g);
	return told;
}

static int liar(const char *path, bool server)
{
	static const struct lie *const kinds[] = {
		vhost_ring_lies, vhost_message_lies, vhost_setup_lies};
	unsigned told = 0, failed = 0, rounds = 0;

	while (!stopped) {
		for (unsigned k = 0; k < 6 && !stopped; k++)
			for (const struct lie *l = kinds[k / 2]; l->name != NULL && !stopped; l++)
				if (tell(path, server, l, k & 1))
					told++;
				else if (!stopped)
					failed++;
		rounds++;
		printf("{\"rounds\": %u, \"told\": %u, \"failed\": %u}\n", rounds, told, failed);
		fflush(stdout);
	}
	return 0;
}

/* Its buffers are filled once, and never given again. */
static int hoarder(const char *path, bool server)
{
	const struct vg_conf conf = {.path = path, .server = server, .features = FEATURES};
	struct vg g;

	if (!vg_open(&g, &conf) || !starts(&g))
		return 1;
	printf("{\"ready\": true}\n");
	fflush(stdout);
	while (!stopped)
		pause();
	vg_close(&g);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction sa = {.sa_handler = on_term};
	const bool server = argc == 4 && strcmp(argv[3], "server") == 0;

	if (argc != 4 || sigaction(SIGTERM, &sa, NULL) < 0) {
		fprintf(stderr, "usage: vhost_guest liar|hoarder SOCKET server|client\n");
		return 2;
	}
	return strcmp(argv[1], "liar") == 0 ? liar(argv[2], server) : hoarder(argv[2], server);
}
