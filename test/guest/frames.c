/* SPDX-License-Identifier: BSD-3-Clause */

/* Sends what a guest's kernel would never send: frames, each a line of hexadecimal digits, COUNT
 * times by an interface. Linked statically, for the guest of test/smoke/lib/guest.sh. */

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_MAX 1600

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int interface_socket(const char *name)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	at.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		die(name);
	return fd;
}

static size_t frame_of(const char *line, unsigned char *frame)
{
	size_t n = 0;
	unsigned int byte;

	while (n < FRAME_MAX && sscanf(line + 2 * n, "%2x", &byte) == 1)
		frame[n++] = (unsigned char)byte;
	return n;
}

int main(int argc, char **argv)
{
	static char line[2 * FRAME_MAX + 2];
	unsigned char frame[FRAME_MAX];
	int fd, i, count;

	if (argc != 3) {
		fprintf(stderr, "usage: frames INTERFACE COUNT < LINES\n");
		return 2;
	}
	fd = interface_socket(argv[1]);
	count = atoi(argv[2]);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t n = frame_of(line, frame);

		for (i = 0; n != 0 && i < count; i++) {
			if (send(fd, frame, n, 0) != (ssize_t)n)
				die("send");
		}
	}
	return 0;
}
