/* SPDX-License-Identifier: BSD-3-Clause */
#include "cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_server.h"
#include "firewall.h"
#include "host_device.h"

static void print_line(void *arg, const char *what)
{
	printf("%s%s\n", *(const bool *)arg ? "would remove: " : "removed: ", what);
}

static bool daemon_runs(const char *socket)
{
	char err[256];
	json_t *answer = ovnet_ctl_call(socket, "status", NULL, 2000, err, sizeof(err));

	/* While it starts or stops it answers with an error: the socket stands all the same. */
	bool runs = answer != NULL || strstr(err, "starting or stopping") != NULL;
	json_decref(answer);
	return runs;
}

/* 1 if the file was there, 0 if not, negative errno. */
static int remove_file(const char *path, bool dry_run)
{
	int rc = dry_run ? access(path, F_OK) : unlink(path);

	if (rc < 0 && errno == ENOENT)
		return 0;
	if (rc < 0) {
		int err = -errno;
		fprintf(stderr, "ovnetd: %s cannot be removed: %s\n", path, strerror(errno));
		return err;
	}
	print_line(&dry_run, path);
	return 1;
}

static int remove_files(const struct conf *c, bool dry_run)
{
	char lock[4352], dpdk[4096];
	int n = 0;

	snprintf(lock, sizeof(lock), "%s.lock", c->control.socket);
	const char *const files[] = {
		c->control.socket, lock, c->node.subnet_file, c->registry.snapshot};
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int rc = remove_file(files[i], dry_run);
		if (rc < 0)
			return rc;
		n += rc;
	}
	int dead = eal_remove_dead(c->control.socket, dpdk, sizeof(dpdk), dry_run);
	if (dead > 0) {
		if (!dry_run)
			(void)rmdir(dpdk); /* stays while a daemon's is in there */
		snprintf(lock, sizeof(lock), "run-time directories of dead daemons in %s", dpdk);
		print_line(&dry_run, lock);
	}
	return n + dead;
}

int cleanup(const struct conf *c, bool dry_run)
{
	if (!dry_run && daemon_runs(c->control.socket)) {
		fprintf(stderr,
			"ovnetd: a daemon runs on %s: stop it first, it would miss what is "
			"removed\n",
			c->control.socket);
		return EXIT_FAILURE;
	}
	int made = ovnet_kernel_cleanup(dry_run, print_line, &dry_run);
	int rules = made < 0 ? made : ovnet_firewall_cleanup(dry_run, print_line, &dry_run);
	int files = rules < 0 ? rules : remove_files(c, dry_run);
	if (files < 0)
		return EXIT_FAILURE;
	if (made + rules + files == 0)
		printf("nothing of ovnet's is left here\n");
	return EXIT_SUCCESS;
}
