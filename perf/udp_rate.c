/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP datagrams as fast as one thread can send them, and how many arrive.
 *
 *	udp_rate send ADDRESS PORT SECONDS BYTES    {"packets": sent, "seconds": ...}
 *	udp_rate receive PORT                       until SIGTERM: {"packets": received}
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH  64
#define BYTES  1472
#define RCVBUF (16 << 20)

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int die(const char *what)
{
	fprintf(stderr, "udp_rate: %s: %s\n", what, strerror(errno));
	return 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int send_all(int fd, double seconds, size_t bytes)
{
	static char data[BYTES];
	struct iovec iov = {.iov_base = data, .iov_len = bytes};
	struct mmsghdr msg[BATCH] = {0};
	uint64_t packets = 0;

	for (int i = 0; i < BATCH; i++)
		msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	double start = now(), end = start + seconds;
	do {
		int n = sendmmsg(fd, msg, BATCH, 0);
		/* Full queues on the way and refusals of the far end are what is measured. */
		if (n < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EAGAIN)
			return die("sendmmsg");
		packets += n > 0 ? (uint64_t)n : 0;
	} while (now() < end);
	printf("{\"packets\": %ju, \"seconds\": %.3f}\n", (uintmax_t)packets, now() - start);
	return 0;
}

static int receive_all(int fd)
{
	static char data[BATCH][64];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH] = {0};
	uint64_t packets = 0;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = data[i], .iov_len = sizeof(data[i])};
		msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	while (!stopped) {
		int n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && errno != EINTR)
			return die("recvmmsg");
		packets += n > 0 ? (uint64_t)n : 0;
	}
	printf("{\"packets\": %ju}\n", (uintmax_t)packets);
	return 0;
}

static int to_number(const char *text, long min, long max, long *n)
{
	char *end;

	*n = strtol(text, &end, 10);
	if (*end == '\0' && end != text && *n >= min && *n <= max)
		return 0;
	fprintf(stderr, "udp_rate: %s is no number from %ld to %ld\n", text, min, max);
	return -1;
}

static int send_main(char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	long port, seconds, bytes;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (to_number(argv[1], 1, 65535, &port) < 0 || to_number(argv[2], 1, 3600, &seconds) < 0 ||
		to_number(argv[3], 0, BYTES, &bytes) < 0)
		return 2;
	to.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, argv[0], &to.sin_addr) != 1) {
		fprintf(stderr, "udp_rate: %s is no IPv4 address\n", argv[0]);
		return 2;
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return die(argv[0]);
	return send_all(fd, (double)seconds, (size_t)bytes);
}

static int receive_main(char **argv)
{
	const struct sigaction by = {.sa_handler = stop};
	struct sockaddr_in at = {.sin_family = AF_INET};
	const int room = RCVBUF;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long port;

	if (to_number(argv[0], 1, 65535, &port) < 0)
		return 2;
	at.sin_port = htons((uint16_t)port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return die("cannot listen");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		return die("receive buffer");
	/* Interrupts recvmmsg. */
	if (sigaction(SIGTERM, &by, NULL) < 0)
		return die("sigaction");
	puts("listening");
	fflush(stdout);
	return receive_all(fd);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_main(argv + 2);
	if (argc == 3 && strcmp(argv[1], "receive") == 0)
		return receive_main(argv + 2);
	fprintf(stderr, "usage: udp_rate send ADDRESS PORT SECONDS BYTES | receive PORT\n");
	return 2;
}
