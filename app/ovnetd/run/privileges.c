/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "port/pci_device.h"

OVNET_LOG_TYPE(privileges)

static const struct {
	cap_value_t cap;
	const char *need; /* NULL: does without */
} keep[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN (host device, routes, neighbours)"},
	{CAP_NET_RAW, "CAP_NET_RAW (packet and AF_XDP sockets)"},
	{CAP_BPF, NULL},
	{CAP_PERFMON, NULL}, /* BPF programs that read packet pointers */
	{CAP_IPC_LOCK, NULL},
	{CAP_SYS_RESOURCE, NULL}, /* RLIMIT_MEMLOCK on kernels that charge BPF maps to it */
	{CAP_SYS_NICE, NULL},
};

#define N_KEEP (sizeof(keep) / sizeof(keep[0]))

static int have(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t v = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_PERMITTED, &v) == 0 && v == CAP_SET;
}

static int choose(cap_t now, cap_t want)
{
	for (unsigned i = 0; i < N_KEEP; i++) {
		if (have(now, keep[i].cap)) {
			if (cap_set_flag(want, CAP_PERMITTED, 1, &keep[i].cap, CAP_SET) < 0 ||
				cap_set_flag(want, CAP_EFFECTIVE, 1, &keep[i].cap, CAP_SET) < 0)
				return -errno;
		} else if (keep[i].need != NULL) {
			LOG(ERR, "%s is missing: run ovnetd as root, or give it the capability",
				keep[i].need);
			return -EPERM;
		}
	}
	return 0;
}

/* EACCES is what the present capabilities say to it, whatever the real user may. */
static bool is_closed(const char *path)
{
	int fd = path[0] == '\0' ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return path[0] != '\0' && fd < 0 && errno == EACCES;
}

/* The first file that is read again later and cannot be read as things are, or NULL. */
static const char *closed_file(const struct conf *conf)
{
	const char *const files[] = {conf->etcd.keyfile, conf->etcd.certfile, conf->etcd.cafile,
		conf->registry.type == CONF_REGISTRY_STATIC ? conf->registry.file : ""};

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (is_closed(files[i]))
			return files[i];
	return NULL;
}

/* A vhost port's socket becomes QEMU's: a user's of its own, mostly. */
static bool gives_sockets_away(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].socket_owner[0] != '\0')
			return true;
	return false;
}

static int set_flag(cap_t caps, cap_flag_t flag, cap_value_t cap, cap_flag_value_t value)
{
	return cap_set_flag(caps, flag, 1, &cap, value) < 0 ? -errno : 0;
}

/* `cap` in force or not, beside `want`; permitted either way, so that it can be tried. */
static int try_reading(cap_t want, cap_value_t cap, cap_flag_value_t in_force)
{
	int rc = set_flag(want, CAP_PERMITTED, cap, CAP_SET);

	if (rc == 0)
		rc = set_flag(want, CAP_EFFECTIVE, cap, in_force);
	return rc == 0 && cap_set_proc(want) < 0 ? -errno : rc;
}

/*
 * To give sockets away, and the VMs' directory, where QEMU's own are and have to be written to; a
 * low port for probes.
 * Before anything is tried: what is given up then does not come back.
 */
static int keep_for_settings(cap_t now, cap_t want, const struct conf *conf)
{
	const bool vms = conf->vm.socket_owner[0] != '\0';
	const struct {
		cap_value_t cap;
		bool needed;
	} caps[] = {{CAP_CHOWN, vms || gives_sockets_away(conf)}, {CAP_DAC_OVERRIDE, vms},
		{CAP_NET_BIND_SERVICE, conf->health.port > 0 && conf->health.port < 1024}};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sizeof(caps) / sizeof(caps[0]); i++) {
		if (!caps[i].needed || !have(now, caps[i].cap))
			continue; /* what misses it says so */
		rc = set_flag(want, CAP_PERMITTED, caps[i].cap, CAP_SET);
		if (rc == 0)
			rc = set_flag(want, CAP_EFFECTIVE, caps[i].cap, CAP_SET);
	}
	return rc;
}

static int keep_one(cap_t now, cap_t want, cap_value_t cap, const char *name, const char *driver)
{
	if (!have(now, cap)) {
		LOG(ERR,
			"%s is missing, for a PCI device bound to %s without an IOMMU: run ovnetd "
			"as "
			"root, give it the capability, or bind the device to vfio-pci behind an "
			"IOMMU",
			name, driver);
		return -EPERM;
	}
	int rc = set_flag(want, CAP_PERMITTED, cap, CAP_SET);
	return rc < 0 ? rc : set_flag(want, CAP_EFFECTIVE, cap, CAP_SET);
}

