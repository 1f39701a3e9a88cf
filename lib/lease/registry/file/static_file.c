/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/file/static_file.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define FILE_MAX (64 << 20) /* 65,536 leases take 10 MB */

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct static_entry *)a)->name, ((const struct static_entry *)b)->name);
}

static void add(struct static_file *f, const char *head, const char *tail, const json_t *value)
{
	struct static_entry *e = &f->entries[f->n++];

	e->name = must(malloc(strlen(head) + strlen(tail) + 1));
	strcpy(e->name, head);
	strcat(e->name, tail);
	e->value = must(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
	e->file_value = must(strdup(e->value));
	e->revision = f->revision;
}

static int take(struct static_file *f, const json_t *root, char *err, size_t size)
{
	json_t *config = json_object_get(root, "config"), *leases = json_object_get(root, "leases");
	const char *name;
	json_t *value;

	if (!json_is_object(config) || !json_is_object(leases)) {
		snprintf(err, size,
			"needs two objects: \"config\" (flannel's network config) and \"leases\"");
		return -EINVAL;
	}
	f->revision = 1;
	f->entries = must(calloc(json_object_size(leases) + 1, sizeof(*f->entries)));
	add(f, STATIC_CONFIG, "", config);
	json_object_foreach (leases, name, value)
		add(f, STATIC_LEASES, name, value);
	qsort(f->entries, f->n, sizeof(*f->entries), by_name);
	return 0;
}

static int check_file(const char *path, char *err, size_t size)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int rc = -errno;
		snprintf(err, size, "%s", strerror(errno));
		return rc;
	}
	if (S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		return 0;
	snprintf(err, size, "is no regular file, or larger than %d MB", FILE_MAX >> 20);
	return -EINVAL;
}

int static_file_read(const char *path, struct static_file *f, char *err, size_t err_size)
{
	json_error_t at;
	int rc = check_file(path, err, err_size);

	if (rc < 0)
		return rc;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &at);
	if (root == NULL) {
		snprintf(err, err_size, "line %d: %s", at.line, at.text);
		return -EINVAL;
	}
	rc = take(f, root, err, err_size);
	json_decref(root);
	return rc;
}

void static_file_free(struct static_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].name);
		free(f->entries[i].value);
		free(f->entries[i].file_value);
	}
	free(f->entries);
	*f = (struct static_file){0};
}

struct static_entry *static_file_find(const struct static_file *f, const char *name)
{
	union {
		const char *in;
		char *key; /* bsearch only reads it */
	} u = {name};
	struct static_entry key = {.name = u.key};

	if (f->n == 0)
		return NULL;
	return bsearch(&key, f->entries, f->n, sizeof(key), by_name);
}

static void inherit(struct static_entry *now, const struct static_entry *was)
{
	free(now->value);
	now->value = must(strdup(was->value));
	now->revision = was->revision;
}

size_t static_file_succeed(struct static_file *now, const struct static_file *old)
{
	size_t changes = 0;

	now->revision = old->revision + 1;
	for (size_t i = 0; i < old->n; i++)
		changes += static_file_find(now, old->entries[i].name) == NULL;
	for (size_t i = 0; i < now->n; i++) {
		struct static_entry *e = &now->entries[i];
		const struct static_entry *was = static_file_find(old, e->name);
		e->revision = now->revision;
		if (was != NULL && strcmp(was->file_value, e->file_value) == 0)
			inherit(e, was);
		else
			changes++;
	}
	return changes;
}
