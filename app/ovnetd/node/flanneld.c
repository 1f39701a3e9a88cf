/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/flanneld.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAG "etcd-prefix"

/* At most `size` - 1 bytes of /proc/PID/NAME, NUL behind them. Bytes, 0: there is none. */
static size_t read_proc(const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = '\0';
	return len;
}

/*
 * /proc/PID/ns/net is closed to those with fewer capabilities than the process has. The files of
 * /proc/PID/net are not, and are the same ones for all of a network namespace.
 */
static bool is_here(const char *pid)
{
	char path[64];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "/proc/%.20s/net/dev", pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/net/dev", &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* "--etcd-prefix=X" or "-etcd-prefix", "X", NUL between the words. */
static void find_prefix(const char *words, size_t len, char *out, size_t size)
{
	const char *end = words + len;

	out[0] = '\0';
	for (const char *w = words; w < end; w += strlen(w) + 1) {
		const char *name = w + strspn(w, "-");
		if (name == w || strncmp(name, FLAG, sizeof(FLAG) - 1) != 0)
			continue;
		name += sizeof(FLAG) - 1;
		if (name[0] == '=')
			snprintf(out, size, "%s", name + 1);
		else if (name[0] == '\0' && name + 1 < end)
			snprintf(out, size, "%s", name + 1);
	}
}

static bool is_flanneld(const char *pid)
{
	char comm[32];
	size_t len =
		isdigit((unsigned char)pid[0]) ? read_proc(pid, "comm", comm, sizeof(comm)) : 0;

	/* "flanneld-amd64" is one, too. */
	return len > 0 && strncmp(comm, "flanneld", strlen("flanneld")) == 0 && is_here(pid);
}

static bool is_counted(const char *pid, bool (*counts)(void *arg, const char *prefix), void *arg)
{
	char words[4096], prefix[256];

	if (counts == NULL)
		return true;
	find_prefix(words, read_proc(pid, "cmdline", words, sizeof(words)), prefix, sizeof(prefix));
	return counts(arg, prefix);
}

pid_t flanneld_running(bool (*counts)(void *arg, const char *prefix), void *arg)
{
	const struct dirent *e;
	pid_t found = 0;
	DIR *proc = opendir("/proc");

	while (proc != NULL && found == 0 && (e = readdir(proc)) != NULL)
		if (is_flanneld(e->d_name) && is_counted(e->d_name, counts, arg))
			found = (pid_t)strtol(e->d_name, NULL, 10);
	if (proc != NULL)
		closedir(proc);
	return found;
}
