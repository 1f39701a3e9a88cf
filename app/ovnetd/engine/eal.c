/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts DPDK with arguments derived from the configuration and the machine, so that
 * nobody has to know them: own prefix (several daemons live side by side), hugepages
 * when there are enough, 4K pages with a warning otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <rte_bus.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/engine.h"
#include "engine/pool.h"
#include "port/pci_device.h"
#include "run/eal_dirs.h"

OVNET_LOG_TYPE(eal)

#define MAX_ARGS      192
#define MAX_LCORES    2048
#define MIN_FILES     256
#define NO_PCI_DEVICE "ffff:ff:1f.7"
#define TURN_US       10000 /* EAL takes a tenth of a second, more on a busy machine */
#define TURN_TRIES    300

/* EAL keeps pointers into the strings, and may change the array it is given: that is a copy. */
static struct args {
	int n;
	char *v[MAX_ARGS + 1];
} args;

static int add(struct args *a, const char *text)
{
	if (a->n == MAX_ARGS) {
		LOG(ERR, "more than %d EAL arguments: shorten dpdk.eal-args", MAX_ARGS);
		return -E2BIG;
	}
	a->v[a->n] = strdup(text);
	if (a->v[a->n] == NULL)
		return -ENOMEM;
	a->n++;
	return 0;
}

/* "0,1,5" */
static void cpu_text(const cpu_set_t *set, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && at + 8 < size; cpu++)
		if (CPU_ISSET(cpu, set))
			at += (size_t)snprintf(buf + at, size - at, "%s%d", at ? "," : "", cpu);
	if (at == 0)
		snprintf(buf, size, "0");
}

/* The CPUs this process may use, and those the control thread is to keep to. */
static void choose_cpus(const uint16_t *taken, int n, char *all, char *control, size_t size)
{
	cpu_set_t set, rest;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		CPU_ZERO(&set);
	cpu_text(&set, all, size);
	rest = set;
	for (int i = 0; i < n; i++)
		if (taken[i] < CPU_SETSIZE)
			CPU_CLR(taken[i], &rest);
	cpu_text(CPU_COUNT(&rest) > 0 ? &rest : &set, control, size);
}

/*
 * lcore 0 is the control thread, 1..n the workers; without worker-cpus the scheduler places them. A
 * worker with a CPU of its own is to have it: what changes routes or answers the control socket
 * would take it away for milliseconds.
 */
static int add_lcores(struct args *a, const struct conf *c)
{
	char all[MAX_LCORES], control[MAX_LCORES], text[2 * MAX_LCORES * 4];
	uint16_t cpus[OVNET_MAX_WORKERS];
	int n = conf_cpu_list(c->dpdk.worker_cpus, cpus, OVNET_MAX_WORKERS);
	size_t at;

	choose_cpus(cpus, RTE_MIN(n, OVNET_MAX_WORKERS), all, control, sizeof(all));
	at = (size_t)snprintf(text, sizeof(text), "0@(%s)", control);
	for (unsigned i = 0; i < c->dpdk.workers && at < sizeof(text); i++) {
		if ((int)i < n)
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, ",%u@%d", i + 1, cpus[i]);
		else
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, ",%u@(%s)", i + 1, all);
	}
	if (at >= sizeof(text))
		return -E2BIG;
	return add(a, "--lcores") < 0 ? -ENOMEM : add(a, text);
}

/* Another process maps our memory, and takes a few files at most (vhost: 8). */
static bool is_mapped(const char *devargs)
{
	return strstr(devargs, "virtio_user") != NULL || strstr(devargs, "memif") != NULL;
}

static bool any_is_mapped(const struct conf *c)
{
	char name[CONF_DEVICE_NAME];
	const char *devargs;

	for (unsigned i = 0; (devargs = conf_device(c, i, name)) != NULL; i++)
		if (is_mapped(devargs))
			return true;
	return false;
}

/* Buses are plugins, which EAL loads later; one that is not there may not be spoken of. */
static bool has_bus(const char *name)
{
	char files[PATH_MAX];
	glob_t found;

	snprintf(files, sizeof(files), RTE_EAL_PMD_PATH "/librte_bus_%s.so*", name);
	bool there = glob(files, 0, NULL, &found) == 0;
	if (there)
		globfree(&found);
	return there || rte_bus_find_by_name(name) != NULL;
}

static int allow(struct args *a, const char *devargs)
{
	int rc = add(a, "-a");

	return rc < 0 ? rc : add(a, devargs);
}

/* The daemon does not start without an uplink's; an attach port may have to wait for its own. */
static int add_port_devices(
	struct args *a, const struct engine *e, const char *devargs, const char *uplink)
{
	struct ovnet_pci pci, self;
	bool has_args = ovnet_pci_look(devargs, &self);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && ovnet_pci_nth(devargs, i, &pci); i++) {
		if (uplink != NULL)
			rc = ovnet_pci_check(uplink, &pci, e->hugepages);
		if (rc == 0 && ovnet_pci_is_ready(&pci, e->hugepages))
			rc = allow(a, has_args ? devargs : pci.address);
	}
	return rc;
}

/*
 * What is configured is probed and nothing else; what comes later is added to the list by then. An
 * empty list would mean all there are, so it begins with what no machine has.
 */
