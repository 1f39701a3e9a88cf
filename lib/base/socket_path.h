/* SPDX-License-Identifier: BSD-3-Clause */
/* A UNIX socket's place in the file system, before somebody binds there. Any thread; no logs. */
#ifndef OVNET_BASE_SOCKET_PATH_H
#define OVNET_BASE_SOCKET_PATH_H

#include <sys/un.h>

/*
 * Makes the directory `path` is in, 0755 whatever the umask; its parents are the system's. One that
 * is there stays as it is. `dir`: its name, for messages. 0 or -errno.
 */
int ovnet_socket_make_dir(const char *path, char dir[sizeof(((struct sockaddr_un *)0)->sun_path)]);

/* 0: nobody listens there, or nothing is there. -EADDRINUSE: somebody does. Or another -errno. */
int ovnet_socket_probe(const struct sockaddr_un *addr);

#endif
