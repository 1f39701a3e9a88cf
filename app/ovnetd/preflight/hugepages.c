/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <linux/mman.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "engine/pool.h"
#include "preflight/checks.h"

#define PAGE_MB   2
#define NODES_MAX 64

bool cgroup_path(const char *text, bool *unified, char *path, size_t size)
{
	const char *v2 = NULL, *v1 = NULL;

	for (const char *line = text; *line != '\0';) {
		const char *colon = strchr(line, ':');
		if (strncmp(line, "0::", 3) == 0)
			v2 = line + 3;
		if (colon != NULL && strncmp(colon, ":hugetlb:", 9) == 0)
			v1 = colon + 9;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	const char *found = v1 != NULL ? v1 : v2;
	*unified = v1 == NULL;
	if (found == NULL ||
		(size_t)snprintf(path, size, "%.*s", (int)strcspn(found, "\n"), found) >= size)
		return false;
	return true;
}

/* Megabytes of 2 MB pages this process may have, by its cgroup and those around it. */
static long long cgroup_limit(const struct preflight *p)
{
	char text[4096], path[1024], file[PATH_MAX];
	long long least = LLONG_MAX;
	bool unified;

	if (preflight_read(p, "/proc/self/cgroup", text, sizeof(text)) < 0 ||
		!cgroup_path(text, &unified, path, sizeof(path)))
		return least;
	for (char *end = path + strlen(path);; *end = '\0') {
		snprintf(file, sizeof(file),
			unified ? "/sys/fs/cgroup%s/hugetlb.2MB.max"
				: "/sys/fs/cgroup/hugetlb%s/hugetlb.2MB.limit_in_bytes",
			path);
		/* "max" is no number. */
		long long bytes = preflight_number(p, file, LLONG_MAX);
		least = bytes < least ? bytes : least;
		end = strrchr(path, '/');
		if (end == NULL)
			break;
	}
	return least == LLONG_MAX ? least : least >> 20;
}

static void check_cgroup(struct preflight *p, uint32_t megabytes)
{
	long long limit = cgroup_limit(p);

	if (limit >= megabytes)
		return;
	preflight_say(p, PREFLIGHT_FAIL,
		"the cgroup of this shell allows %lld MB of hugepages, %u are needed: DPDK dies at "
		"the first page beyond (a unit has a cgroup of its own)",
		limit, megabytes);
	preflight_fix(
		p, "raise hugetlb.2MB.max of the cgroup ovnetd runs in, or start it elsewhere");
}

/* Of the NUMA node the first uplink's NIC is at. */
static void check_node(struct preflight *p, uint32_t megabytes)
{
	char path[160];

	if (p->n_links == 0)
		return;
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/numa_node", p->links[0].link.name);
	long long node = preflight_number(p, path, -1);
	if (node < 0)
		return;
	snprintf(path, sizeof(path),
		"/sys/devices/system/node/node%lld/hugepages/hugepages-2048kB/free_hugepages",
		node);
	long long pages = preflight_number(p, path, -1);
	if (pages < 0 || pages * PAGE_MB >= megabytes)
		return;
	preflight_say(p, PREFLIGHT_WARN,
		"%s is at NUMA node %lld, where %lld MB of hugepages are free: packets cross to "
		"another node's memory",
		p->links[0].link.name, node, pages * PAGE_MB);
	preflight_fix(p,
		"echo N > /sys/devices/system/node/node%lld/hugepages/hugepages-2048kB/"
		"nr_hugepages",
		node);
}

/* One page, which is not touched: none is taken. */
static void check_permission(struct preflight *p)
{
	void *page = mmap(NULL, PAGE_MB << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);

	if (page != MAP_FAILED) {
		munmap(page, PAGE_MB << 20);
		return;
	}
	if (errno != EPERM && errno != EACCES)
		return; /* none are free, which is told */
	preflight_say(p, PREFLIGHT_FAIL, "this user may not have hugepages: %s", strerror(errno));
	preflight_fix(p, "run ovnetd as root or with CAP_IPC_LOCK");
}

static void judge(struct preflight *p, const struct engine *e, uint32_t megabytes)
{
	enum conf_hugepages wanted = p->conf->dpdk.hugepages;

	if (e->hugepages) {
		preflight_say(p, PREFLIGHT_OK, "%u MB are needed, and free", megabytes);
		check_node(p, megabytes);
		check_cgroup(p, megabytes);
		check_permission(p);
	} else if (wanted == CONF_HUGE_OFF) {
		preflight_say(p, PREFLIGHT_OK, "not wanted (dpdk.hugepages = \"off\")");
	} else {
		preflight_say(p, p->running ? PREFLIGHT_OK : PREFLIGHT_WARN,
			"too few are free: %u MB of 4K pages instead, slower, and not for NICs of "
			"ovnetd's own, virtio-user and memif",
			megabytes);
		preflight_fix(p,
			"`scripts/hugepages.sh show`, `scripts/hugepages.sh reserve --memory "
			"N` before ovnetd starts%s",
			p->running ? "; the ovnetd that runs may have them" : "");
	}
}

void check_hugepages(struct preflight *p)
{
	struct engine *e = &(struct engine){.conf = p->conf, .warnings = &p->warnings};
	uint32_t megabytes = 0;
	char why[512] = "";

	ovnet_log_keep(why, sizeof(why));
	int rc = memory_count(e);
	if (rc == 0)
		rc = memory_choose(e, underlay_max_mtu(&p->under), &megabytes);
	ovnet_log_keep(NULL, 0);
	if (rc == 0) {
		judge(p, e, megabytes);
		return;
	}
	preflight_say(
		p, p->running ? PREFLIGHT_WARN : PREFLIGHT_FAIL, "packet memory cannot be had");
	preflight_fix(p, "%s", why);
}