static int add_devices(struct args *a, const struct engine *e)
{
	char name[CONF_DEVICE_NAME];
	const char *devargs;
	int rc = has_bus("auxiliary") ? allow(a, "auxiliary:") : 0;

	if (access("/sys/bus/pci", F_OK) < 0 || !has_bus("pci"))
		return rc < 0 ? rc : add(a, "--no-pci");
	if (rc == 0)
		rc = allow(a, NO_PCI_DEVICE);
	for (unsigned i = 0; rc == 0 && (devargs = conf_device(e->conf, i, name)) != NULL; i++)
		rc = add_port_devices(a, e, devargs, i < e->conf->n_uplinks ? name : NULL);
	return rc;
}

/* EAL takes either list; who says what it shall not probe has said it all. */
static bool has_block_list(const char *eal_args)
{
	return strstr(eal_args, "-b ") != NULL || strstr(eal_args, "--block") != NULL;
}

static int add_user_args(struct args *a, const char *text)
{
	char *copy = strdup(text), *save = NULL;
	int rc = copy != NULL ? 0 : -ENOMEM;

	for (char *p = rc == 0 ? strtok_r(copy, " \t\n", &save) : NULL; p != NULL && rc == 0;
		p = strtok_r(NULL, " \t\n", &save))
		rc = add(a, p);
	free(copy);
	return rc;
}

static int build(struct args *a, struct engine *e, uint32_t megabytes)
{
	char prefix[64], mem[16];
	int rc = 0;

	snprintf(prefix, sizeof(prefix), "--file-prefix=" EAL_DIRS_PREFIX "%d", getpid());
	snprintf(mem, sizeof(mem), "%u", megabytes);
	const char *fixed[] = {"ovnetd", prefix, "--no-telemetry", "-m", mem,
		/* EAL refuses --in-memory together with --no-huge. */
		e->hugepages ? "--in-memory" : "--no-huge", e->hugepages ? NULL : "--no-shconf",
		e->hugepages && any_is_mapped(e->conf) ? "--single-file-segments" : NULL,
		"--log-level=lib.eal:error"};

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && rc == 0; i++)
		if (fixed[i] != NULL)
			rc = add(a, fixed[i]);
	if (rc == 0)
		rc = add_lcores(a, e->conf);
	if (rc == 0 && !has_block_list(e->conf->dpdk.eal_args))
		rc = add_devices(a, e);
	return rc < 0 ? rc : add_user_args(a, e->conf->dpdk.eal_args);
}

/* EAL keeps small files of its own; let them stand beside our socket and vanish with it. */
static void set_runtime_dir(const char *socket)
{
	char *copy = strdup(socket);

	if (copy != NULL && setenv("RUNTIME_DIRECTORY", dirname(copy), 1) < 0)
		LOG(WARN, "cannot set EAL's run-time directory: %s", strerror(errno));
	free(copy);
}

static void remove_runtime_dir(const char *socket)
{
	char all[PATH_MAX];

	/* Empty by now, or somebody else's: then they stay. */
	(void)rmdir(rte_eal_get_runtime_dir());
	(void)eal_dirs_remove_dead(socket, all, sizeof(all), false);
	(void)rmdir(all);
}

/* EAL panics without files, and takes one for each hugepage. */
static int raise_file_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return -errno;
	if (l.rlim_max < MIN_FILES) {
		LOG(ERR,
			"at most %llu open files are allowed, %d are needed: raise the limit "
			"(LimitNOFILE=, ulimit -n)",
			(unsigned long long)l.rlim_max, MIN_FILES);
		return -EMFILE;
	}
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		LOG(WARN, "the limit of open files stays low: %s", strerror(errno));
	return 0;
}

/*
 * Pages that are free when we look may be another's when EAL takes them, and EAL then ends instead
 * of doing without: daemons that start together take turns, by a lock on what all of them see and
 * nobody removes. An fd to close, or -1: go on as it is.
 */
static int take_turn(void)
{
	int fd = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; fd >= 0 && i < TURN_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			break;
		usleep(TURN_US);
	}
	return fd;
}

static int start(struct engine *e, uint16_t max_mtu)
{
	char *argv[MAX_ARGS + 1];
	uint32_t megabytes;
	int rc = memory_count(e);

	if (rc == 0)
		rc = memory_choose(e, max_mtu, &megabytes);
	if (rc == 0)
		rc = build(&args, e, megabytes);
	memcpy(argv, args.v, sizeof(argv));
	if (rc == 0 && rte_eal_init(args.n, argv) < 0) {
		LOG(ERR,
			"DPDK did not start: %s. With %u MB of %s asked for; see the lines above, "
			"`scripts/hugepages.sh show`, and dpdk.eal-args if you set it",
			rte_strerror(rte_errno), megabytes,
			e->hugepages ? "hugepages" : "4K pages");
		rc = -ENODEV;
	}
	e->eal = rc == 0;
	return rc;
}

int engine_memory_init(struct engine *e, uint16_t max_mtu)
{
	char dead[PATH_MAX];
	int rc = raise_file_limit();

	if (rc < 0)
		return rc;
	set_runtime_dir(e->conf->control.socket);
	int turn = take_turn();
	rc = start(e, max_mtu);
	if (turn >= 0)
		close(turn);
	(void)eal_dirs_remove_dead(e->conf->control.socket, dead, sizeof(dead), false);
	if (rc == 0)
		rc = memory_pool(e);
	return rc;
}

void engine_memory_fini(struct engine *e)
{
	rte_mempool_free(e->pool);
	e->pool = NULL;
	if (!e->eal)
		return;
	e->eal = false;
	remove_runtime_dir(e->conf->control.socket);
	rte_eal_cleanup();
}
