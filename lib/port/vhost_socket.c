/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket of a vhost port: made, given away, found closed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/owner.h"
#include "base/socket_path.h"
#include "port/vhost_int.h"

OVNET_LOG_TYPE(port)

#define NAME_MAX_LEN 64   /* of a user or a group */
#define NAMES_SIZE   4096 /* for what belongs to one in the databases */
#define LIMIT_MS     100  /* a front end sends a message whole, and reads its answer */

static int fail(const struct ovnet_port_conf *conf, const char *what, int err)
{
	LOG(ERR, "port '%s': %s: %s: %s; check the directory's owner and mode, or set another path",
		conf->name, conf->path, what, strerror(-err));
	return err;
}

/* Of one we may not connect to, as we gave it away: does anybody have it? */
static bool is_somebodys(const char *path)
{
	char line[256]; /* seven columns, and a path of 107 bytes */
	FILE *f = fopen("/proc/net/unix", "re");
	bool found = f == NULL;

	while (!found && fgets(line, sizeof(line), f) != NULL) {
		char *at = strchr(line, '/');
		line[strcspn(line, "\n")] = '\0';
		found = at != NULL && strcmp(at, path) == 0;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

/* What a server left that died. A live one's socket stays, and so does what is none. */
static int clear_way(const struct ovnet_port_conf *conf, const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : fail(conf, "look", -errno);
	if (!S_ISSOCK(st.st_mode)) {
		LOG(ERR,
			"port '%s': %s: there is a file that is no socket; remove it or set "
			"another path",
			conf->name, addr->sun_path);
		return -EEXIST;
	}
	int err = ovnet_socket_probe(addr);
	if (err == -EACCES && !is_somebodys(addr->sun_path))
		err = 0;
	if (err == -EADDRINUSE)
		LOG(ERR,
			"port '%s': %s is in use: another program serves it; stop that one or set "
			"another path",
			conf->name, addr->sun_path);
	else if (err < 0)
		LOG(ERR, "port '%s': %s: cannot tell whether anybody listens: %s; remove it if not",
			conf->name, addr->sun_path, strerror(-err));
	if (err < 0)
		return err;
	LOG(NOTICE, "port '%s': %s: socket of a dead program replaced", conf->name, addr->sun_path);
	return unlink(addr->sun_path) < 0 && errno != ENOENT ? fail(conf, "remove", -errno) : 0;
}

int vhost_socket_prepare(const struct ovnet_port_conf *conf)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char dir[VHOST_PATH_SIZE];

	if (conf->path == NULL || conf->path[0] != '/' || strlen(conf->path) >= VHOST_PATH_SIZE) {
		LOG(ERR,
			"port '%s': %s: a socket's path is absolute and has %zu bytes at most; set "
			"path",
			conf->name, conf->path != NULL ? conf->path : "no path",
			VHOST_PATH_SIZE - 1);
		return conf->path == NULL || conf->path[0] != '/' ? -EINVAL : -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, conf->path);
	if (!conf->server)
		return 0;
	int err = ovnet_socket_make_dir(conf->path, dir);
	if (err < 0) {
		LOG(ERR,
			"port '%s': %s: cannot be made: %s; make the directory or set another path",
			conf->name, dir, strerror(-err));
		return err;
	}
	return clear_way(conf, &addr);
}

static int find_owner(const struct ovnet_port_conf *conf, uid_t *uid, gid_t *gid)
{
	char missing[128];

	*uid = (uid_t)-1;
	*gid = (gid_t)-1;
	if (conf->socket_owner == NULL || conf->socket_owner[0] == '\0' ||
		ovnet_owner_find(conf->socket_owner, uid, gid, missing, sizeof(missing)) == 0)
		return 0;
	LOG(ERR, "port '%s': there is no %s; set socket-owner", conf->name, missing);
	return -EINVAL;
}

/*
 * The inode at the path, and -EPERM unless it is the socket we just made: the directory may be the
 * user's who runs QEMU, and a link that is put there would have us give away what it points to.
 */
static int open_made(const struct ovnet_port_conf *conf)
{
	int fd = open(conf->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = fail(conf, "look at the socket", -errno);
		if (fd >= 0)
			close(fd);
		return err;
	}
	if (S_ISSOCK(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1)
		return fd;
	close(fd);
	LOG(ERR,
		"port '%s': %s is not the socket ovnetd made, somebody put another file there; "
		"see who may write to its directory",
		conf->name, conf->path);
	return -EPERM;
}

static int give(const struct ovnet_port_conf *conf, int fd, uid_t uid, gid_t gid)
{
	mode_t mode = conf->socket_mode != 0 ? conf->socket_mode : 0600;
	char self[32];

	/* fchmod() takes no O_PATH. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (chmod(self, mode) < 0)
		return fail(conf, "chmod", -errno);
	if ((uid == (uid_t)-1 && gid == (gid_t)-1) ||
		fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0)
		return 0;
	int err = -errno;
	LOG(ERR,
		"port '%s': %s cannot be given to %s: %s; ovnetd may give it to a group it is in "
		"(SupplementaryGroups=), to a user with CAP_CHOWN, or leave socket-owner out",
		conf->name, conf->path, conf->socket_owner, strerror(-err));
	return err;
}

/*
 * librte_vhost makes it by the umask: whoever else may not connect meanwhile. The mode comes first:
 * it is the owner's to set.
 */
int vhost_socket_give(const struct ovnet_port_conf *conf)
{
	uid_t uid;
	gid_t gid;
	int err = find_owner(conf, &uid, &gid);

	if (err < 0)
		return err;
	int fd = open_made(conf);
	if (fd < 0)
		return fd;
	err = give(conf, fd, uid, gid);
	close(fd);
	return err;
}

static void user_name(uid_t uid, char *buf, size_t size)
{
	char names[NAMES_SIZE];
	struct passwd one, *found;

	if (getpwuid_r(uid, &one, names, sizeof(names), &found) == 0 && found != NULL)
		snprintf(buf, size, "%s", one.pw_name);
	else
		snprintf(buf, size, "uid %u", (unsigned)uid);
}

bool vhost_socket_closed(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0 && errno == EACCES;
}

void vhost_socket_why_closed(const char *path, char *why, size_t size)
{
	char owner[NAME_MAX_LEN], dir[VHOST_PATH_SIZE];
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(dir, sizeof(dir), "%s", path);
		*strrchr(dir, '/') = '\0';
		snprintf(why, size,
			"ovnetd's user may not enter %s; give it x there (`setfacl -m u:%u:x %s`)",
			dir[0] != '\0' ? dir : "/", (unsigned)geteuid(), dir);
		return;
	}
	user_name(st.st_uid, owner, sizeof(owner));
	snprintf(why, size,
		"%s is %s's, mode %04o, and ovnetd (uid %u) may not write to it: `setfacl -m "
		"u:%u:rw %s`, run QEMU with umask 0002 and ovnetd in its group, or let ovnet make "
		"the socket (server, socket-owner)",
		path, owner, (unsigned)st.st_mode & 07777, (unsigned)geteuid(), (unsigned)geteuid(),
		path);
}

/* The socket QEMU connected to has our name; that of one we connected to, its far end. */
static bool is_connection(int fd, const char *path, bool server)
{
	struct sockaddr_un addr = {0};
	socklen_t len = sizeof(addr);
	int rc = server ? getsockname(fd, (struct sockaddr *)&addr, &len)
			: getpeername(fd, (struct sockaddr *)&addr, &len);

	return rc == 0 && addr.sun_family == AF_UNIX &&
	       strncmp(addr.sun_path, path, sizeof(addr.sun_path)) == 0;
}

/* Not the one that listens. */
static bool is_connected(int fd)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);

	return getpeername(fd, (struct sockaddr *)&addr, &len) == 0;
}

