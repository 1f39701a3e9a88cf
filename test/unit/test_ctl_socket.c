/* SPDX-License-Identifier: BSD-3-Clause */
/* How the control socket comes to be: lock, mode, stale and live ones. */
#include "bed/ctl_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define WAIT_MS 5000

static json_t *ping(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)params, (void)err, (void)err_size;
	return json_string("pong");
}

/* Whose connection it is then; what is behind the answer's line is its own affair. */
static _Atomic int given = -1;

static int go_on(void *arg, const json_t *params, int fd, char *err, size_t err_size)
{
	static const char answer[] = "{\"result\":1}\nabc";

	(void)arg;
	if (params == NULL) {
		snprintf(err, err_size, "not without params");
		close(fd);
		return -EINVAL;
	}
	assert_int_equal(send(fd, answer, sizeof(answer) - 1, 0), sizeof(answer) - 1);
	given = fd;
	return 0;
}

static const struct ovnet_ctl_method methods[] = {
	{"ping", ping}, {"go-on", .stream = go_on}, {NULL, NULL}};

static void answers(const struct daemon *d)
{
	char text[512];
	json_t *result = ovnet_ctl_call(d->path, "ping", NULL, WAIT_MS, text, sizeof(text));

	assert_string_equal(json_string_value(result), "pong");
	json_decref(result);
}

static void a_method_goes_on_by_itself(void **state)
{
	struct daemon d;
	char err[512] = "", buf[16];
	json_t *params = json_object();

	(void)state;
	daemon_prepare(&d);
	daemon_start(&d, 0600, 30, methods);

	assert_int_equal(ovnet_ctl_stream(d.path, "go-on", NULL, WAIT_MS, err, sizeof(err)), -1);
	assert_string_equal(err, "not without params");
	assert_int_equal(ovnet_ctl_stream(d.path, "went-on", NULL, WAIT_MS, err, sizeof(err)), -1);
	int fd = ovnet_ctl_stream(d.path, "go-on", params, WAIT_MS, err, sizeof(err));
	assert_true(fd >= 0);
	assert_int_equal(recv(fd, buf, 3, MSG_WAITALL), 3);
	assert_memory_equal(buf, "abc", 3);
	/* The server has let go of it, and goes on itself. */
	for (unsigned i = 0; i < 2 * OVNET_CTL_CLIENTS; i++) {
		json_t *o = ovnet_ctl_call(d.path, "ping", params, WAIT_MS, err, sizeof(err));
		assert_non_null(o);
		json_decref(o);
	}
	assert_int_equal(send(given, "def", 3, 0), 3);
	close(given);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_WAITALL), 3);
	assert_memory_equal(buf, "def", 3);
	close(fd);
	json_decref(params);
	daemon_stop(&d);
	daemon_remove(&d);
}

static void second_server_is_refused(void **state)
{
	struct daemon d;
	struct event_base *base = event_base_new();
	char lock[128];
	int err = 0;

	(void)state;
	daemon_prepare(&d);
	daemon_start(&d, 0600, 30, methods);

	assert_non_null(base);
	assert_null(ovnet_ctl_server_new(base, d.path, 0600, (gid_t)-1, methods, NULL, NULL, &err));
	assert_int_equal(err, -EADDRINUSE);
	/* Even when somebody removed the lock: the socket answers. */
	snprintf(lock, sizeof(lock), "%s.lock", d.path);
	assert_int_equal(unlink(lock), 0);
	assert_null(ovnet_ctl_server_new(base, d.path, 0600, (gid_t)-1, methods, NULL, NULL, &err));
	assert_int_equal(err, -EADDRINUSE);
	event_base_free(base);
	answers(&d); /* the first one was not disturbed */
	daemon_stop(&d);
	daemon_remove(&d);
}

static void modes_hold_whatever_the_umask(void **state)
{
	struct daemon d;
	struct stat st;
	char dir[128], lock[128];
	mode_t old = umask(0077);

	(void)state;
	daemon_prepare(&d);
	daemon_start(&d, 0666, 30, methods);
	umask(old);
	assert_int_equal(stat(d.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	snprintf(dir, sizeof(dir), "%s/run", d.dir);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	snprintf(lock, sizeof(lock), "%s.lock", d.path);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	daemon_stop(&d);
	daemon_remove(&d);
}

/* A daemon that is killed leaves socket and lock file; the next one takes them. */
static void stale_socket_is_replaced(void **state)
{
	struct daemon d;
	int ready[2], status;
	char c;

	(void)state;
	daemon_prepare(&d);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int err;
		struct event_base *base = event_base_new();
		if (ovnet_ctl_server_new(
			    base, d.path, 0600, (gid_t)-1, methods, NULL, NULL, &err) == NULL)
			_exit(1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(access(d.path, F_OK), 0);
	daemon_start(&d, 0600, 30, methods);
	answers(&d);
	daemon_stop(&d);
	daemon_remove(&d);
}

static void no_file_but_a_socket_is_touched(void **state)
{
	struct daemon d;
	struct event_base *base = event_base_new();
	int err;
	char long_path[256];

	(void)state;
	assert_non_null(base);
	daemon_prepare(&d);
	strcpy(d.path + strlen(d.dir), "/d.sock");
	int fd = open(d.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_null(ovnet_ctl_server_new(base, d.path, 0600, (gid_t)-1, methods, NULL, NULL, &err));
	assert_int_equal(err, -EEXIST);
	assert_int_equal(access(d.path, F_OK), 0);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	assert_null(
		ovnet_ctl_server_new(base, long_path, 0600, (gid_t)-1, methods, NULL, NULL, &err));
	assert_int_equal(err, -ENAMETOOLONG);
	assert_null(ovnet_ctl_server_new(
		base, "/nonexistent/x/d.sock", 0600, (gid_t)-1, methods, NULL, NULL, &err));
	assert_int_equal(err, -ENOENT);
	event_base_free(base);
	daemon_remove(&d);
}

static void errors_tell_what_to_do(void **state)
{
	char err[512];
	struct daemon d;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	(void)state;
	assert_null(ovnet_ctl_call("/nonexistent/d.sock", "x", NULL, WAIT_MS, err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent/d.sock: no ovnetd listens there"));
	assert_non_null(strstr(err, "systemctl status ovnetd"));
	/* One that accepts and never answers. */
	daemon_prepare(&d);
	strcpy(d.path + strlen(d.dir), "/d.sock");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(addr.sun_path, d.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_null(ovnet_ctl_call(d.path, "x", NULL, 100, err, sizeof(err)));
	assert_non_null(strstr(err, "no answer in time"));
	close(fd);
	assert_null(ovnet_ctl_call(d.path, "x", NULL, 100, err, sizeof(err)));
	assert_non_null(strstr(err, "Connection refused"));
	daemon_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_method_goes_on_by_itself),
		cmocka_unit_test(second_server_is_refused),
		cmocka_unit_test(modes_hold_whatever_the_umask),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(no_file_but_a_socket_is_touched),
		cmocka_unit_test(errors_tell_what_to_do),
	};
	return cmocka_run_group_tests_name("ctl_socket", tests, NULL, NULL);
}
