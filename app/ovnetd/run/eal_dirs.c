/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/eal_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static bool is_dead(const char *name)
{
	int pid, end = 0;

	return sscanf(name, EAL_DIRS_PREFIX "%d%n", &pid, &end) == 1 && name[end] == '\0' &&
	       pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

int eal_dirs_remove_dead(const char *socket, char *path, size_t size, bool dry_run)
{
	char copy[PATH_MAX];
	struct dirent *entry;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", socket);
	snprintf(path, size, "%s/dpdk", dirname(copy)); /* as EAL makes it */
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (is_dead(entry->d_name))
			n += dry_run || unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0;
	closedir(dir);
	return n;
}
