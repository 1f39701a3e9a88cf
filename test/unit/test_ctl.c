/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/ctl_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define WAIT_MS 5000

static json_t *echo(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg;
	if (params == NULL) {
		snprintf(err, err_size, "echo needs params");
		return NULL;
	}
	return json_deep_copy(params);
}

static json_t *big(void *arg, const json_t *params, char *err, size_t err_size)
{
	size_t size = (size_t)json_integer_value(json_object_get(params, "size"));
	char *text = malloc(size + 1);

	(void)arg, (void)err, (void)err_size;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	json_t *o = json_string(text);
	free(text);
	return o;
}

static json_t *refuse(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params;
	snprintf(err, err_size, "cut within a character: \xc3");
	return NULL;
}

/* A list of so many numbers; how far the walks came and how many are open. */
static _Atomic int rows_made, walks_open;

static void *count_open(void *arg, const json_t *params, char *err, size_t err_size)
{
	json_int_t n = json_integer_value(json_object_get(params, "rows"));
	int *walk = calloc(2, sizeof(*walk));

	(void)arg;
	assert_non_null(walk);
	if (n < 0) {
		snprintf(err, err_size, "no list");
		free(walk);
		return NULL;
	}
	walk[1] = (int)n;
	walks_open++;
	return walk;
}

static bool count_next(void *arg, void *walk, json_t **row)
{
	int *w = walk;

	(void)arg;
	if (w[0] == w[1])
		return false;
	*row = json_integer(w[0]++);
	rows_made++;
	return true;
}

static void count_close(void *walk)
{
	walks_open--;
	free(walk);
}

static const struct ovnet_ctl_rows count = {count_open, count_next, count_close};

static const struct ovnet_ctl_method methods[] = {
	{"echo", echo}, {"big", big}, {"fail", refuse}, {"count", NULL, &count}, {NULL}};

static int setup_idle(void **state, unsigned idle_s)
{
	struct daemon *d = malloc(sizeof(*d));

	assert_non_null(d);
	daemon_prepare(d);
	daemon_start(d, 0660, idle_s, methods);
	*state = d;
	return 0;
}

static int setup(void **state)
{
	return setup_idle(state, 30);
}

static int setup_impatient(void **state)
{
	return setup_idle(state, 1);
}

static int teardown(void **state)
{
	struct daemon *d = *state;

	daemon_stop(d);
	assert_int_equal(access(d->path, F_OK), -1);
	daemon_remove(d);
	free(d);
	return 0;
}

static int dial(const struct daemon *d)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, d->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void put(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

static void put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

/* One line, or "" when the server closed. */
static void get(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		if (recv(fd, buf + n, 1, 0) != 1 || buf[n] == '\n')
			break;
		n++;
	}
	buf[n] = '\0';
}

static void ask(int fd, const char *line, const char *answer)
{
	char buf[512];

	put_text(fd, line);
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, answer);
}

static void good_call(void **state)
{
	const struct daemon *d = *state;
	char err[512] = "";
	json_t *params = json_pack("{s:i,s:s}", "a", 1, "b", "two");
	json_t *result = ovnet_ctl_call(d->path, "echo", params, WAIT_MS, err, sizeof(err));

	assert_string_equal(err, "");
	assert_true(json_equal(result, params));
	json_decref(result);
	json_decref(params);
	assert_null(ovnet_ctl_call(d->path, "echo", NULL, WAIT_MS, err, sizeof(err)));
	assert_string_equal(err, "echo needs params");
}

static void unknown_method_names_the_known(void **state)
{
	const struct daemon *d = *state;
	char err[512] = "";

	assert_null(ovnet_ctl_call(d->path, "ech", NULL, WAIT_MS, err, sizeof(err)));
	assert_string_equal(err, "unknown method; there are echo, big, fail, count");
}

static void text_that_is_not_utf8_still_answers(void **state)
{
	const struct daemon *d = *state;
	char err[512] = "";

	assert_null(ovnet_ctl_call(d->path, "fail", NULL, WAIT_MS, err, sizeof(err)));
	assert_string_equal(err, "failed; the reason cannot be shown");
}

static void garbage_gets_an_error_and_the_client_stays(void **state)
{
	int fd = dial(*state);
	static const char nul[] = "{\"method\":\"ec\0ho\"}\n";
	static const char none[] = "{\"error\":\"a request is one line of JSON, this is none\"}";
	static const char no_method[] =
		"{\"error\":\"a request is an object with a text as \\\"method\\\"\"}";
	char buf[512];

	ask(fd, "\n", none);
	ask(fd, "GET / HTTP/1.1\r\n", none);
	ask(fd, "{\"method\":\"echo\",\"method\":\"big\"}\n", none);
	ask(fd, "{\"method\":\"echo\\u0000\"}\n", none);
	ask(fd, "\xff\xfe\n", none);
	put(fd, nul, sizeof(nul) - 1);
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, none);
	ask(fd, "[]\n", no_method);
	ask(fd, "{\"method\":5}\n", no_method);
	ask(fd, "{\"method\":\"echo\",\"params\":[1]}\n",
		"{\"error\":\"\\\"params\\\" is not an object\"}");
	ask(fd, "{\"method\":\"echo\",\"params\":{}}\r\n", "{\"result\":{}}");
	close(fd);
}

