/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/socket_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int ovnet_socket_make_dir(const char *path, char dir[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	snprintf(dir, sizeof(((struct sockaddr_un *)0)->sun_path), "%s", path);
	char *slash = strrchr(dir, '/');

	if (slash == NULL || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(dir, 0755) < 0 ? -errno : 0;
}

int ovnet_socket_probe(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	int err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ? -EADDRINUSE
										 : -errno;
	close(fd);
	if (err == -ECONNREFUSED || err == -ENOENT)
		return 0;
	return err == -EAGAIN ? -EADDRINUSE : err; /* EAGAIN: its backlog is full */
}
