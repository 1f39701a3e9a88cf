/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(main)

/* "@" stands for the NUL of an abstract name. 0 or negative errno. */
static int send_to(const char *path, const char *text)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	int rc = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0
			 ? -errno
			 : 0;
	close(fd);
	return rc;
}

#define EXTENSION_S 60 /* more than who waits takes from one word to the next */

static bool ready;

static const char *listener(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path != NULL && path[0] != '\0' ? path : NULL;
}

void notify_ready(void)
{
	const char *path = listener();

	if (ready || path == NULL)
		return;
	ready = true;
	int rc = send_to(path, "READY=1\nSTATUS=");
	if (rc < 0)
		LOG(WARN,
			"cannot tell systemd at %s that ovnetd is ready: %s; a unit of "
			"Type=notify will not get past \"activating\"",
			path, strerror(-rc));
}

/* A line end in it would be the next assignment. */
static void one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20)
			*text = ' ';
}

void notify_waiting(const char *why)
{
	char text[600], status[512];

	if (ready || listener() == NULL)
		return;
	snprintf(status, sizeof(status), "%s", why);
	one_line(status);
	snprintf(
		text, sizeof(text), "EXTEND_TIMEOUT_USEC=%d000000\nSTATUS=%s", EXTENSION_S, status);
	int rc = send_to(listener(), text);
	if (rc < 0)
		LOG(DEBUG, "cannot tell systemd to wait: %s", strerror(-rc));
}

void notify_stopping(void)
{
	if (listener() != NULL)
		(void)send_to(listener(), "STOPPING=1"); /* it will see for itself */
}

static uint64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? n : 0;
}

/* Whom it asks is in WATCHDOG_PID; who is started by somebody else's child is not meant. */
uint64_t notify_watchdog_period(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (listener() == NULL || (pid != NULL && number_of("WATCHDOG_PID") != (uint64_t)getpid()))
		return 0;
	return number_of("WATCHDOG_USEC");
}

void notify_watchdog(bool alive, const char *status)
{
	static char told[256];
	char text[512] = "";
	const char *path = listener();

	if (path == NULL)
		return;
	if (strcmp(status, told) != 0) {
		snprintf(text, sizeof(text), "STATUS=%s\n", status);
		snprintf(told, sizeof(told), "%s", status);
	}
	if (alive)
		strcat(text, "WATCHDOG=1");
	int rc = text[0] != '\0' ? send_to(path, text) : 0;
	if (rc < 0)
		LOG(DEBUG, "cannot ping systemd: %s", strerror(-rc));
}
