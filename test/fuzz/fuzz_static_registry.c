/* SPDX-License-Identifier: BSD-3-Clause */
/* The static registry's file, in two versions: up to the first NUL, and whole without it. */
#include <string.h>

#include "fuzz.h"
#include "lease/registry/file/static_file.h"

static int read_version(const uint8_t *data, size_t size, struct static_file *f)
{
	char err[300] = "";
	int rc = static_file_read(fuzz_file(data, size), f, err, sizeof(err));

	CHECK(rc == 0 || err[0] != '\0', "refused without a word");
	for (size_t i = 0; i < f->n; i++) {
		fuzz_touch(f->entries[i].value, strlen(f->entries[i].value));
		CHECK(static_file_find(f, f->entries[i].name) != NULL, "%s is lost",
			f->entries[i].name);
		CHECK(i == 0 || strcmp(f->entries[i - 1].name, f->entries[i].name) < 0,
			"%s is there twice", f->entries[i].name);
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t first = nul != NULL ? (size_t)(nul - data) : size;
	size_t second = nul != NULL ? first + 1 : 0;
	struct static_file old = {0}, now = {0};
	int rc = read_version(data, first, &old);

	if (read_version(data + second, size - second, &now) == 0 && rc == 0) {
		size_t changes = static_file_succeed(&now, &old);
		CHECK(changes <= old.n + now.n, "%zu changes of %zu and %zu", changes, old.n,
			now.n);
		CHECK(nul != NULL || changes == 0, "%zu changes to the same file", changes);
	}
	static_file_free(&old);
	static_file_free(&now);
	return 0;
}
