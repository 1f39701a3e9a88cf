/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/live_lossy.h"

#include <poll.h>
#include <sys/mman.h>

struct lossy_rule *rule;

bool has(const char *buf, size_t n, const char *text)
{
	return text[0] != '\0' && memmem(buf, n, text, strlen(text)) != NULL;
}

static bool applies(const char *buf, size_t n)
{
	if (rule->hits >= rule->times || !has(buf, n, rule->match) || has(buf, n, rule->unless))
		return false;
	rule->hits++;
	while (rule->late && !rule->go)
		usleep(1000);
	return !rule->late;
}

/* False: over. */
static bool pass_on(int from, int to, bool is_client, bool *held)
{
	char buf[16384];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n <= 0)
		return false;
	rule->logins += is_client && has(buf, (size_t)n, "/auth/authenticate");
	if (is_client && !*held)
		*held = applies(buf, (size_t)n);
	if (*held && !rule->pass && (!is_client || rule->deaf))
		return true;
	return write(to, buf, (size_t)n) == n;
}

void serve(int fd, const char *server)
{
	int up = dial(server);
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = up, .events = POLLIN}};
	bool held = false;

	while (!held || !rule->cut) {
		if (poll(fds, 2, 10) <= 0)
			continue;
		for (unsigned i = 0; i < 2; i++)
			if (fds[i].revents != 0 &&
				!pass_on(fds[i].fd, fds[1 - i].fd, i == 0, &held))
				return;
	}
	if (write(fd, rule->last, strlen(rule->last)) < 0)
		perror("the proxy's last word");
}

void hold(const char *match)
{
	memset(rule, 0, sizeof(*rule));
	rule->times = 1;
	snprintf(rule->match, sizeof(rule->match), "%s", match);
}

pid_t proxy;

int share_rule(void **state)
{
	rule = mmap(NULL, sizeof(*rule), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return rule == MAP_FAILED ? -1 : start_all(state);
}
