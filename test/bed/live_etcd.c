/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/live_etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

const char *live_api = "3";

int live_free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		abort();
	close(fd);
	return ntohs(a.sin_port);
}

int live_run(char *const argv[], char *out, size_t size)
{
	int pipe_fds[2];
	size_t used = 0;
	char sink[256];
	ssize_t n;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("ETCDCTL_API", live_api, 1);
		dup2(pipe_fds[1], 1);
		dup2(pipe_fds[1], 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	do {
		bool room = out != NULL && used + 1 < size;
		n = read(pipe_fds[0], room ? out + used : sink,
			room ? size - used - 1 : sizeof(sink));
		if (n > 0 && room)
			used += (size_t)n;
	} while (n > 0);
	close(pipe_fds[0]);
	if (out != NULL)
		out[used] = '\0';
	int status = -1;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool live_v2(void)
{
	return live_api[0] == '2';
}

bool live_put(const struct live_etcd *e, const char *key, const char *value)
{
	return live_ctl(e, NULL, 0, (char *)(live_v2() ? "set" : "put"), (char *)key,
		       (char *)value) == 0;
}

bool live_del(const struct live_etcd *e, const char *key)
{
	return live_ctl(e, NULL, 0, (char *)(live_v2() ? "rm" : "del"), (char *)key) == 0;
}

void live_get(const struct live_etcd *e, const char *key, char *out, size_t size)
{
	int rc = live_v2() ? live_ctl(e, out, size, (char *)"get", (char *)"--quorum", (char *)key)
			   : live_ctl(e, out, size, (char *)"get", (char *)"--print-value-only",
				     (char *)key);

	out[rc == 0 ? strcspn(out, "\n") : 0] = '\0';
}

void live_details(const struct live_etcd *e, const char *key, char *out, size_t size)
{
	char url[320];

	if (!live_v2()) {
		live_ctl(e, out, size, (char *)"get", (char *)key, (char *)"-w", (char *)"fields");
		return;
	}
	snprintf(url, sizeof(url), "%s/v2/keys%s?quorum=true", e->url, key);
	live_run((char *[]){(char *)"curl", (char *)"-s", url, NULL}, out, size);
}

bool live_has_ttl(const struct live_etcd *e, const char *key)
{
	char text[800];

	live_details(e, key, text, sizeof(text));
	return live_v2() ? strstr(text, "\"ttl\":") != NULL
			 : strstr(text, "\"Version\"") != NULL &&
				   strstr(text, "\"Lease\" : 0\n") == NULL;
}

bool live_authentication(struct live_etcd *e)
{
	bool done =
		live_ctl(e, NULL, 0, (char *)"user", (char *)"add", (char *)"root:secret") == 0 &&
		live_ctl(e, NULL, 0, (char *)"user", (char *)"grant-role", (char *)"root",
			(char *)"root") == 0 &&
		live_ctl(e, NULL, 0, (char *)"auth", (char *)"enable") == 0;

	e->user = "root:secret";
	return done;
}

void live_prepare(struct live_etcd *e, const char *scheme)
{
	strcpy(e->dir, "/tmp/ovnet-etcd-XXXXXX");
	if (mkdtemp(e->dir) == NULL)
		abort();
	snprintf(e->url, sizeof(e->url), "%s://127.0.0.1:%d", scheme, live_free_port());
	snprintf(e->peer_url, sizeof(e->peer_url), "http://127.0.0.1:%d", live_free_port());
}

/* It answers, and writes can be done. */
static bool live_health(const struct live_etcd *e)
{
	const char *api = live_api;

	live_api = "3";
	int rc = live_ctl(e, NULL, 0, (char *)"get", (char *)"/");
	live_api = api;
	return rc == 0;
}

void live_spawn(struct live_etcd *e)
{
	const char *name = e->name != NULL ? e->name : "default";
	char data[96], initial[96];

	if (e->dir[0] == '\0')
		live_prepare(e, "http");
	snprintf(data, sizeof(data), "%s/data", e->dir);
	snprintf(initial, sizeof(initial), "default=%s", e->peer_url);
	e->pid = fork();
	if (e->pid == 0) {
		int null = open("/dev/null", O_WRONLY);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 1);
		dup2(null, 2);
		execlp("etcd", "etcd", "--name", name, "--data-dir", data, "--listen-client-urls",
			e->url, "--advertise-client-urls", e->url, "--listen-peer-urls",
			e->peer_url, "--initial-advertise-peer-urls", e->peer_url,
			"--initial-cluster", e->cluster != NULL ? e->cluster : initial,
			e->only_v3 ? "--enable-v2=false" : "--enable-v2=true", (char *)NULL);
		_exit(127);
	}
}

void live_wait(const struct live_etcd *e)
{
	for (int i = 0; i < 100; i++) {
		if (live_health(e))
			return;
		usleep(50000);
	}
	fprintf(stderr, "etcd does not start\n");
	abort();
}

void live_start(struct live_etcd *e)
{
	live_spawn(e);
	live_wait(e);
}

void live_kill(struct live_etcd *e)
{
	if (e->pid > 0) {
		kill(e->pid, SIGKILL);
		waitpid(e->pid, NULL, 0);
	}
	e->pid = 0;
}

static int live_unlink(const char *path, const struct stat *s, int type, struct FTW *f)
{
	(void)s, (void)type, (void)f;
	return remove(path);
}

void live_remove_dir(const char *dir)
{
	nftw(dir, live_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

void live_remove(struct live_etcd *e)
{
	live_kill(e);
	if (e->dir[0] != '\0')
		live_remove_dir(e->dir);
	*e = (struct live_etcd){0};
}
