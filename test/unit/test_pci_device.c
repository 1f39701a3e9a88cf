/* SPDX-License-Identifier: BSD-3-Clause */
/* Who drives a PCI device: folders and links as sysfs has them, where EAL too looks for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/pci_device.h"

static char top[] = "/tmp/ovnet-pci-XXXXXX";

static void make(bool is_link, const char *address, const char *file, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, address);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%s/%s", top, address, file);
	if (is_link) {
		assert_int_equal(symlink(text, path), 0);
	} else if (text == NULL) {
		assert_int_equal(mkdir(path, 0755), 0);
	} else {
		f = fopen(path, "we");
		assert_non_null(f);
		assert_true(fputs(text, f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(setenv("SYSFS_PCI_DEVICES_PATH", top, 1), 0);
	make(true, "0000:01:00.0", "driver", "../../../bus/pci/drivers/e1000e");
	make(false, "0000:01:00.0", "net", NULL);
	make(false, "0000:01:00.0", "net/enp1s0", NULL);
	make(true, "0000:02:00.0", "driver", "../../../bus/pci/drivers/vfio-pci");
	make(true, "0000:03:00.0", "driver", "../../../bus/pci/drivers/vfio-pci");
	make(false, "0000:03:00.0", "iommu_group", NULL);
	make(false, "0000:03:00.0", "iommu_group/name", "vfio-noiommu\n");
	make(true, "0000:04:00.0", "driver", "../../../bus/pci/drivers/uio_pci_generic");
	make(false, "0000:04:00.0", "iommu_group", NULL);
	make(false, "0000:04:00.0", "iommu_group/type", "identity\n");
	make(true, "0000:08:00.0", "driver", "../../../bus/pci/drivers/igb_uio");
	make(false, "0000:08:00.0", "iommu_group", NULL);
	make(false, "0000:08:00.0", "iommu_group/type", "DMA-FQ\n");
	make(true, "0001:05:1f.7", "driver", "../../../bus/pci/drivers/mlx5_core");
	make(false, "0000:06:00.0", "vendor", "0x8086\n");
	return 0;
}

static int tear_down(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static struct ovnet_pci look(const char *devargs)
{
	struct ovnet_pci pci;

	assert_true(ovnet_pci_look(devargs, &pci));
	return pci;
}

static void an_address_in_each_of_its_forms(void **state)
{
	static const char *const same[] = {"0000:01:00.0", "01:00.0", "pci:0000:01:00.0",
		"0000:01:00.0,rx-queues=4,name=with:colons.9"};
	static const char *const others[] = {"", "net_pcap0,iface=eth0", "net_memif0,id=01:00.0",
		"0000:01:00", "0000:01:00.0x", "0000:00000000000000000000000000001:00.0", "pci:"};
	struct ovnet_pci pci;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		pci = look(same[i]);
		assert_string_equal(pci.address, "0000:01:00.0");
		assert_string_equal(pci.driver, "e1000e");
		assert_string_equal(pci.iface, "enp1s0");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(ovnet_pci_look(others[i], &pci));
	assert_false(ovnet_pci_look(NULL, &pci));
}

static void members_of_a_bond(void **state)
{
	static const char bond[] =
		"net_bonding0,mode=1,slave=0000:02:00.0,primary=x,slave=net_ring0,"
		"member=04:00.0";
	struct ovnet_pci pci;

	(void)state;
	assert_true(ovnet_pci_nth(bond, 0, &pci));
	assert_string_equal(pci.address, "0000:02:00.0");
	assert_true(ovnet_pci_nth(bond, 1, &pci));
	assert_string_equal(pci.address, "0000:04:00.0");
	assert_false(ovnet_pci_nth(bond, 2, &pci));
	assert_true(ovnet_pci_nth("01:00.0,slave=02:00.0", 0, &pci));
	assert_string_equal(pci.address, "0000:01:00.0");
	assert_false(ovnet_pci_nth("01:00.0,slave=02:00.0", 1, &pci));
	assert_false(ovnet_pci_nth("net_ring0,slave=02:00.0", 0, &pci));
	assert_false(ovnet_pci_nth("", 0, &pci));
}

static void who_drives_it(void **state)
{
	(void)state;
	assert_int_equal(look("01:00.0").by, OVNET_PCI_KERNEL);
	assert_int_equal(look("02:00.0").by, OVNET_PCI_VFIO);
	assert_int_equal(look("03:00.0").by, OVNET_PCI_VFIO_NOIOMMU);
	assert_int_equal(look("04:00.0").by, OVNET_PCI_UIO);
	assert_int_equal(look("0001:05:1f.7").by, OVNET_PCI_BIFURCATED);
	assert_int_equal(look("06:00.0").by, OVNET_PCI_NO_DRIVER);
	assert_int_equal(look("07:00.0").by, OVNET_PCI_ABSENT);
	assert_int_equal(look("08:00.0").by, OVNET_PCI_UIO_FENCED);
}

static int check(const char *devargs, bool hugepages)
{
	struct ovnet_pci pci = look(devargs);
	int rc = ovnet_pci_check("uplink0", &pci, hugepages);

	assert_int_equal(rc == 0, ovnet_pci_is_ready(&pci, hugepages));
	return rc;
}

static void what_dpdk_can_have(void **state)
{
	(void)state;
	for (int hugepages = 0; hugepages < 2; hugepages++) {
		assert_int_equal(check("01:00.0", hugepages), -EBUSY);
		assert_int_equal(check("02:00.0", hugepages), 0);
		assert_int_equal(check("03:00.0", hugepages), hugepages ? 0 : -ENOMEM);
		assert_int_equal(check("04:00.0", hugepages), hugepages ? 0 : -ENOMEM);
		assert_int_equal(check("0001:05:1f.7", hugepages), 0);
		assert_int_equal(check("06:00.0", hugepages), -ENODEV);
		assert_int_equal(check("07:00.0", hugepages), -ENODEV);
		assert_int_equal(check("08:00.0", hugepages), -EPERM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_in_each_of_its_forms),
		cmocka_unit_test(members_of_a_bond),
		cmocka_unit_test(who_drives_it),
		cmocka_unit_test(what_dpdk_can_have),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
