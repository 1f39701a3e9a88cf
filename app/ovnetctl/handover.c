/* SPDX-License-Identifier: BSD-3-Clause */
#include "handover.h"

#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "ctl/ctl_server.h"
#include "views.h"

#define END_TIMEOUT_MS 30000 /* 65,536 peers take a few seconds */

static bool ends(pid_t pid)
{
	static const struct timespec pause = {.tv_nsec = COMMAND_POLL_MS * 1000000L};

	for (int i = 0; i < END_TIMEOUT_MS / COMMAND_POLL_MS; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* The file is the same one for all of a network namespace. */
static bool is_here(pid_t pid)
{
	char path[64];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/net/dev", &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

static void print_result(const json_t *r)
{
	json_int_t until = json_integer_value(json_object_get(r, "lease_ends"));
	char buf[64], text[128];

	command_line("device", command_text(r, "device"));
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(r, "peers")));
	command_line("peers", text);
	if (until == 0)
		return;
	duration_text(until - (json_int_t)time(NULL), buf, sizeof(buf));
	snprintf(text, sizeof(text), "ends in %s: start flanneld or ovnetd before that", buf);
	command_line("lease", text);
}

int handover_command(const char *socket, bool json)
{
	char err[1024] = "";
	json_t *params = json_pack("{s:s}", "to", "kernel");
	json_t *r =
		ovnet_ctl_call(socket, "handover", params, COMMAND_TIMEOUT_MS, err, sizeof(err));
	int rc = 0;

	json_decref(params);
	if (r == NULL)
		return command_failed(err);
	const char *device = json_string_value(json_object_get(r, "device"));
	pid_t pid = (pid_t)json_integer_value(json_object_get(r, "pid"));
	bool here = is_here(pid);
	if (!ends(pid))
		rc = command_failed("ovnetd has not ended yet: see its log");
	else if (here && device != NULL && device[0] != '\0' && if_nametoindex(device) == 0)
		rc = command_failed(
			"the node was not handed over, ovnetd's log says why; lease, host "
			"device and routes are as ovnetd left them");
	else if (json)
		rc = command_print_json(r);
	else
		print_result(r);
	json_decref(r);
	return rc != 0 ? rc : command_flush();
}
