/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
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

void notify_ready(void)
{
	static bool told;
	const char *path = getenv("NOTIFY_SOCKET");

	if (told || path == NULL || path[0] == '\0')
		return;
	told = true;
	int rc = send_to(path, "READY=1");
	if (rc < 0)
		LOG(WARN,
			"cannot tell systemd at %s that ovnetd is ready: %s; a unit of "
			"Type=notify will not get past \"activating\"",
			path, strerror(-rc));
}
