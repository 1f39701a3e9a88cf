/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "preflight/checks.h"

#define FILES_MAX 512
#define TEXT_MAX  65536

static bool whole(const struct preflight *p, const char *path, char *out)
{
	return snprintf(out, PATH_MAX, "%s%s", p->root, path) < PATH_MAX;
}

ssize_t preflight_read(const struct preflight *p, const char *path, char *buf, size_t size)
{
	char full[PATH_MAX];
	size_t len = 0;
	ssize_t n = 0;

	buf[0] = '\0';
	int fd = whole(p, path, full) ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	int err = n < 0 ? -errno : 0;
	close(fd);
	buf[len] = '\0';
	return err < 0 ? err : (ssize_t)len;
}

bool preflight_exists(const struct preflight *p, const char *path)
{
	char full[PATH_MAX];

	return whole(p, path, full) && access(full, F_OK) == 0;
}

long long preflight_number(const struct preflight *p, const char *path, long long fallback)
{
	char text[32], *end;

	if (preflight_read(p, path, text, sizeof(text)) <= 0)
		return fallback;
	long long n = strtoll(text, &end, 10);
	return end != text ? n : fallback;
}

struct found {
	char name[NAME_MAX + 1];
	const char *folder;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static bool ends(const char *name, const char *ending)
{
	size_t len = strlen(name), n = strlen(ending);

	return len >= n && strcmp(name + len - n, ending) == 0;
}

static bool is_new(const struct found *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return false;
	return true;
}

static void look_in(const struct preflight *p, const char *folder, const char *ending,
	struct found *list, size_t *n)
{
	char full[PATH_MAX];
	const struct dirent *e;
	DIR *d = whole(p, folder, full) ? opendir(full) : NULL;

	while (d != NULL && *n < FILES_MAX && (e = readdir(d)) != NULL) {
		if (!ends(e->d_name, ending) || !is_new(list, *n, e->d_name))
			continue;
		snprintf(list[*n].name, sizeof(list[*n].name), "%s", e->d_name);
		list[(*n)++].folder = folder;
	}
	if (d != NULL)
		closedir(d);
}

void preflight_each_file(const struct preflight *p, const char *const *folders, const char *ending,
	bool (*each)(void *arg, const char *path, const char *text), void *arg)
{
	struct found *list = must(calloc(FILES_MAX, sizeof(*list)));
	char path[PATH_MAX], *text = must(malloc(TEXT_MAX));
	bool more = true;
	size_t n = 0;

	for (; *folders != NULL; folders++)
		look_in(p, *folders, ending, list, &n);
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n && more; i++) {
		snprintf(path, sizeof(path), "%s/%s", list[i].folder, list[i].name);
		if (preflight_read(p, path, text, TEXT_MAX) >= 0)
			more = each(arg, path, text);
	}
	free(text);
	free(list);
}
