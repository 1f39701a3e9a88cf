/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel/firewall.h's functions: they write down what was asked. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bed/fake_kernel_int.h"

struct ovnet_firewall {
	int stop_fd;
	struct ovnet_firewall_rules in_force;
	bool any;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_firewall seen;
static int gate = -1; /* readable: open; -1: there is none */

struct ovnet_firewall *ovnet_firewall_new(int stop_fd)
{
	struct ovnet_firewall *f = calloc(1, sizeof(*f));

	if (f != NULL)
		f->stop_fd = stop_fd;
	return f;
}

void ovnet_firewall_free(struct ovnet_firewall *f)
{
	free(f);
}

static void wait_at_gate(const struct ovnet_firewall *f, int fd)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = f->stop_fd, .events = POLLIN}};

	while (fd >= 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

static unsigned families(const struct ovnet_firewall_rules *r)
{
	return (unsigned)r->has_v4 + (unsigned)r->has_v6;
}

void ovnet_firewall_apply(struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	struct ovnet_firewall_outcome *out)
{
	*out = (struct ovnet_firewall_outcome){0};
	pthread_mutex_lock(&lock);
	seen.rules = *rules;
	seen.applied++;
	int fd = gate;
	pthread_mutex_unlock(&lock);
	wait_at_gate(f, fd);
	pthread_mutex_lock(&lock);
	if (rules->masquerade)
		snprintf(out->masquerade_error, sizeof(out->masquerade_error), "%s", seen.error);
	if (rules->forward)
		snprintf(out->forward_error, sizeof(out->forward_error), "%s", seen.error);
	bool well = seen.error[0] == '\0';
	pthread_mutex_unlock(&lock);
	if (!well || (f->any && memcmp(&f->in_force, rules, sizeof(*rules)) == 0))
		return;
	out->masquerade = rules->masquerade ? families(rules) : 0;
	out->forward = rules->forward ? families(rules) : 0;
	f->in_force = *rules;
	f->any = true;
}

struct fake_firewall fake_firewall_seen(void)
{
	pthread_mutex_lock(&lock);
	struct fake_firewall copy = seen;
	pthread_mutex_unlock(&lock);
	return copy;
}

void fake_firewall_fail(const char *error)
{
	pthread_mutex_lock(&lock);
	snprintf(seen.error, sizeof(seen.error), "%s", error != NULL ? error : "");
	pthread_mutex_unlock(&lock);
}

void fake_firewall_hold(bool hold)
{
	pthread_mutex_lock(&lock);
	bool wrong = hold == (gate >= 0);
	if (!wrong && hold)
		gate = eventfd(0, EFD_CLOEXEC);
	if (!wrong)
		wrong = gate < 0 || (!hold && eventfd_write(gate, 1) < 0);
	pthread_mutex_unlock(&lock);
	/* A failed case does not come back. */
	if (wrong)
		fake_misuse("the firewall is %s already", hold ? "held" : "let go");
}

void fake_firewall_reset(void)
{
	pthread_mutex_lock(&lock);
	seen = (struct fake_firewall){0};
	if (gate >= 0)
		close(gate);
	gate = -1;
	pthread_mutex_unlock(&lock);
}
