/* SPDX-License-Identifier: BSD-3-Clause */
#include "guests/plugged.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/owner.h"
#include "conf/validate.h"
#include "node/vm_pool.h"

OVNET_LOG_TYPE(guests)

#define DIR_MODE 0770 /* where it is another user's */

bool guests_addr6(const struct guests *g, const struct guest *guest, struct ovnet_addr *out)
{
	const struct ovnet_lease *own = &g->node->own;

	*out = (struct ovnet_addr){.family = AF_INET6};
	return own->has_v6 && !guest->outside &&
	       node_twin_addr(&own->subnet, &own->subnet6, guest->vm.addr_host, out->v6);
}

/* "10.5.1.192,fd00::c0" */
static void put_addresses(
	const struct guests *g, const struct guest *guest, char out[2 * OVNET_ADDR_STRLEN])
{
	const struct ovnet_addr addr = ovnet_addr_v4(guest->vm.addr_host);
	struct ovnet_addr addr6;

	ovnet_addr_text(&addr, out, OVNET_ADDR_STRLEN);
	if (!guests_addr6(g, guest, &addr6))
		return;
	size_t n = strlen(out);
	out[n++] = ',';
	ovnet_addr_text(&addr6, out + n, OVNET_ADDR_STRLEN);
}

/* The directories on the way as well. */
static int make_dir(const char *dir)
{
	char path[CONF_VM_DIR_MAX + 1];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_theirs(const char *dir, uid_t uid, gid_t gid)
{
	struct stat st;

	return stat(dir, &st) == 0 && (st.st_mode & 07777) == DIR_MODE &&
	       (uid == (uid_t)-1 || st.st_uid == uid) && (gid == (gid_t)-1 || st.st_gid == gid);
}

/* To the user who runs QEMU. */
static int give_dir(const char *dir, const char *owner, char *err, size_t size)
{
	char missing[128];
	uid_t uid;
	gid_t gid;

	if (ovnet_owner_find(owner, &uid, &gid, missing, sizeof(missing)) < 0) {
		snprintf(err, size, "there is no %s; give another vm.socket-owner", missing);
		return -EINVAL;
	}
	if (is_theirs(dir, uid, gid) ||
		(chmod(dir, DIR_MODE) == 0 && chown(dir, uid, gid) == 0)) /* then it is not ours */
		return 0;
	int rc = -errno;
	snprintf(err, size,
		"%s cannot be given to %s (%s); do that, and leave vm.socket-owner out, or run "
		"ovnetd as root",
		dir, owner, strerror(-rc));
	return rc;
}

static int prepare_dir(const struct conf *conf, char *err, size_t size)
{
	int rc = make_dir(conf->vm.socket_dir);

	if (rc < 0) {
		snprintf(err, size,
			"%s cannot be made (%s); make it, or give another vm.socket-dir",
			conf->vm.socket_dir, strerror(-rc));
		return rc;
	}
	if (conf->vm.socket_owner[0] == '\0')
		return 0;
	return give_dir(conf->vm.socket_dir, conf->vm.socket_owner, err, size);
}

/* NULL: no memory. */
static json_t *members_of(const struct guests *g, const struct guest *guest)
{
	const char *owner = g->node->conf->vm.socket_owner;
	char addresses[2 * OVNET_ADDR_STRLEN], mac[OVNET_MAC_STRLEN];
	const struct vm *vm = &guest->vm;
	bool give = vm->server && owner[0] != '\0';

	put_addresses(g, guest, addresses);
	return json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:s,s:i,s:b}", "name", vm->name, "driver",
		"vhost", "path", guest->socket, "server", vm->server, "socket-owner",
		give ? owner : "", "socket-mode", give ? "0660" : "", "addresses", addresses, "mac",
		ovnet_mac_text(&vm->mac, mac, sizeof(mac)), "queues", (int)vm->queues, "dhcp", 1);
}

int plugged_add(struct guests *g, struct guest *guest, bool keep, char *err, size_t size)
{
	int rc = prepare_dir(g->node->conf, err, size);

	if (rc < 0)
		return rc;
	json_t *members = members_of(g, guest);
	bool done = members != NULL &&
		    attach_add(g->attach, members, ATTACH_VM, keep, err, size) != NULL;
	if (members == NULL)
		snprintf(err, size, "no memory for VM %s", guest->vm.name);
	json_decref(members);
	return done ? 0 : -EINVAL;
}

static bool has_addresses(const struct attached *it, const char *addresses)
{
	struct conf_port want;

	if (parse_port_addresses(&want, addresses) < 0 || want.n_addresses != it->conf.n_addresses)
		return false;
	for (unsigned i = 0; i < want.n_addresses; i++)
		if (!ovnet_prefix_equal(&want.addresses[i], &it->conf.addresses[i]))
			return false;
	return true;
}

void plugged_set(struct guests *g, const struct guest *guest)
{
	const struct attached *it = attach_find(g->attach, guest->vm.name);
	char addresses[2 * OVNET_ADDR_STRLEN], err[512] = "no memory";

	put_addresses(g, guest, addresses);
	if (it == NULL || it->source != ATTACH_VM || has_addresses(it, addresses))
		return;
	json_t *members = json_pack("{s:s}", "addresses", addresses);
	if (members == NULL || attach_set(g->attach, guest->vm.name, members, err, sizeof(err)) < 0)
		LOG(ERR, "VM %s keeps its former IPv6 address: %s", guest->vm.name, err);
	json_decref(members);
}

int plugged_del(struct guests *g, const struct guest *guest, char *err, size_t size)
{
	const struct attached *it = attach_find(g->attach, guest->vm.name);

	if (it == NULL || it->source != ATTACH_VM)
		return 0;
	return attach_del(g->attach, guest->vm.name, ATTACH_VM, err, size);
}

const struct ovnet_port *guests_port(const struct guests *g, const struct guest *guest)
{
	const struct attached *it = attach_find(g->attach, guest->vm.name);

	return it != NULL && it->source == ATTACH_VM ? it->port : NULL;
}

struct vm_plug guests_plug(const struct guests *g, const struct guest *guest, bool tcg)
{
	return (struct vm_plug){.vm = &guest->vm,
		.socket = guest->socket,
		.mtu = g->node->overlay_mtu,
		.kvm = !tcg && access("/dev/kvm", F_OK) == 0};
}
