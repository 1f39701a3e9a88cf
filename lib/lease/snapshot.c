/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VERSION       1
#define FILE_MAX      (64 << 20) /* 65,536 leases take 11 MB */
#define HEAD_MAX      (4 << 20)  /* before them: mostly the network config */
#define CLOCK_SLACK_S 300        /* what a machine's own clock may be behind after a start */
#define LEASES        "\"leases\":{\n"
#define END           "}}\n"

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
	put_text(f, "boot_id", s->boot_id);
	fprintf(f, "\"boot_ms\":%lld,\n", (long long)s->boot_ms);
	put_text(f, "config", s->config);
	fputs("\"own\":{\n", f);
	put_lease(f, &s->own, "},");
	fputs(LEASES, f);
	for (size_t i = 0; i < s->n; i++)
		put_lease(f, &s->leases[i], i + 1 < s->n ? "," : "");
	fputs(END, f);
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

/* Its last bytes are there: it is whole, as far as a write cut short can tell. */
static bool is_whole(int fd, off_t size)
{
	char end[sizeof(END) - 1];

	return size >= (off_t)sizeof(end) &&
	       pread(fd, end, sizeof(end), size - (off_t)sizeof(end)) == (ssize_t)sizeof(end) &&
	       memcmp(end, END, sizeof(end)) == 0;
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
	if (!is_whole(fd, st.st_size))
		return refuse(err, size, path, "its end is missing");
	return 0;
}

static int open_file(const char *path, FILE **file, char *err, size_t size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail(err, size, path, "cannot be opened");
	int rc = check(fd, path, err, size);
	*file = rc == 0 ? fdopen(fd, "r") : NULL;
	if (*file != NULL)
		return 0;
	close(fd);
	return rc < 0 ? rc : -ENOMEM;
}

/* All before the leases, malloc'ed and made a JSON document. NULL: there is none of that shape. */
static char *read_head(struct snapshot_file *f)
{
	char *head = malloc(HEAD_MAX + sizeof(LEASES END));
	size_t used = 0;
	ssize_t n;

	while (head != NULL && (n = getline(&f->line, &f->room, f->file)) > 0) {
		if (strcmp(f->line, LEASES) == 0) {
			strcpy(head + used, LEASES END);
			return head;
		}
		if ((size_t)n > HEAD_MAX - used || strlen(f->line) != (size_t)n)
			break;
		memcpy(head + used, f->line, (size_t)n);
		used += (size_t)n;
	}
	free(head);
	return NULL;
}

static int load(const char *path, struct snapshot_file *f, char *err, size_t size)
{
	json_error_t at;
	int rc = open_file(path, &f->file, err, size);

	if (rc < 0)
		return rc;
	char *head = read_head(f);
	if (head == NULL)
		return refuse(err, size, path, "its leases do not stand on lines of their own");
	f->root = json_loads(head, JSON_REJECT_DUPLICATES, &at);
	free(head);
	if (f->root != NULL)
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
	f->boot_ms = json_integer_value(json_object_get(f->root, "boot_ms"));
	f->boot_id = json_string_value(json_object_get(f->root, "boot_id"));
	if (f->boot_id == NULL)
		f->boot_id = "";
	f->config = json_string_value(json_object_get(f->root, "config"));
	if (it == NULL || f->config == NULL)
		return refuse(err, size, path, "config or own lease are missing");
	f->own_name = json_object_iter_key(it);
	f->own_value = json_dumps(json_object_iter_value(it), JSON_COMPACT | JSON_ENCODE_ANY);
	return f->own_value != NULL ? 0 : -ENOMEM;
}

static int check_whose(const struct snapshot_file *f, const char *path, const char *prefix,
	const struct ovnet_addr *public_ip, char *err, size_t size)
{
	char ip[OVNET_ADDR_STRLEN];

	if (json_integer_value(json_object_get(f->root, "version")) != VERSION)
		return refuse(err, size, path, "of another version of ovnetd");
	if (!is(f->root, "prefix", prefix))
		return refuse(err, size, path, "of another lease tree (prefix)");
	if (!is(f->root, "public_ip", ovnet_addr_text(public_ip, ip, sizeof(ip))))
		return refuse(err, size, path, "of a node with another PublicIP");
	return 0;
}

int snapshot_read(const char *path, const char *prefix, const struct ovnet_addr *public_ip,
	struct snapshot_file *out, char *err, size_t size)
{
	*out = (struct snapshot_file){0};
	int rc = load(path, out, err, size);
	if (rc == 0)
		rc = check_whose(out, path, prefix, public_ip, err, size);
	if (rc == 0)
		rc = take(out, path, err, size);
	if (rc < 0)
		snapshot_file_free(out);
	return rc;
}

int64_t snapshot_age_s(const struct snapshot_file *f)
{
	char boot_id[BOOT_ID_SIZE];
	int64_t boot_ms = boot_clock_ms();

	boot_clock_id(boot_id);
	if (boot_id[0] != '\0' && strcmp(boot_id, f->boot_id) == 0 && boot_ms >= f->boot_ms)
		return (boot_ms - f->boot_ms) / 1000;
	int64_t age_s = (int64_t)time(NULL) - f->saved_at;
	return age_s < 0 && age_s >= -CLOCK_SLACK_S ? 0 : age_s;
}

/* `"name":value,` without its newline. Names need no escapes. */
static bool split(char *line, size_t n, const char **name, const char **value, size_t *value_len)
{
	char *quote = n > 0 && line[0] == '"' ? memchr(line + 1, '"', n - 1) : NULL;

	if (quote == NULL || quote[1] != ':' || memchr(line, '\\', (size_t)(quote - line)) != NULL)
		return false;
	*quote = '\0';
	*name = line + 1;
	*value = quote + 2;
	*value_len = (size_t)(line + n - *value);
	if (*value_len > 0 && (*value)[*value_len - 1] == ',')
		(*value_len)--;
	return strlen(*name) == (size_t)(quote - *name);
}

bool snapshot_next(struct snapshot_file *f, const char **name, const char **value, size_t *len)
{
	ssize_t n;

	while ((n = getline(&f->line, &f->room, f->file)) > 0 && strcmp(f->line, END) != 0) {
		n -= f->line[n - 1] == '\n';
		f->line[n] = '\0';
		if (split(f->line, (size_t)n, name, value, len))
			return true;
		f->left_out++;
	}
	return false;
}

void snapshot_file_free(struct snapshot_file *f)
{
	if (f->file != NULL)
		fclose(f->file);
	free(f->line);
	free(f->own_value);
	json_decref(f->root);
	*f = (struct snapshot_file){0};
}
