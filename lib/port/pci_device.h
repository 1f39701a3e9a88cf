/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who drives a PCI device, by sysfs: DPDK itself only says that it found none. Paths as EAL has
 * them (SYSFS_PCI_DEVICES_PATH), so that both look at the same devices.
 */
#ifndef OVNET_PORT_PCI_DEVICE_H
#define OVNET_PORT_PCI_DEVICE_H

#include <stdbool.h>

#define OVNET_PCI_ADDRSTRLEN 24

enum ovnet_pci_by {
	OVNET_PCI_ABSENT,       /* no such device */
	OVNET_PCI_NO_DRIVER,    /* nobody */
	OVNET_PCI_KERNEL,       /* a driver of the kernel's own */
	OVNET_PCI_BIFURCATED,   /* the kernel's, and DPDK beside it (mlx5) */
	OVNET_PCI_VFIO,         /* vfio-pci behind an IOMMU */
	OVNET_PCI_VFIO_NOIOMMU, /* vfio-pci without one */
	OVNET_PCI_UIO,          /* uio_pci_generic, igb_uio */
	OVNET_PCI_UIO_FENCED,   /* the same, behind an IOMMU that knows nothing of it */
};

struct ovnet_pci {
	char address[OVNET_PCI_ADDRSTRLEN]; /* "0000:3b:00.0" */
	char driver[32];                    /* "" where there is none */
	char iface[16];                     /* the kernel's interface on it, or "" */
	enum ovnet_pci_by by;
};

/* False: these devargs are no PCI device's. Takes "3b:00.0" and "pci:0000:3b:00.0" too. */
bool ovnet_pci_look(const char *devargs, struct ovnet_pci *out);
/* The i-th device of devargs: a PCI device itself, or a member of DPDK's bonding. False: no more.
 */
bool ovnet_pci_nth(const char *devargs, unsigned i, struct ovnet_pci *out);
/* The NIC is told physical addresses: it takes hugepages, and rights that let one write to all of
 * memory anyway. */
bool ovnet_pci_is_physical(const struct ovnet_pci *pci);
/* Can DPDK have it, from memory as this is? */
bool ovnet_pci_is_ready(const struct ovnet_pci *pci, bool hugepages);
/*
 * The same, for that port: 0, or negative errno with a line in the
 * log that says what to do.
 */
int ovnet_pci_check(const char *port, const struct ovnet_pci *pci, bool hugepages);

#endif
