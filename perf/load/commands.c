/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define LINE 512

/* What was read of stdin and is no whole line, yet. */
struct input {
	char text[LINE];
	size_t used;
	bool ended;
};

struct session {
	struct load *load;
	struct input in;
	bool running, quit;
};

static bool take_line(struct input *in, char *line)
{
	char *end = memchr(in->text, '\n', in->used);

	if (!end)
		return false;
	*end = '\0';
	size_t length = (size_t)(end - in->text) + 1;
	memcpy(line, in->text, length);
	memmove(in->text, in->text + length, in->used - length);
	in->used -= length;
	return true;
}

/* The next line; without one, waits for it or not. */
static bool next_line(struct input *in, char *line, bool wait)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!take_line(in, line)) {
		if (in->ended || (!wait && poll(&p, 1, 0) <= 0))
			return false;
		ssize_t n = read(STDIN_FILENO, in->text + in->used, sizeof(in->text) - in->used);
		if (n < 0 && errno == EINTR)
			continue;
		/* A line that does not fit is nobody's command. */
		in->ended = n <= 0;
		if (n > 0)
			in->used += (size_t)n;
	}
	return true;
}

static bool number(const char *text, double least, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return end != text && *end == '\0' && errno == 0 && *value >= least && *value < 1e15;
}

static void ok(void)
{
	printf("{\"ok\": true}\n");
	fflush(stdout);
}

static void refuse(const char *why)
{
	printf("{\"error\": \"%s\"}\n", why);
	fflush(stdout);
}

static bool while_running(struct load *l, void *arg);

static void trial(struct session *s, double seconds, uint64_t count)
{
	struct trial_options kept = s->load->options;

	s->load->options.seconds = seconds;
	s->load->options.count = count;
	if (count)
		s->load->options.rate = s->load->options.warm = 0;
	s->running = true;
	trial_run(s->load, seconds > 0 || count ? NULL : while_running, s);
	s->running = false;
	report(s->load, false, stdout);
	if (count == 0)
		kept.rate = s->load->options.rate;
	s->load->options = kept;
}

/* Those that take a number. False: it is none of them. */
static bool with_number(struct session *s, const char *name, const char *text)
{
	struct load *l = s->load;
	double value;
	bool good = number(text, 0, &value);

	if (strcmp(name, "rate") == 0 && good) {
		trial_rate(l, value);
		ok();
	} else if (strcmp(name, "warm") == 0 && good) {
		l->options.warm = value;
		ok();
	} else if (strcmp(name, "drain") == 0 && good && value <= 60000) {
		l->options.drain_ms = (uint32_t)value;
		ok();
	} else if (strcmp(name, "run") == 0 && value > 0 && good && !s->running) {
		trial(s, value, 0);
	} else if (strcmp(name, "burst") == 0 && good && value >= 1 && !s->running) {
		trial(s, 0, (uint64_t)value);
	} else {
		return false;
	}
	return true;
}

/* Keeps the ones it has where these are none. */
static void other_frames(struct session *s, const char *path)
{
	struct frames more;

	if (s->running || !frames_read(&more, path)) {
		refuse("no frames from there, see stderr, or a trial runs");
		return;
	}
	frames_free(&s->load->frames);
	s->load->frames = more;
	ok();
}

/* Returns whether a trial that runs goes on. */
static bool command(struct session *s, char *line)
{
	char *space = strchr(line, ' ');

	if (space)
		*space = '\0';
	if (space && with_number(s, line, space + 1))
		return true;
	if (space && strcmp(line, "frames") == 0)
		other_frames(s, space + 1);
	else if (space)
		refuse("no such command, not now, or not with this number");
	else if (strcmp(line, "start") == 0 && !s->running)
		ok(), trial(s, 0, 0);
	else if (strcmp(line, "stop") == 0 && s->running)
		return false;
	else if (strcmp(line, "stats") == 0 || strcmp(line, "histogram") == 0)
		report(s->load, line[0] == 'h', stdout);
	else if (strcmp(line, "quit") == 0)
		s->quit = true;
	else
		refuse("no such command, or not now");
	return !s->quit;
}

static bool while_running(struct load *l, void *arg)
{
	struct session *s = arg;
	char line[LINE];

	(void)l;
	while (next_line(&s->in, line, false))
		if (!command(s, line))
			return false;
	return !s->in.ended;
}

int commands(struct load *l)
{
	struct session s = {.load = l};
	char line[LINE];

	printf("{\"ready\": true, \"hz\": %llu, \"frames\": %u}\n", (unsigned long long)l->hz,
		l->frames.count);
	fflush(stdout);
	while (!s.quit && next_line(&s.in, line, true))
		command(&s, line);
	return ferror(stdout) ? 1 : 0;
}
