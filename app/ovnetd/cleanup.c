/* SPDX-License-Identifier: BSD-3-Clause */
#include "cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_server.h"
#include "kernel/firewall.h"
#include "kernel/host_device.h"
#include "lane/lane.h"
#include "lease/flannel/subnet_env.h"
#include "node/flanneld.h"
#include "run/eal_dirs.h"

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

/*
 * flanneld writes the same file, and takes the same subnet where it follows ovnetd: the file is
 * ours where the subnet's address is on our device, and no flanneld is at work. Before the device
 * goes.
 */
static bool owns_subnet_file(const struct conf *c)
{
	struct ovnet_prefix4 subnet;
	struct ovnet_prefix6 subnet6;
	const char *file = c->node.subnet_file;
	char text[OVNET_PREFIX_STRLEN];
	pid_t pid = flanneld_running(NULL, NULL);

	if (access(file, F_OK) < 0)
		return false;
	if (pid != 0) {
		printf("left: %s: a flanneld runs here (process %d)\n", file, (int)pid);
		return false;
	}
	if (ovnet_subnet_env_read(file, &subnet, &subnet6) < 0 || subnet.len == 0) {
		printf("left: %s: there is no FLANNEL_SUBNET in it, as ovnetd writes it\n", file);
		return false;
	}
	struct ovnet_addr base = ovnet_addr_v4(subnet.addr_host);
	enum ovnet_overlay_device device = ovnet_kernel_overlay_device(&base);
	if (device == OVNET_DEVICE_OURS)
		return true;
	printf("left: %s: subnet %s is %s; remove the file if nobody needs it\n", file,
		ovnet_prefix4_text(&subnet, text, sizeof(text)),
		device == OVNET_DEVICE_FLANNELS ? "on a device of flannel's"
						: "on no device of ovnet's");
	return false;
}

/* What state_file.c makes: the files, those set aside (.bad, .bad.1), one that was not finished. */
static bool is_state(const char *name)
{
	static const char *const files[] = {"ports.json", "vms.json"};

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *end = name + strlen(files[i]);
		if (strncmp(name, files[i], strlen(files[i])) == 0)
			return end[0] == '\0' || strcmp(end, ".new") == 0 ||
			       strncmp(end, ".bad", strlen(".bad")) == 0;
	}
	return false;
}

/* How many, or negative errno. */
static int remove_state(const char *dir, bool dry_run)
{
	char path[4352];
	int n = 0, rc = 0;
	DIR *d = dir[0] != '\0' ? opendir(dir) : NULL;

	for (struct dirent *e; d != NULL && rc >= 0 && (e = readdir(d)) != NULL;) {
		if (!is_state(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		rc = remove_file(path, dry_run);
		n += rc;
	}
	if (d != NULL)
		closedir(d);
	return rc < 0 ? rc : n;
}

static int remove_files(const struct conf *c, bool dry_run, bool subnet_file)
{
	char lock[4352], dpdk[4096];
	int n = remove_state(c->node.state_dir, dry_run);

	if (n < 0)
		return n;
	snprintf(lock, sizeof(lock), "%s.lock", c->control.socket);
	const char *const files[] = {
		c->control.socket, lock, c->registry.snapshot, c->node.subnet_file};
	unsigned n_files = subnet_file ? 4 : 3;
	for (unsigned i = 0; i < n_files; i++) {
		int rc = remove_file(files[i], dry_run);
		if (rc < 0)
			return rc;
		n += rc;
	}
	int dead = eal_dirs_remove_dead(c->control.socket, dpdk, sizeof(dpdk), dry_run);
	if (dead > 0) {
		if (!dry_run)
			(void)rmdir(dpdk); /* stays while a daemon's is in there */
		snprintf(lock, sizeof(lock), "run-time directories of dead daemons in %s", dpdk);
		print_line(&dry_run, lock);
	}
	return n + dead;
}

static void print_handed_over(void *arg, const char *name)
{
	(void)arg;
	printf("left: %s: ovnetd made it for pods to go on talking without it, and flanneld keeps "
	       "it; `ip link del %s` if nobody needs it\n",
		name, name);
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
	bool subnet_file = owns_subnet_file(c);
	int made = ovnet_kernel_cleanup(dry_run, print_line, &dry_run);
	int lane = made < 0 ? made : ovnet_lane_remove_leftovers(dry_run, print_line, &dry_run);
	int rules = lane < 0 ? lane : ovnet_firewall_cleanup(dry_run, print_line, &dry_run);
	int files = rules < 0 ? rules : remove_files(c, dry_run, subnet_file);
	if (files < 0)
		return EXIT_FAILURE;
	ovnet_kernel_handed_over(print_handed_over, NULL);
	if (made + lane + rules + files == 0)
		printf("nothing of ovnet's is left here\n");
	return EXIT_SUCCESS;
}
