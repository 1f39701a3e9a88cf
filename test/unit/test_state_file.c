/* SPDX-License-Identifier: BSD-3-Clause */
/* What outlives the daemon: kept whole, never half read, never written through somebody's link. */
#include "run/state_file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "bed/cmocka.h"

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

static void a_bad_one_is_set_aside(void **state)
{
	static const char *const bad[] = {
		"", "{\"number\":", "[1]", "7", "{\"number\":1,\"number\":2}", "\xff\xfe"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		save(0);
		put("s.json", bad[i]);
		assert_int_equal(load(), -1);
		assert_false(is_there("s.json"));
		assert_true(is_there("s.json.bad"));
		save(7);
		assert_int_equal(load(), 7);
	}
}

static void who_else_could_write_is_not_believed(void **state)
{
	(void)state;
	save(7);
	assert_int_equal(chmod(in_dir("s.json"), 0666), 0);
	assert_int_equal(load(), -1);
	assert_true(is_there("s.json.bad"));
	assert_int_equal(unlink(in_dir("s.json.bad")), 0);
	assert_int_equal(mkdir(in_dir("s.json"), 0700), 0);
	assert_int_equal(load(), -1);
	assert_false(is_there("s.json"));
}

/* The link is replaced, what it points to stays as it is. */
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

	(void)state;
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
		CASE(who_else_could_write_is_not_believed),
		CASE(a_link_is_not_followed),
		CASE(what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("state_file", tests, NULL, NULL);
}
