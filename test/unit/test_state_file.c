/* SPDX-License-Identifier: BSD-3-Clause */
/* What outlives the daemon: kept whole, never half read, never written through somebody's link. */
#include "run/state_file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "bed/cmocka.h"

#define ASIDE 100 /* names there are for what is set aside */

static char top[] = "/tmp/ovnet-state-XXXXXX", dir[64];

static const char *in_dir(const char *file)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

static bool is_there(const char *file)
{
	struct stat st;

	return lstat(in_dir(file), &st) == 0;
}

static void put(const char *file, const char *text)
{
	FILE *f = fopen(in_dir(file), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_dir(file), 0600), 0);
}

static void save(int number)
{
	json_t *o = json_pack("{s:i}", "number", number);

	assert_int_equal(state_save(dir, "s.json", o), 0);
	json_decref(o);
}

/* -1: nothing was loaded. */
static int load(void)
{
	json_t *o = state_load(dir, "s.json");
	int number = o != NULL ? (int)json_integer_value(json_object_get(o, "number")) : -1;

	json_decref(o);
	return number;
}

static void what_was_saved_is_there(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(load(), -1);
	assert_false(is_there("")); /* reading makes nothing */
	save(7);
	assert_int_equal(load(), 7);
	save(8);
	assert_int_equal(load(), 8);
	assert_int_equal(stat(in_dir("s.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_false(is_there("s.json.new"));
}

static void nowhere_is_a_place_too(void **state)
{
	json_t *o = json_object();

	(void)state;
	assert_int_equal(state_save("", "s.json", o), 0);
	assert_null(state_load("", "s.json"));
	json_decref(o);
}

/* A daemon that was killed between two steps: the file it was about to write stays behind. */
static void a_half_written_one_is_nobodys(void **state)
{
	(void)state;
	save(7);
	put("s.json.new", "{\"number\":");
	assert_int_equal(load(), 7);
	save(8);
	assert_int_equal(load(), 8);
	assert_false(is_there("s.json.new"));
}

static bool holds(const char *file, const char *text)
{
	char is[64] = "";
	FILE *f = fopen(in_dir(file), "r");

	if (f == NULL)
		return false;
	size_t len = fread(is, 1, sizeof(is) - 1, f);
	assert_int_equal(fclose(f), 0);
	return len == strlen(text) && memcmp(is, text, len) == 0;
}

/* Each beside the former ones: it may be all there is of somebody's ports. */
static void a_bad_one_is_set_aside(void **state)
{
	static const char *const bad[][2] = {{"s.json.bad", ""}, {"s.json.bad.1", "{\"number\":"},
		{"s.json.bad.2", "[1]"}, {"s.json.bad.3", "7"},
		{"s.json.bad.4", "{\"number\":1,\"number\":2}"}, {"s.json.bad.5", "\xff\xfe"}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		save(0);
		put("s.json", bad[i][1]);
		assert_int_equal(load(), -1);
		assert_false(is_there("s.json"));
		save(7);
		assert_int_equal(load(), 7);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(holds(bad[i][0], bad[i][1]));
}

/* No file more may be opened. */
static void let_open(bool may)
{
	static struct rlimit was;
	struct rlimit none;

	if (!may)
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, may ? &was : &none), 0);
}

/* Good for all we know: nothing takes its place until it was read. */
static void what_was_not_read_is_not_written_over(void **state)
{
	json_t *o = json_object();

	(void)state;
	save(7);
	let_open(false);
	int loaded = load();
	let_open(true);
	assert_int_equal(loaded, -1);
	assert_int_equal(state_save(dir, "s.json", o), -EMFILE);
	assert_int_equal(state_save(dir, "other", o), 0);
	assert_false(is_there("s.json.bad"));
	assert_int_equal(load(), 7);
	save(8);
	assert_int_equal(load(), 8);
	json_decref(o);
}

/* As little as one that was not read. */
static void what_cannot_be_set_aside_stays(void **state)
{
	json_t *o = json_object();
	char taken[32] = "s.json.bad";

	(void)state;
	save(0);
	put("s.json", "{");
	for (unsigned i = 0; i < ASIDE; i++) {
		assert_int_equal(symlink("nowhere", in_dir(taken)), 0);
		snprintf(taken, sizeof(taken), "s.json.bad.%u", i + 1);
	}
	assert_int_equal(load(), -1);
	assert_true(holds("s.json", "{"));
	assert_int_equal(state_save(dir, "s.json", o), -EEXIST);
	assert_int_equal(unlink(in_dir("s.json.bad")), 0);
	assert_int_equal(load(), -1);
	assert_true(holds("s.json.bad", "{"));
	save(7);
	assert_int_equal(load(), 7);
	json_decref(o);
}

static void who_else_could_write_is_not_believed(void **state)
{
	(void)state;
	save(7);
	assert_int_equal(chmod(in_dir("s.json"), 0666), 0);
	assert_int_equal(load(), -1);
	assert_true(is_there("s.json.bad"));
	assert_int_equal(mkdir(in_dir("s.json"), 0700), 0);
	assert_int_equal(load(), -1);
	assert_false(is_there("s.json"));
}

/* It is set aside, what it points to stays as it is. */
static void a_link_is_not_followed(void **state)
{
	char other[PATH_MAX];

	(void)state;
	save(7);
	snprintf(other, sizeof(other), "%s", in_dir("other"));
	put("other", "{\"number\":9}");
	assert_int_equal(unlink(in_dir("s.json")), 0);
	assert_int_equal(symlink(other, in_dir("s.json")), 0);
	assert_int_equal(load(), -1);
	assert_false(is_there("s.json"));
	assert_true(is_there("s.json.bad"));
	assert_int_equal(symlink(other, in_dir("s.json.new")), 0);
	save(8);
	assert_int_equal(load(), 8);
	json_t *o = state_load(dir, "other");
	assert_int_equal(json_integer_value(json_object_get(o, "number")), 9);
	json_decref(o);
}

/* The former one stays. */
static void what_cannot_be_written(void **state)
{
	json_t *o = json_object();
	char far[96];

	(void)state;
	save(7);
	assert_int_equal(mkdir(in_dir("s.json.new"), 0700), 0);
	assert_true(state_save(dir, "s.json", o) < 0);
	assert_int_equal(load(), 7);
	snprintf(far, sizeof(far), "%s/no/dir", dir);
	assert_int_equal(state_save(far, "s.json", o), -ENOENT);
	char *deep = calloc(1, PATH_MAX + 1);
	assert_non_null(deep);
	memset(deep, '/', PATH_MAX);
	assert_int_equal(state_save(deep, "s.json", o), -ENAMETOOLONG);
	assert_null(state_load(deep, "s.json"));
	free(deep);
	json_decref(o);
}

static int make(void **state)
{
	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(dir, sizeof(dir), "%s/lib", top);
	return ovnet_log_set_levels("error", NULL, 0);
}

static int clean(void **state)
{
	static const char *const files[] = {"s.json", "s.json.new", "s.json.bad", "other"};
	char aside[32];

	(void)state;
	for (unsigned i = 1; i < ASIDE; i++) {
		snprintf(aside, sizeof(aside), "s.json.bad.%u", i);
		if (remove(in_dir(aside)) < 0 && errno != ENOENT)
			return -1;
	}
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (remove(in_dir(files[i])) < 0 && errno != ENOENT)
			return -1;
	if (rmdir(dir) < 0 && errno != ENOENT)
		return -1;
	return rmdir(top);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_saved_is_there),
		CASE(nowhere_is_a_place_too),
		CASE(a_half_written_one_is_nobodys),
		CASE(a_bad_one_is_set_aside),
		CASE(what_was_not_read_is_not_written_over),
		CASE(what_cannot_be_set_aside_stays),
		CASE(who_else_could_write_is_not_believed),
		CASE(a_link_is_not_followed),
		CASE(what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("state_file", tests, NULL, NULL);
}