static void deep_nesting_is_refused(void **state)
{
	int fd = dial(*state);
	char *line = malloc(OVNET_CTL_LINE_MAX + 1), buf[512];

	assert_non_null(line);
	memset(line, '[', OVNET_CTL_LINE_MAX);
	line[OVNET_CTL_LINE_MAX] = '\n';
	put(fd, line, OVNET_CTL_LINE_MAX + 1);
	get(fd, buf, sizeof(buf));
	assert_non_null(strstr(buf, "this is none"));
	ask(fd, "{\"method\":\"echo\",\"params\":{}}\n", "{\"result\":{}}");
	free(line);
	close(fd);
}

static void line_length_is_bounded(void **state)
{
	const struct daemon *d = *state;
	int fd = dial(d);
	char *line = malloc(OVNET_CTL_LINE_MAX + 2), buf[512];

	assert_non_null(line);
	memset(line, ' ', OVNET_CTL_LINE_MAX + 1);
	line[OVNET_CTL_LINE_MAX] = '\n'; /* the longest there may be */
	memcpy(line, "{\"method\":\"echo\",\"params\":{}}", 29);
	put(fd, line, OVNET_CTL_LINE_MAX + 1);
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"result\":{}}");
	line[OVNET_CTL_LINE_MAX] = ' '; /* one more */
	put(fd, line, OVNET_CTL_LINE_MAX + 1);
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"error\":\"a request has at most 65536 bytes\"}");
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, ""); /* closed */
	free(line);
	close(fd);
}

static void requests_in_one_packet_and_in_pieces(void **state)
{
	int fd = dial(*state);
	char buf[512];

	put_text(fd, "{\"method\":\"echo\",\"params\":{\"n\":1}}\n{\"method\":\"echo\",\"par");
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"result\":{\"n\":1}}");
	put_text(fd, "ams\":{\"n\":2}}\n{\"method\":\"x\"}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"result\":{\"n\":2}}");
	get(fd, buf, sizeof(buf));
	assert_string_equal(
		buf, "{\"error\":\"unknown method; there are echo, big, fail, count\"}");
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "");
	close(fd);
}

static void one_client_too_many_is_told(void **state)
{
	const struct daemon *d = *state;
	int fd[OVNET_CTL_CLIENTS];
	char err[512] = "";

	for (unsigned i = 0; i < OVNET_CTL_CLIENTS; i++) {
		fd[i] = dial(d);
		ask(fd[i], "{\"method\":\"echo\",\"params\":{}}\n", "{\"result\":{}}");
	}
	assert_null(ovnet_ctl_call(d->path, "echo", NULL, WAIT_MS, err, sizeof(err)));
	assert_string_equal(err, "too many clients; try again later");
	close(fd[0]);
	ask(fd[1], "{\"method\":\"echo\",\"params\":{}}\n", "{\"result\":{}}");
	json_t *params = json_object();
	json_t *result = ovnet_ctl_call(d->path, "echo", params, WAIT_MS, err, sizeof(err));
	assert_true(json_is_object(result));
	json_decref(result);
	json_decref(params);
	for (unsigned i = 1; i < OVNET_CTL_CLIENTS; i++)
		close(fd[i]);
}

static void idle_client_is_closed(void **state)
{
	int fd = dial(*state);
	char buf[16];

	put(fd, "{\"met", 5);
	get(fd, buf, sizeof(buf)); /* waits for the idle time */
	assert_string_equal(buf, "");
	close(fd);
}

static void large_answer_arrives_whole(void **state)
{
	const struct daemon *d = *state;
	json_t *params = json_pack("{s:i}", "size", 20 * 1024 * 1024);
	char err[512] = "";
	json_t *result = ovnet_ctl_call(d->path, "big", params, 2 * WAIT_MS, err, sizeof(err));

	assert_string_equal(err, "");
	assert_int_equal(json_string_length(result), 20 * 1024 * 1024);
	json_decref(result);
	json_object_set_new(params, "size", json_integer(OVNET_CTL_ANSWER_MAX));
	assert_null(ovnet_ctl_call(d->path, "big", params, 2 * WAIT_MS, err, sizeof(err)));
	assert_string_equal(err, "the answer is too large; ask for less");
	json_decref(params);
}

