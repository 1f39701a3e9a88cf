/* SPDX-License-Identifier: BSD-3-Clause */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION  1
#define FILE_MAX (64 << 20) /* 65,536 leases take 11 MB */

static int fail(char *err, size_t size, const char *path, const char *what)
{
	int rc = errno != 0 ? -errno : -EIO;

	snprintf(err, size, "%s: %s: %s", path, what, strerror(-rc));
	return rc;
}

static void put_text(FILE *f, const char *name, const char *text)
{
	json_t *s = json_string(text);
	char *dump = s != NULL ? json_dumps(s, JSON_ENCODE_ANY) : NULL;

	fprintf(f, "\"%s\":%s,\n", name, dump != NULL ? dump : "null");
	free(dump);
	json_decref(s);
}

static void put_lease(FILE *f, const struct ovnet_lease *l, const char *behind)
{
	char name[OVNET_LEASE_KEY_MAX];
	char *value = ovnet_lease_value_text(l);

	fprintf(f, "\"%s\":%s%s\n", ovnet_lease_key_text(l, name, sizeof(name)),
		value != NULL ? value : "null", behind);
	free(value);
}

static void put_all(FILE *f, const struct snapshot *s)
{
	char ip[OVNET_ADDR_STRLEN];

	fprintf(f, "{\"version\":%d,\n", VERSION);
	put_text(f, "prefix", s->prefix);
	put_text(f, "public_ip", ovnet_addr_text(&s->public_ip, ip, sizeof(ip)));
	fprintf(f, "\"saved_at\":%lld,\n\"expires_at\":%lld,\n\"revision\":%lld,\n",
		(long long)s->saved_at, (long long)s->expires_at, (long long)s->revision);
	put_text(f, "config", s->config);
	fputs("\"own\":{\n", f);
	put_lease(f, &s->own, "},");
	fputs("\"leases\":{\n", f);
	for (size_t i = 0; i < s->n; i++)
		put_lease(f, &s->leases[i], i + 1 < s->n ? "," : "");
	fputs("}}\n", f);
}

static int write_new(const char *path, const struct snapshot *s, char *err, size_t size)
{
	/* What a former life left behind, or somebody else put there, is not written into. */
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(err, size, path, "cannot be removed");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		int rc = fail(err, size, path, "cannot be created");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	put_all(f, s);
	errno = 0;
	bool bad = fflush(f) != 0 || ferror(f) || fsync(fd) < 0;
	int rc = bad ? fail(err, size, path, "cannot be written") : 0;
	if (fclose(f) != 0 && rc == 0)
		rc = fail(err, size, path, "cannot be written");
	return rc;
}

/* The directory of `path`, made for its owner alone if it is missing, its name in `dir`. */
static int make_dir(const char *path, char dir[PATH_MAX], char *err, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	if (len >= PATH_MAX || strlen(path) + sizeof(".new") > PATH_MAX) {
		errno = ENAMETOOLONG;
		return fail(err, size, path, "cannot be used");
	}
	snprintf(dir, PATH_MAX, "%.*s", len > 0 ? (int)len : 1,
		len > 0         ? path
		: slash != NULL ? "/"
				: ".");
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return fail(err, size, dir, "cannot be made");
	return 0;
}

int snapshot_write(const char *path, const struct snapshot *s, char *err, size_t size)
{
	char dir[PATH_MAX], fresh[PATH_MAX];
	int rc = make_dir(path, dir, err, size);

	if (rc < 0)
		return rc;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	rc = write_new(fresh, s, err, size);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = fail(err, size, path, "cannot be replaced");
	if (rc < 0) {
		unlink(fresh);
		return rc;
	}
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		/* Some filesystems cannot; the file is whole either way. */
		(void)!fsync(fd);
		close(fd);
	}
	return 0;
}

static int refuse(char *err, size_t size, const char *path, const char *why)
{
	snprintf(err, size, "%s: %s", path, why);
	return -EINVAL;
}

static int check(int fd, const char *path, char *err, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(err, size, path, "cannot be looked at");
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return refuse(err, size, path, "no regular file of at most 64 MB");
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return refuse(err, size, path,
			"it has to belong to ovnetd's user, with mode 0600: somebody else may have "
			"written it");
	return 0;
}

static int load(const char *path, json_t **root, char *err, size_t size)
{
	json_error_t at;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail(err, size, path, "cannot be opened");
	int rc = check(fd, path, err, size);
	FILE *f = rc == 0 ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		close(fd);
		return rc < 0 ? rc : -ENOMEM;
	}
	*root = json_loadf(f, JSON_REJECT_DUPLICATES, &at);
	fclose(f);
	if (*root != NULL)
		return 0;
	snprintf(err, size, "%s, line %d: %s", path, at.line, at.text);
	return -EINVAL;
}

static bool is(const json_t *root, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(root, name));

	return text != NULL && strcmp(text, wanted) == 0;
}

static int take(struct snapshot_file *f, const char *path, char *err, size_t size)
{
	json_t *own = json_object_get(f->root, "own");
	void *it = json_object_iter(own);

	f->saved_at = json_integer_value(json_object_get(f->root, "saved_at"));
	f->expires_at = json_integer_value(json_object_get(f->root, "expires_at"));
	f->revision = json_integer_value(json_object_get(f->root, "revision"));
	f->config = json_string_value(json_object_get(f->root, "config"));
	f->leases = json_object_get(f->root, "leases");
	if (it == NULL || f->config == NULL || !json_is_object(f->leases))
		return refuse(err, size, path, "config, own lease or leases are missing");
	f->own_name = json_object_iter_key(it);
	f->own_value = json_dumps(json_object_iter_value(it), JSON_COMPACT | JSON_ENCODE_ANY);
	return f->own_value != NULL ? 0 : -ENOMEM;
}

int snapshot_read(const char *path, const char *prefix, const struct ovnet_addr *public_ip,
	struct snapshot_file *out, char *err, size_t size)
{
	char ip[OVNET_ADDR_STRLEN];

	*out = (struct snapshot_file){0};
	int rc = load(path, &out->root, err, size);
	if (rc < 0)
		return rc;
	if (json_integer_value(json_object_get(out->root, "version")) != VERSION)
		rc = refuse(err, size, path, "of another version of ovnetd");
	else if (!is(out->root, "prefix", prefix))
		rc = refuse(err, size, path, "of another lease tree (prefix)");
	else if (!is(out->root, "public_ip", ovnet_addr_text(public_ip, ip, sizeof(ip))))
		rc = refuse(err, size, path, "of a node with another PublicIP");
	else
		rc = take(out, path, err, size);
	if (rc < 0)
		snapshot_file_free(out);
	return rc;
}

void snapshot_file_free(struct snapshot_file *f)
{
	free(f->own_value);
	json_decref(f->root);
	*f = (struct snapshot_file){0};
}
