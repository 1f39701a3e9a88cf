/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(state)

#define FILE_MAX   (16 << 20) /* a thousand ports take a quarter of a megabyte */
#define MAX_UNREAD 4
#define MAX_ASIDE  100

/*
 * Those that are there and were not read: what is in them is known to nobody, so nothing takes
 * their place.
 */
static struct unread {
	char path[PATH_MAX];
	int rc; /* why; 0: a free place */
} unread[MAX_UNREAD];

static struct unread *find_unread(const char *path)
{
	for (unsigned i = 0; i < MAX_UNREAD; i++)
		if (unread[i].rc != 0 && strcmp(unread[i].path, path) == 0)
			return &unread[i];
	return NULL;
}

static void forget_unread(const char *path)
{
	struct unread *u = find_unread(path);

	if (u != NULL)
		u->rc = 0;
}

static void keep_unread(const char *path, int rc)
{
	struct unread *u = find_unread(path);

	for (unsigned i = 0; i < MAX_UNREAD && u == NULL; i++)
		if (unread[i].rc == 0)
			u = &unread[i];
	LOG(ERR,
		"%s: cannot be read: %s; what was ordered at run time is not there, and no more is "
		"taken: mend it, or move it away, and restart ovnetd",
		path, strerror(-rc));
	if (u == NULL)
		return; /* there are two such files */
	snprintf(u->path, sizeof(u->path), "%s", path);
	u->rc = rc;
}

/* DIR/FILE and what hangs on it; false: too long, logged. */
static bool path_of(char path[PATH_MAX], const char *dir, const char *file, const char *end)
{
	if (snprintf(path, PATH_MAX, "%s/%s%s", dir, file, end) < PATH_MAX)
		return true;
	LOG(ERR, "%.100s.../%s: the name is too long; give node.state-dir a shorter one", dir,
		file);
	return false;
}

static int failed(const char *path, const char *what)
{
	int rc = errno != 0 ? -errno : -EIO;

	LOG(ERR,
		"%s: %s: %s; what was ordered at run time is not kept: mend it, or set "
		"node.state-dir to another directory",
		path, what, strerror(-rc));
	return rc;
}

/* Why it is not to be read; NULL: it is. */
static const char *refuse(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != geteuid() || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "could have been written by somebody else (owner or mode)";
	return st->st_size > FILE_MAX ? "is larger than any ovnetd writes" : NULL;
}

/* Up to `size` bytes; negative errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

/* Of what is good *out is the object; of what is not, NULL and why. -errno: not even read. */
static int parse(int fd, json_t **out, char *why, size_t why_size)
{
	struct stat st;
	json_error_t error;

	if (fstat(fd, &st) < 0)
		return -errno;
	const char *no = refuse(&st);
	if (no != NULL) {
		snprintf(why, why_size, "%s", no);
		return 0;
	}
	char *text = malloc((size_t)st.st_size + 1);
	ssize_t len = text != NULL ? read_all(fd, text, (size_t)st.st_size) : -ENOMEM;
	json_t *state =
		len >= 0 ? json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &error) : NULL;
	free(text);
	if (len < 0)
		return (int)len;
	if (state == NULL && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (json_is_object(state)) {
		*out = state;
		return 0;
	}
	snprintf(why, why_size, state == NULL ? "line %d: %s" : "is no JSON object", error.line,
		error.text);
	json_decref(state);
	return 0;
}

static int parse_file(const char *path, json_t **out, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && (errno == ELOOP || errno == ENXIO)) { /* a link, a socket */
		snprintf(why, why_size, "is no regular file");
		return 0;
	}
	if (fd < 0)
		return -errno;
	int rc = parse(fd, out, why, why_size);
	close(fd);
	return rc;
}

/* The first name that is free: what was set aside before may be all there is of somebody's ports.
 */
static int free_name(char aside[PATH_MAX], const char *dir, const char *file)
{
	struct stat st;
	char end[16];

	for (unsigned i = 0; i < MAX_ASIDE; i++) {
		snprintf(end, sizeof(end), i == 0 ? ".bad" : ".bad.%u", i);
		if (!path_of(aside, dir, file, end))
			return -ENAMETOOLONG;
		if (lstat(aside, &st) < 0)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EEXIST;
}

static void set_aside(const char *dir, const char *file, const char *path, const char *why)
{
	char aside[PATH_MAX];
	int rc = free_name(aside, dir, file);

	if (rc == 0 && rename(path, aside) < 0)
		rc = -errno;
	if (rc == 0) {
		LOG(ERR,
			"%s %s: set aside as %s, going on without it; mend that, and rename it "
			"while ovnetd is stopped",
			path, why, aside);
		return;
	}
	LOG(ERR, "%s %s, and cannot be set aside as FILE.bad (%s)", path, why, strerror(-rc));
	keep_unread(path, rc);
}

json_t *state_load(const char *dir, const char *file)
{
	char path[PATH_MAX], why[JSON_ERROR_TEXT_LENGTH + 32] = "";
	json_t *state = NULL;

	if (dir[0] == '\0' || !path_of(path, dir, file, ""))
		return NULL;
	forget_unread(path);
	int rc = parse_file(path, &state, why, sizeof(why));
	if (rc < 0 && rc != -ENOENT)
		keep_unread(path, rc);
	else if (rc == 0 && state == NULL)
		set_aside(dir, file, path, why);
	return state;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

static int write_new(const char *path, const char *text)
{
	/* What a former life left behind, or somebody else put there, is not written into. */
	if (unlink(path) < 0 && errno != ENOENT)
		return failed(path, "cannot be removed");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(path, "cannot be created");
	int rc = write_all(fd, text, strlen(text)) < 0 ? failed(path, "cannot be written") : 0;
	if (close(fd) < 0 && rc == 0)
		rc = failed(path, "cannot be written");
	return rc;
}

/* The new name, too, is to be there after a power cut. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fsync(fd); /* some filesystems cannot; the file is whole either way */
	close(fd);
}

int state_save(const char *dir, const char *file, const json_t *state)
{
	char path[PATH_MAX], fresh[PATH_MAX];

	if (dir[0] == '\0')
		return 0;
	if (!path_of(path, dir, file, "") || !path_of(fresh, dir, file, ".new"))
		return -ENAMETOOLONG;
	const struct unread *u = find_unread(path);
	if (u != NULL) {
		LOG(ERR,
			"%s was not read at the start (%s), and is not written over: mend it, or "
			"move it away, and restart ovnetd",
			path, strerror(-u->rc));
		return u->rc;
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return failed(dir, "cannot be made");
	char *text = json_dumps(state, JSON_INDENT(1));
	errno = ENOMEM;
	int rc = text != NULL ? write_new(fresh, text) : failed(path, "cannot be written");
	if (rc == 0 && rename(fresh, path) < 0)
		rc = failed(path, "cannot be replaced");
	free(text);
	if (rc < 0)
		unlink(fresh);
	else
		sync_dir(dir);
	return rc;
}