static size_t drain(int fd)
{
	static char buf[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		sum += (size_t)n;
	return sum;
}

/* It asks again and again and never reads: it gets no second answer, and is cut. */
static void slow_reader_is_cut(void **state)
{
	const struct daemon *d = *state;
	int fd = dial(d);
	static const char line[] = "{\"method\":\"big\",\"params\":{\"size\":4000000}}\n";

	for (unsigned i = 0; i < 100; i++)
		put(fd, line, sizeof(line) - 1);
	nanosleep(&(struct timespec){2, 0}, NULL);
	assert_true(drain(fd) < 4000000); /* what the kernel had taken, no more */
	close(fd);
}

/* Slower than the idle time as a whole, but reading all the time: not cut. */
static void patient_reader_gets_all(void **state)
{
	int fd = dial(*state);
	static const char line[] = "{\"method\":\"big\",\"params\":{\"size\":4000000}}\n";
	static char buf[400000];
	size_t sum = 0;

	put(fd, line, sizeof(line) - 1);
	for (unsigned i = 0; i < 10; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_WAITALL);
		assert_int_equal(n, sizeof(buf));
		sum += (size_t)n;
		nanosleep(&(struct timespec){0, 250000000}, NULL);
	}
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(sum + drain(fd), strlen("{\"result\":\"\"}\n") + 4000000);
	close(fd);
}

static json_t *count_to(const struct daemon *d, int n, char *err, size_t size)
{
	json_t *params = json_pack("{s:i}", "rows", n);
	json_t *list = ovnet_ctl_call(d->path, "count", params, WAIT_MS, err, size);

	json_decref(params);
	return list;
}

static void lists_arrive_whole(void **state)
{
	static const int sizes[] = {0, 1, 255, 256, 257, 100000};
	const struct daemon *d = *state;
	char err[256] = "";

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		json_t *list = count_to(d, sizes[i], err, sizeof(err));
		assert_non_null(list);
		assert_int_equal(json_array_size(list), sizes[i]);
		for (int k = 0; k < sizes[i]; k++)
			assert_int_equal(json_integer_value(json_array_get(list, (size_t)k)), k);
		json_decref(list);
	}
	assert_null(count_to(d, -1, err, sizeof(err)));
	assert_string_equal(err, "no list");
	assert_int_equal(walks_open, 0);
}

/* What follows a list on the same connection waits for its end. */
static void requests_behind_a_list_wait(void **state)
{
	const struct daemon *d = *state;
	char buf[16384];
	int fd = dial(d);

	put_text(fd, "{\"method\":\"count\",\"params\":{\"rows\":1000}}\n"
		     "{\"method\":\"echo\",\"params\":{}}\n");
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 6, ",999]}");
	get(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"result\":{}}");
	close(fd);
}

/* A reader that stops holds a part in memory, not the list; its walk ends with it. */
static void list_is_made_as_it_is_read(void **state)
{
	const struct daemon *d = *state;
	char buf[64];
	int fd = dial(d);

	rows_made = 0;
	put_text(fd, "{\"method\":\"count\",\"params\":{\"rows\":10000000}}\n");
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_WAITALL), sizeof(buf));
	usleep(200000);
	assert_in_range(rows_made, 1, 1000000);
	assert_int_equal(walks_open, 1);
	close(fd);
	for (unsigned i = 0; i < 100 && walks_open > 0; i++)
		usleep(20000);
	assert_int_equal(walks_open, 0);
	int again = dial(d);
	ask(again, "{\"method\":\"echo\",\"params\":{}}\n", "{\"result\":{}}");
	close(again);
}

static void client_that_vanishes_harms_nobody(void **state)
{
	const struct daemon *d = *state;
	static const char line[] = "{\"method\":\"big\",\"params\":{\"size\":4000000}}\n";

	for (unsigned i = 0; i < 10; i++) {
		int fd = dial(d);
		put(fd, line, sizeof(line) - 1);
		close(fd);
	}
	int fd = dial(d);
	ask(fd, "{\"method\":\"echo\",\"params\":{}}\n", "{\"result\":{}}");
	close(fd);
}

#define CASE(name)      cmocka_unit_test_setup_teardown(name, setup, teardown)
#define IMPATIENT(name) cmocka_unit_test_setup_teardown(name, setup_impatient, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(good_call),
		CASE(unknown_method_names_the_known),
		CASE(text_that_is_not_utf8_still_answers),
		CASE(garbage_gets_an_error_and_the_client_stays),
		CASE(deep_nesting_is_refused),
		CASE(line_length_is_bounded),
		CASE(requests_in_one_packet_and_in_pieces),
		CASE(one_client_too_many_is_told),
		IMPATIENT(idle_client_is_closed),
		CASE(large_answer_arrives_whole),
		IMPATIENT(slow_reader_is_cut),
		IMPATIENT(patient_reader_gets_all),
		CASE(lists_arrive_whole),
		CASE(requests_behind_a_list_wait),
		CASE(list_is_made_as_it_is_read),
		CASE(client_that_vanishes_harms_nobody),
	};
	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
