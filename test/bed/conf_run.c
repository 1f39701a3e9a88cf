/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/conf_run.h"

char file[64];

/* Sends `fd` to a temporary file; returns a copy of the real one. */
static int divert(int fd, FILE **tmp)
{
	fflush(NULL);
	int saved = dup(fd);
	*tmp = tmpfile();
	assert_non_null(*tmp);
	assert_true(dup2(fileno(*tmp), fd) >= 0);
	return saved;
}

static char *restore(int fd, int saved, FILE *tmp)
{
	fflush(NULL);
	assert_true(dup2(saved, fd) >= 0);
	close(saved);
	fseek(tmp, 0, SEEK_END);
	long len = ftell(tmp);
	rewind(tmp);
	char *text = calloc(1, (size_t)len + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)len, tmp), len);
	fclose(tmp);
	return text;
}

void load(struct run *r, const char *const *args)
{
	char *argv[MAX_ARGS + 2] = {(char *)"ovnetd"};
	int argc = 1;
	FILE *out, *err;

	while (argc <= MAX_ARGS && args[argc - 1] != NULL) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	int saved_out = divert(STDOUT_FILENO, &out), saved_err = divert(STDERR_FILENO, &err);
	r->err = conf_load(&r->conf, argc, argv, &r->action);
	r->errors = restore(STDERR_FILENO, saved_err, err);
	r->out = restore(STDOUT_FILENO, saved_out, out);
}

void done(struct run *r)
{
	conf_free(&r->conf);
	free(r->out);
	free(r->errors);
}

void write_bytes(const char *text, size_t len)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

void load_file(struct run *r, const char *text)
{
	write_text(text);
	load(r, (const char *const[]){"--config", file, NULL});
}

void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" not in:\n%s", part, text);
}

void refused(const char *text, unsigned line, const char *error)
{
	struct run r;
	char where[128];

	load_file(&r, text);
	snprintf(where, sizeof(where), "ovnetd: %s:%u: ", file, line);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, where);
	expect(strstr(r.errors, where), error);
	done(&r);
}

void flag_refused(const char *flag, const char *error)
{
	struct run r;

	LOAD(&r, flag);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, "ovnetd: command line: ");
	expect(r.errors, error);
	done(&r);
}

int make_file(void **state)
{
	(void)state;
	snprintf(file, sizeof(file), "/tmp/ovnet-options-XXXXXX");
	int fd = mkstemp(file);
	return fd < 0 ? -1 : close(fd);
}

int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}
