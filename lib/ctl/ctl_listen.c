/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/patience.h"
#include "base/socket_path.h"

OVNET_LOG_TYPE(ctl)

static int make_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int err = ovnet_socket_make_dir(path, dir);

	if (err < 0)
		LOG(ERR, "%s: cannot be made: %s; make the directory or set control.socket", dir,
			strerror(-err));
	return err;
}

static void log_taken(const char *path, int lock_fd)
{
	char pid[16] = "";
	ssize_t n = pread(lock_fd, pid, sizeof(pid) - 1, 0);

	if (n > 0)
		pid[strspn(pid, "0123456789")] = '\0';
	LOG(ERR, "%s: another ovnetd%s%s serves it; stop that one or set control.socket", path,
		n > 0 ? ", pid " : "", n > 0 ? pid : "");
}

static int lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
}

/* Held for life: of two daemons that start at once, one gets it. The file stays behind. */
static int take_lock(const char *path, struct ovnet_patience *patience)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 8], pid[16];

	snprintf(name, sizeof(name), "%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int err = -errno;
		LOG(ERR, "%s: cannot be opened: %s; check the directory's owner and mode", name,
			strerror(-err));
		return err;
	}
	int err;
	while ((err = lock(fd)) == -EADDRINUSE && ovnet_patience_wait(patience, "%s", path))
		;
	if (err < 0) {
		if (err == -EADDRINUSE)
			log_taken(path, fd);
		else
			LOG(ERR, "%s: cannot be locked: %s", name, strerror(-err));
		close(fd);
		return err;
	}
	int len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
		LOG(WARN, "%s: the pid could not be written: %s", name, strerror(errno));
	return fd;
}

/*
 * A socket whose server died is removed, anything else left alone. That it is gone may take longer
 * than that its lock is.
 */
static int clear_way(const struct sockaddr_un *addr, struct ovnet_patience *patience)
{
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		LOG(ERR, "%s: there is a file that is no socket; remove it or set control.socket",
			addr->sun_path);
		return -EEXIST;
	}
	int err;
	while ((err = ovnet_socket_probe(addr)) == -EADDRINUSE &&
		ovnet_patience_wait(patience, "%s", addr->sun_path))
		;
	if (err == -EADDRINUSE)
		LOG(ERR, "%s: another program serves it; stop that one or set control.socket",
			addr->sun_path);
	else if (err < 0)
		LOG(ERR, "%s: cannot tell whether anybody listens: %s; remove it if not",
			addr->sun_path, strerror(-err));
	if (err < 0)
		return err;
	LOG(NOTICE, "%s: socket of a dead daemon replaced", addr->sun_path);
	return unlink(addr->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Made 0600 by fchmod before bind, whatever the umask; opened up only when it is ours. */
static int bind_socket(const struct sockaddr_un *addr, mode_t mode, gid_t gid)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;
	const char *what = "socket";

	if (fd < 0)
		goto fail;
	what = "bind";
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		goto fail;
	what = "chown to the control group";
	if (gid != (gid_t)-1 && lchown(addr->sun_path, (uid_t)-1, gid) < 0)
		goto fail_bound;
	what = "chmod";
	if (chmod(addr->sun_path, mode) < 0)
		goto fail_bound;
	what = "listen";
	if (listen(fd, OVNET_CTL_CLIENTS) < 0)
		goto fail_bound;
	return fd;

fail_bound:
	err = -errno;
	unlink(addr->sun_path);
	errno = -err;
fail:
	err = -errno;
	LOG(ERR, "%s: %s: %s; check the directory's owner and mode, or set control.socket",
		addr->sun_path, what, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

int ctl_listen(
	const char *path, mode_t mode, gid_t gid, struct ovnet_patience *patience, int *lock_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (path[0] == '\0' || strlen(path) >= sizeof(addr.sun_path)) {
		LOG(ERR, "%s: a socket's path has 1 to %zu bytes; set control.socket", path,
			sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	int err = make_directory(path);
	if (err < 0)
		return err;
	*lock_fd = take_lock(path, patience);
	if (*lock_fd < 0)
		return *lock_fd;
	err = clear_way(&addr, patience);
	int fd = err < 0 ? err : bind_socket(&addr, mode, gid);
	if (fd < 0) {
		close(*lock_fd);
		*lock_fd = -1;
	}
	return fd;
}
