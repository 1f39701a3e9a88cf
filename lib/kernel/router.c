/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether this host routes: its settings, of all and of one link. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ip.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel/internal.h"
#include "kernel/proxy.h"

/* -1: cannot be told, where /proc is not the host's for one. */
static int setting(const char *path)
{
	char digit = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = read(fd, &digit, 1);
	close(fd);
	return n == 1 ? digit != '0' : -1;
}

static int switch_on(const char *path)
{
	if (setting(path) == 1)
		return 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return rc;
}

bool ovnet_kernel_forwards(struct ovnet_kernel *k, uint8_t family)
{
	(void)k;
	return setting(family == AF_INET ? "/proc/sys/net/ipv4/ip_forward"
					 : "/proc/sys/net/ipv6/conf/all/forwarding") != 0;
}

int ovnet_kernel_link_forward(struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, bool proxy,
	char *what, size_t size)
{
	struct ovnet_link link;
	char path[80];
	int rc = link_get(&k->nl, ifindex, &link);

	if (rc < 0) {
		snprintf(what, size, "interface %u", ifindex);
		return rc;
	}
	snprintf(what, size, "net.ipv%c.conf.%s.forwarding", family == AF_INET ? '4' : '6',
		link.name);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv%c/conf/%s/forwarding",
		family == AF_INET ? '4' : '6', link.name);
	if (family == AF_INET)
		return setting(path) == 1
			       ? 0
			       : link_set_conf4(&k->nl, link.ifindex, IPV4_DEVCONF_FORWARDING, 1);
	rc = proxy ? switch_on(path) : 0;
	if (rc < 0 || !proxy)
		return rc;
	snprintf(what, size, "net.ipv6.conf.%s.proxy_ndp", link.name);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/proxy_ndp", link.name);
	return switch_on(path);
}
