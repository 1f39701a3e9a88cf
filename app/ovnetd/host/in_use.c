/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/in_use.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(host)

#define ID_SHOWN 12 /* of a container's ID, as docker shows it */

static bool by_interface(
	const struct in_use *u, const struct ovnet_addr *addr, char *who, size_t size)
{
	struct ovnet_link link;

	if (ovnet_kernel_link_by_addr(u->kernel, addr, &link) < 0)
		return false;
	snprintf(who, size, "interface %s of this node", link.name);
	return true;
}

/* The beginning of its first line, as far as it can be shown. */
static void read_id(const char *path, char id[ID_SHOWN + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, id, ID_SHOWN) : 0, len = 0;

	while (len < n && isalnum((unsigned char)id[len]))
		len++;
	id[len] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool in_network(
	const char *dir, const char *network, const char *addr, char *who, size_t size)
{
	char path[PATH_MAX], id[ID_SHOWN + 1];

	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, network, addr) >= (int)sizeof(path) ||
		access(path, F_OK) < 0)
		return false;
	read_id(path, id);
	snprintf(who, size, "container %s of CNI network %s (%s; remove the file if it is gone)",
		id[0] != '\0' ? id : "without a name", network, path);
	return true;
}

static bool by_container(
	const struct in_use *u, const struct ovnet_addr *addr, char *who, size_t size)
{
	char text[OVNET_ADDR_STRLEN];
	const struct dirent *e;
	bool found = false;
	DIR *d = opendir(u->cni_dir);

	if (d == NULL) {
		if (errno != ENOENT)
			LOG(WARN, "%s cannot be read (%s): addresses of CNI's are not known",
				u->cni_dir, strerror(errno));
		return false;
	}
	ovnet_addr_text(addr, text, sizeof(text));
	while (!found && (e = readdir(d)) != NULL)
		found = e->d_name[0] != '.' && in_network(u->cni_dir, e->d_name, text, who, size);
	closedir(d);
	return found;
}

static bool by_neighbour(
	const struct in_use *u, const struct ovnet_addr *addr, char *who, size_t size)
{
	char text[OVNET_ADDR_STRLEN], mac[OVNET_MAC_STRLEN];
	struct ovnet_neighbour n;
	struct ovnet_link link;

	if (ovnet_kernel_neighbour(u->kernel, addr, &n) < 0 ||
		ovnet_kernel_link_by_index(u->kernel, n.ifindex, &link) < 0)
		return false;
	snprintf(who, size, "%s on %s (`ip neigh del %s dev %s` if that is gone)",
		ovnet_mac_text(&n.mac, mac, sizeof(mac)), link.name,
		ovnet_addr_text(addr, text, sizeof(text)), link.name);
	return true;
}

bool in_use(void *arg, const struct ovnet_addr *addr, char *who, size_t size)
{
	const struct in_use *u = arg;

	return by_interface(u, addr, who, size) || by_container(u, addr, who, size) ||
	       by_neighbour(u, addr, who, size);
}
