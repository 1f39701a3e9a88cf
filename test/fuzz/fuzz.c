/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static char dir[PATH_MAX - 64], file[PATH_MAX];

char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	CHECK(copy != NULL, "no memory");
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	CHECK(copy != NULL, "no memory");
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

static void remove_dir(void)
{
	if (unlink(file) < 0 && access(file, F_OK) == 0)
		perror(file);
	if (rmdir(dir) < 0)
		perror(dir);
}

const char *fuzz_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (dir[0] != '\0')
		return dir;
	snprintf(dir, sizeof(dir), "%s/ovnet-fuzz-XXXXXX", tmp != NULL ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL, "%s: no temporary directory there", dir);
	snprintf(file, sizeof(file), "%s/input", dir);
	CHECK(atexit(remove_dir) == 0, "atexit");
	return dir;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
	fuzz_dir();
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0, "%s: cannot be opened", file);
	CHECK(write(fd, data, size) == (ssize_t)size, "%s: cannot be written", file);
	close(fd);
	return file;
}

void fuzz_touch(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i];
	__asm__ volatile("" : : "r"(sum)); /* as if somebody wanted it */
}
