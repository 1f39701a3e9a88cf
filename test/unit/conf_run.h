/* SPDX-License-Identifier: BSD-3-Clause */
/* One run of conf_load on a file and a command line, and what it printed. For test_options.c and
 * test_conf_file.c, which include it once each. */
#ifndef OVNET_TEST_CONF_RUN_H
#define OVNET_TEST_CONF_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/reader.h"

#define MAX_ARGS 8

/* What one run of conf_load left. */
struct run {
	struct conf conf;
	enum conf_action action;
	int err;
	char *out, *errors; /* stdout, stderr */
};

static char file[64];

/* Sends `fd` to a temporary file; returns a copy of the real one. */
static inline int divert(int fd, FILE **tmp)
{
	fflush(NULL);
	int saved = dup(fd);
	*tmp = tmpfile();
	assert_non_null(*tmp);
	assert_true(dup2(fileno(*tmp), fd) >= 0);
	return saved;
}

static inline char *restore(int fd, int saved, FILE *tmp)
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

static inline void load(struct run *r, const char *const *args)
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

static inline void done(struct run *r)
{
	conf_free(&r->conf);
	free(r->out);
	free(r->errors);
}

static inline void write_bytes(const char *text, size_t len)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

static inline void load_file(struct run *r, const char *text)
{
	write_text(text);
	load(r, (const char *const[]){"--config", file, NULL});
}

#define LOAD(r, ...) load(r, (const char *const[]){__VA_ARGS__, NULL})

static inline void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" not in:\n%s", part, text);
}

/* The file is refused with `error` at `line`. */
static inline void refused(const char *text, unsigned line, const char *error)
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

static inline void flag_refused(const char *flag, const char *error)
{
	struct run r;

	LOAD(&r, flag);
	assert_int_equal(r.err, -EINVAL);
	expect(r.errors, "ovnetd: command line: ");
	expect(r.errors, error);
	done(&r);
}

static inline int make_file(void **state)
{
	(void)state;
	snprintf(file, sizeof(file), "/tmp/ovnet-options-XXXXXX");
	int fd = mkstemp(file);
	return fd < 0 ? -1 : close(fd);
}

static inline int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

#endif
