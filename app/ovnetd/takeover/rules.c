/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: flanneld's go once ours are set; who rejects us, and who has rules for its device, is
 * told. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/firewall.h"
#include "takeover/takeover.h"

OVNET_LOG_TYPE(takeover)

#define AGAIN_S 60 /* until it is looked again whether we are still rejected */

static void add_line(void *arg, const char *what)
{
	fprintf(arg, "%s\n", what);
}

/* What `tell` writes, malloc()ed; NULL: nothing, or no memory. */
static char *text_of(void (*tell)(FILE *out, struct takeover_rules *r, struct ovnet_firewall *f,
			     const struct ovnet_firewall_rules *rules),
	struct takeover_rules *r, struct ovnet_firewall *f,
	const struct ovnet_firewall_rules *rules)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	tell(out, r, f, rules);
	if (fclose(out) == 0 && text[0] != '\0')
		return text;
	free(text);
	return NULL;
}

static void remove_flannels(FILE *out, struct takeover_rules *r, struct ovnet_firewall *f,
	const struct ovnet_firewall_rules *rules)
{
	char err[256];

	if (ovnet_firewall_flannels(f, rules, true, add_line, out, err, sizeof(err)) < 0)
		r->error = strdup(err);
}

static void list_named(FILE *out, struct takeover_rules *r, struct ovnet_firewall *f,
	const struct ovnet_firewall_rules *rules)
{
	(void)rules;
	unsigned n = ovnet_firewall_named(f, r->former, add_line, out);
	if (n > OVNET_FIREWALL_NAMED)
		fprintf(out, "... and %u more\n", n - OVNET_FIREWALL_NAMED);
}

/* In the thread. */
static void work(void *arg, struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
	bool ours_are_set)
{
	struct takeover_rules *r = arg;

	if (r->remove && ours_are_set)
		r->removed = text_of(remove_flannels, r, f, rules);
	if (r->former[0] != '\0') {
		r->named = text_of(list_named, r, f, rules);
		r->files = takeover_files_naming("", r->former, r->device);
	}
	r->rejected = r->device[0] != '\0' &&
		      ovnet_firewall_rejects(f, r->device, r->why, sizeof(r->why));
}

static void log_each(char *text, void (*say)(const struct takeover_rules *r, const char *line),
	const struct takeover_rules *r)
{
	char *rest = NULL;

	for (const char *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL; line != NULL;
		line = strtok_r(NULL, "\n", &rest))
		say(r, line);
}

static void say_removed(const struct takeover_rules *r, const char *line)
{
	(void)r;
	LOG(NOTICE, "removed %s", line);
}

static void say_named(const struct takeover_rules *r, const char *line)
{
	LOG(WARN, "a rule of others names %s: make the same for %s: %s", r->former,
		r->device[0] != '\0' ? r->device : "what replaces it", line);
}

static void say_file(const struct takeover_rules *r, const char *line)
{
	LOG(WARN, "a file names %s: %s", r->former, line);
}

static void forget(struct takeover_rules *r)
{
	free(r->removed);
	free(r->named);
	free(r->files);
	free(r->error);
	r->removed = r->named = r->files = r->error = NULL;
}

static void look_again(struct takeover *t)
{
	static const struct timeval later = {.tv_sec = AGAIN_S};

	if (t->again == NULL || event_add(t->again, &later) < 0)
		LOG(WARN, "no timer: whether %s is rejected is not looked at again",
			t->rules.device);
}

static void done(void *arg)
{
	struct takeover *t = (struct takeover *)((char *)arg - offsetof(struct takeover, rules));
	struct takeover_rules *r = arg;

	if (r->error != NULL)
		LOG(WARN, "rules of flanneld's stay beside ours: %s", r->error);
	log_each(r->removed, say_removed, r);
	log_each(r->named, say_named, r);
	log_each(r->files, say_file, r);
	forget(r);
	/* Once is enough. */
	r->remove = false;
	r->former[0] = '\0';
	if (r->rejected) {
		warn_set(t->warnings, "forward-rejected", "%s", r->why);
		look_again(t);
	} else {
		warn_clear(t->warnings, "forward-rejected");
	}
}

static void order(struct takeover *t)
{
	const struct firewall_order o = {work, done, &t->rules};

	firewall_job_order(t->firewall, &o);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	order(arg);
}

int takeover_start_rules(struct takeover *t, struct event_base *base)
{
	const struct conf *c = t->node->conf;
	struct takeover_rules *r = &t->rules;

	if (t->over)
		return 0;
	t->over = true;
	t->again = evtimer_new(base, on_again, t);
	r->remove = c->node.takeover == CONF_TAKEOVER_YES;
	snprintf(r->former, sizeof(r->former), "%s", t->former);
	snprintf(r->device, sizeof(r->device), "%s", c->host.device);
	order(t);
	return t->again != NULL ? 0 : -ENOMEM;
}

void takeover_fini(struct takeover *t)
{
	ovnet_flannel_found_free(&t->found);
	forget(&t->rules);
	if (t->again != NULL)
		event_free(t->again);
	t->again = NULL;
}