static bool is_limited(int fd)
{
	struct timeval limit = {0};
	socklen_t len = sizeof(limit);

	return getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len) < 0 || limit.tv_sec != 0 ||
	       limit.tv_usec != 0;
}

/* We connected it, its far end's name has that last part, and it was not found before. */
static bool is_alias(int fd, const char *last)
{
	struct sockaddr_un addr = {0};
	socklen_t len = sizeof(addr);
	char name[sizeof(addr.sun_path) + 1] = "";

	if (getpeername(fd, (struct sockaddr *)&addr, &len) < 0 || addr.sun_family != AF_UNIX)
		return false;
	memcpy(name, addr.sun_path, sizeof(addr.sun_path));
	const char *slash = strrchr(name, '/');
	return strcmp(slash != NULL ? slash + 1 : name, last) == 0 && !is_limited(fd);
}

static void set_limit(int fd)
{
	const struct timeval limit = {.tv_usec = LIMIT_MS * 1000};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static int find_connection(DIR *fds, const char *path, bool server)
{
	struct dirent *entry;
	int connection = -1;

	while ((entry = readdir(fds)) != NULL) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || !is_connection(fd, path, server))
			continue;
		set_limit(fd);
		if (!server || is_connected(fd))
			connection = fd;
	}
	return connection;
}

/*
 * QEMU may have bound our path by another name: relative to a directory of its own, or past a
 * link. That name is the far end's word, and a look at where it leads may hang (FUSE), so it is
 * not followed: its last part counts, if there is only one such connection.
 */
static int find_alias(DIR *fds, const char *path)
{
	char *real = realpath(path, NULL);
	const char *last = strrchr(real != NULL ? real : path, '/') + 1;
	struct dirent *entry;
	unsigned n = 0;
	int found = -1;

	while ((entry = readdir(fds)) != NULL) {
		if (entry->d_name[0] == '.' || !is_alias(atoi(entry->d_name), last))
			continue;
		found = atoi(entry->d_name);
		n++;
	}
	free(real);
	if (n != 1)
		return -1;
	set_limit(found);
	return found;
}

int vhost_socket_limit(const char *path, bool server)
{
	DIR *fds = opendir("/proc/self/fd");

	if (fds == NULL)
		return -1;
	int fd = find_connection(fds, path, server);
	if (fd < 0 && !server) {
		rewinddir(fds);
		fd = find_alias(fds, path);
	}
	closedir(fds);
	return fd;
}

bool vhost_socket_has_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}
