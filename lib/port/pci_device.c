/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/pci_device.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_pci.h>

#include "base/log.h"

OVNET_LOG_TYPE(port)

#define NAMES ((size_t)4)

/* DPDK works beside these: the kernel keeps the interface (mlx5, mlx4, mana of DPDK). */
static const char *const bifurcated[NAMES] = {"mlx5_core", "mlx4_core", "mana"};
static const char *const uio[NAMES] = {"uio_pci_generic", "igb_uio"};

static const char *const member[] = {",slave=", ",member="};

static bool is_among(const char *const names[NAMES], const char *name)
{
	for (size_t i = 0; i < NAMES && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool parse(const char *devargs, struct rte_pci_addr *addr)
{
	char name[OVNET_PCI_ADDRSTRLEN];
	size_t len;

	if (strncmp(devargs, "pci:", 4) == 0)
		devargs += 4;
	len = strcspn(devargs, ",");
	if (len >= sizeof(name))
		return false;
	memcpy(name, devargs, len);
	name[len] = '\0';
	return rte_pci_addr_parse(name, addr) == 0;
}

static int device_path(const struct ovnet_pci *pci, const char *file, char *path, size_t size)
{
	const char *root = getenv("SYSFS_PCI_DEVICES_PATH"); /* EAL's */
	int n = snprintf(path, size, "%s/%s/%s", root != NULL ? root : "/sys/bus/pci/devices",
		pci->address, file);

	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* What the link points to, without its folders; "" where there is none. */
static void link_name(const struct ovnet_pci *pci, const char *file, char *name, size_t size)
{
	char path[PATH_MAX], to[PATH_MAX];
	ssize_t n = device_path(pci, file, path, sizeof(path)) == 0
			    ? readlink(path, to, sizeof(to) - 1)
			    : -1;

	name[0] = '\0';
	if (n <= 0)
		return;
	to[n] = '\0';
	snprintf(name, size, "%s", basename(to));
}

static void first_iface(struct ovnet_pci *pci)
{
	char path[PATH_MAX];
	DIR *dir = device_path(pci, "net", path, sizeof(path)) == 0 ? opendir(path) : NULL;

	for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir))
		if (e->d_name[0] != '.' && strlen(e->d_name) < sizeof(pci->iface))
			snprintf(pci->iface, sizeof(pci->iface), "%.15s", e->d_name);
	if (dir != NULL)
		closedir(dir);
}

/* Of the device's IOMMU group; false where there is no such file. */
static bool group_says(const struct ovnet_pci *pci, const char *file, char *text, size_t size)
{
	char path[PATH_MAX], name[32];

	snprintf(name, sizeof(name), "iommu_group/%s", file);
	FILE *f = device_path(pci, name, path, sizeof(path)) == 0 ? fopen(path, "re") : NULL;
	if (f == NULL)
		return false;
	bool said = fgets(text, (int)size, f) != NULL;
	fclose(f);
	return said;
}

static enum ovnet_pci_by by_vfio(const struct ovnet_pci *pci)
{
	char name[32];

	return group_says(pci, "name", name, sizeof(name)) && strncmp(name, "vfio-noiommu", 12) == 0
		       ? OVNET_PCI_VFIO_NOIOMMU
		       : OVNET_PCI_VFIO;
}

/* An IOMMU that translates lets a NIC reach what the kernel told it, and nobody told it of uio's.
 */
static enum ovnet_pci_by by_uio(const struct ovnet_pci *pci)
{
	char type[32];

	return group_says(pci, "type", type, sizeof(type)) && strncmp(type, "identity", 8) != 0
		       ? OVNET_PCI_UIO_FENCED
		       : OVNET_PCI_UIO;
}

static enum ovnet_pci_by judge(const struct ovnet_pci *pci)
{
	char path[PATH_MAX];

	if (device_path(pci, "", path, sizeof(path)) < 0 || access(path, F_OK) < 0)
		return OVNET_PCI_ABSENT;
	if (pci->driver[0] == '\0')
		return OVNET_PCI_NO_DRIVER;
	if (strcmp(pci->driver, "vfio-pci") == 0)
		return by_vfio(pci);
	if (is_among(uio, pci->driver))
		return by_uio(pci);
	return is_among(bifurcated, pci->driver) ? OVNET_PCI_BIFURCATED : OVNET_PCI_KERNEL;
}

bool ovnet_pci_look(const char *devargs, struct ovnet_pci *out)
{
	struct rte_pci_addr addr;

	*out = (struct ovnet_pci){0};
	if (devargs == NULL || !parse(devargs, &addr))
		return false;
	rte_pci_device_name(&addr, out->address, sizeof(out->address));
	link_name(out, "driver", out->driver, sizeof(out->driver));
	first_iface(out);
	out->by = judge(out);
	return true;
}

/* "net_bonding0,mode=1,slave=0000:01:00.0,slave=...": "member" from DPDK 23.11 on. */
static const char *next_member(const char *devargs)
{
	for (const char *p = strchr(devargs, ','); p != NULL; p = strchr(p + 1, ','))
		for (size_t i = 0; i < sizeof(member) / sizeof(member[0]); i++)
			if (strncmp(p, member[i], strlen(member[i])) == 0)
				return p + strlen(member[i]);
	return NULL;
}

bool ovnet_pci_nth(const char *devargs, unsigned i, struct ovnet_pci *out)
{
	if (devargs == NULL || strncmp(devargs, "net_bonding", 11) != 0)
		return i == 0 && ovnet_pci_look(devargs, out);
	for (const char *at = next_member(devargs); at != NULL; at = next_member(at))
		if (ovnet_pci_look(at, out) && i-- == 0)
			return true;
	return false;
}

bool ovnet_pci_is_physical(const struct ovnet_pci *pci)
{
	return pci->by == OVNET_PCI_UIO || pci->by == OVNET_PCI_VFIO_NOIOMMU;
}

static int no_driver(const char *port, const struct ovnet_pci *pci)
{
	LOG(ERR,
		"port '%s': PCI device %s is bound to no driver: `scripts/nic.sh take %s` binds it "
		"to "
		"vfio-pci, which DPDK takes it from",
		port, pci->address, pci->address);
	return -ENODEV;
}

static int the_kernels(const char *port, const struct ovnet_pci *pci)
{
	LOG(ERR,
		"port '%s': PCI device %s is the kernel's%s%s (driver %s): `scripts/nic.sh take "
		"%s` hands it "
		"over, with its addresses and routes",
		port, pci->address, pci->iface[0] != '\0' ? ", as interface " : "", pci->iface,
		pci->driver, pci->address);
	return -EBUSY;
}

bool ovnet_pci_is_ready(const struct ovnet_pci *pci, bool hugepages)
{
	return pci->by == OVNET_PCI_BIFURCATED || pci->by == OVNET_PCI_VFIO ||
	       (hugepages && ovnet_pci_is_physical(pci));
}

static int absent(const char *port, const struct ovnet_pci *pci)
{
	LOG(ERR, "port '%s': no PCI device %s here: `ls /sys/bus/pci/devices` lists what there is",
		port, pci->address);
	return -ENODEV;
}

static int fenced(const char *port, const struct ovnet_pci *pci)
{
	LOG(ERR,
		"port '%s': PCI device %s is bound to %s and behind an IOMMU, which keeps it from "
		"ovnetd's memory: `scripts/nic.sh take %s` binds it to vfio-pci",
		port, pci->address, pci->driver, pci->address);
	return -EPERM;
}

int ovnet_pci_check(const char *port, const struct ovnet_pci *pci, bool hugepages)
{
	if (ovnet_pci_is_ready(pci, hugepages))
		return 0;
	if (pci->by == OVNET_PCI_KERNEL)
		return the_kernels(port, pci);
	if (pci->by == OVNET_PCI_NO_DRIVER)
		return no_driver(port, pci);
	if (pci->by == OVNET_PCI_ABSENT)
		return absent(port, pci);
	if (pci->by == OVNET_PCI_UIO_FENCED)
		return fenced(port, pci);
	LOG(ERR,
		"port '%s': PCI device %s by %s without an IOMMU reads and writes physical memory, "
		"which takes hugepages: `scripts/hugepages.sh reserve --memory 64`, then restart; "
		"or "
		"give it an IOMMU (intel_iommu=on) and vfio-pci",
		port, pci->address, pci->driver);
	return -ENOMEM;
}