static bool is_physical(const char *devargs, struct ovnet_pci *pci)
{
	for (unsigned i = 0; ovnet_pci_nth(devargs, i, pci); i++)
		if (ovnet_pci_is_physical(pci))
			return true;
	return false;
}

/*
 * Without an IOMMU a NIC is told physical addresses, which the kernel shows to CAP_SYS_ADMIN alone,
 * as it does most of a device's configuration; vfio-pci, and I/O ports, want CAP_SYS_RAWIO. They
 * stay: memory is asked for its addresses as it grows, and who programs such a NIC can write to all
 * of memory by it whatever else he may.
 */
static int keep_physical(cap_t now, cap_t want, const struct conf *conf)
{
	char name[CONF_DEVICE_NAME];
	struct ovnet_pci pci;
	const char *devargs;

	for (unsigned i = 0; (devargs = conf_device(conf, i, name)) != NULL; i++) {
		if (!is_physical(devargs, &pci))
			continue;
		LOG(NOTICE,
			"port '%s': PCI device %s is bound to %s without an IOMMU: keeping "
			"CAP_SYS_ADMIN and CAP_SYS_RAWIO; behind an IOMMU neither is needed",
			name, pci.address, pci.driver);
		int rc = keep_one(now, want, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", pci.driver);
		return rc < 0 ? rc
			      : keep_one(now, want, CAP_SYS_RAWIO, "CAP_SYS_RAWIO", pci.driver);
	}
	return 0;
}

/*
 * A key of etcd's user, mode 0600: root reads it by a capability. What remains is judged by trying,
 * because a folder on the way may be what is closed.
 */
static int keep_reading(cap_t now, cap_t want, const struct conf *conf)
{
	static const struct {
		cap_value_t cap;
		const char *name;
	} ways[] = {{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
		{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"}}; /* all that some containers give */

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!have(now, ways[i].cap))
			continue;
		int rc = try_reading(want, ways[i].cap, CAP_CLEAR);
		const char *file = rc == 0 ? closed_file(conf) : NULL;
		if (file != NULL) {
			LOG(NOTICE,
				"%s belongs to another user: keeping %s to read it and what "
				"replaces it; better `setfacl -m u:%u:r %s` (and x on its folder)",
				file, ways[i].name, (unsigned)geteuid(), file);
			return try_reading(want, ways[i].cap, CAP_SET);
		}
		if (rc == 0)
			rc = set_flag(want, CAP_PERMITTED, ways[i].cap, CAP_CLEAR);
		return rc;
	}
	return 0;
}

/* Root's children get them anyway; those of another user, iptables, by inheritance only. */
static void hand_down(void)
{
	static const cap_value_t needs[] = {CAP_NET_ADMIN, CAP_NET_RAW};
	cap_t now = geteuid() == 0 ? NULL : cap_get_proc();

	if (now == NULL)
		return;
	if (cap_set_flag(now, CAP_INHERITABLE, 2, needs, CAP_SET) < 0 || cap_set_proc(now) < 0 ||
		cap_set_ambient(CAP_NET_ADMIN, CAP_SET) < 0 ||
		cap_set_ambient(CAP_NET_RAW, CAP_SET) < 0)
		LOG(WARN,
			"capabilities cannot be handed down (%s): iptables will refuse the "
			"FORWARD rules (host.forward-rules)",
			strerror(errno));
	cap_free(now);
}

int privileges_drop(const struct conf *conf)
{
	cap_t now = cap_get_proc();
	cap_t want = cap_init();
	int rc = now != NULL && want != NULL ? choose(now, want) : -ENOMEM;

	if (rc == 0)
		rc = keep_for_settings(now, want, conf);
	if (rc == 0)
		rc = keep_physical(now, want, conf);
	if (rc == 0 && !have(want, CAP_DAC_OVERRIDE)) /* which may read as well */
		rc = keep_reading(now, want, conf);
	if (rc == 0 && (cap_set_proc(want) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)) {
		rc = -errno;
		LOG(ERR, "cannot give up privileges: %s", strerror(errno));
	}
	cap_free(now);
	cap_free(want);
	if (rc == 0)
		hand_down();
	return rc;
}
