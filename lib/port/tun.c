/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "port/rtnl.h"
#include "port/virtio_compat.h"

OVNET_LOG_TYPE(port)

static const struct {
	const char *what, *mode, *option;
	short flag;
} kinds[] = {
	[OVNET_TUN_HOST] = {"host device", "TUN", "host.device", IFF_TUN},
	[OVNET_TUN_TAP] = {"TAP", "TAP", "the port's iface", IFF_TAP},
};

/* What a device of the name is. */
struct found {
	uint8_t type; /* IFF_TUN or IFF_TAP */
	bool vnet_hdr, multi_queue;
	uint32_t queues; /* held open by somebody */
};

static int info_data(const struct nlattr *attr, void *arg)
{
	struct found *k = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_TUN_TYPE:
		k->type = mnl_attr_get_u8(attr);
		break;
	case IFLA_TUN_VNET_HDR:
		k->vnet_hdr = mnl_attr_get_u8(attr) != 0;
		break;
	case IFLA_TUN_MULTI_QUEUE:
		k->multi_queue = mnl_attr_get_u8(attr) != 0;
		break;
	case IFLA_TUN_NUM_QUEUES:
		k->queues = mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

static int link_info(const struct nlattr *attr, void *arg)
{
	/* Other kinds number their attributes differently, but all of them must say "tun". */
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && strcmp(mnl_attr_get_str(attr), "tun") != 0)
		return MNL_CB_STOP;
	if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
		return mnl_attr_parse_nested(attr, info_data, arg);
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
		mnl_attr_parse_nested(attr, link_info, arg);
	return MNL_CB_OK;
}

static int link_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), link_attr, arg);
}

static int ask_kind(const char *name, struct found *k)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	*k = (struct found){0};
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);

	return rtnl_ask(nlh, link_message, k);
}

/* 0: there is none, or nobody holds it. */
static int look_at(const char *name, enum ovnet_tun_kind kind, struct found *k)
{
	int err = ask_kind(name, k);

	if (err == -ENODEV)
		return 0;
	if (err < 0) {
		LOG(ERR, "%s '%s': cannot ask the kernel about it: %s", kinds[kind].what, name,
			strerror(-err));
		return err;
	}
	if (k->type != kinds[kind].flag || !k->multi_queue || !k->vnet_hdr) {
		LOG(ERR,
			"%s '%s' exists and is not a multi-queue %s with vnet headers; "
			"remove it (ip link delete %s) or set another name (%s)",
			kinds[kind].what, name, kinds[kind].mode, name, kinds[kind].option);
		return -EEXIST;
	}
	return k->queues > 0 ? -EBUSY : 0;
}

int ovnet_tun_check(const char *name, enum ovnet_tun_kind kind, struct ovnet_patience *patience)
{
	struct found k;
	int err;

	/* Of "%d" the kernel would make a new name for each queue. */
	if (name == NULL || name[0] == '\0' || strlen(name) >= IFNAMSIZ || strchr(name, '%')) {
		LOG(ERR, "%s '%s': an interface name has 1 to 15 characters, none of them %%",
			kinds[kind].what, name != NULL ? name : "");
		return -EINVAL;
	}
	while ((err = look_at(name, kind, &k)) == -EBUSY &&
		ovnet_patience_wait(patience, "%s '%s'", kinds[kind].what, name))
		;
	if (err == -EBUSY)
		LOG(ERR,
			"%s '%s' is held by another process (%u queues); is another ovnetd "
			"running?",
			kinds[kind].what, name, k.queues);
	return err;
}

/* All there is of it; kernels before 6.2 refuse what they do not know of UDP. */
static int set_offloads(int fd, bool offloads, unsigned *taken)
{
	const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	const unsigned tries[] = {tcp | TUN_F_USO4 | TUN_F_USO6, tcp};

	*taken = 0;
	if (!offloads)
		return ioctl(fd, TUNSETOFFLOAD, 0) < 0 ? -errno : 0;
	for (unsigned i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (ioctl(fd, TUNSETOFFLOAD, tries[i]) == 0) {
			*taken = tries[i];
			return 0;
		}
	}
	return -errno;
}

static int set_up(
	int fd, const char *name, enum ovnet_tun_kind kind, bool offloads, unsigned *taken)
{
	struct ifreq ifr = {
		.ifr_flags = kinds[kind].flag | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
	int hdr = sizeof(struct virtio_net_hdr), err;

	strcpy(ifr.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		err = -errno;
		LOG(ERR, "%s '%s': cannot open a queue: %s%s", kinds[kind].what, name,
			strerror(-err), err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
		return err;
	}
	err = ioctl(fd, TUNSETVNETHDRSZ, &hdr) < 0 ? -errno : set_offloads(fd, offloads, taken);
	if (err < 0)
		LOG(ERR, "%s '%s': cannot set header size or offloads: %s", kinds[kind].what, name,
			strerror(-err));
	return err;
}

int ovnet_tun_queue_open(const char *name, enum ovnet_tun_kind kind, bool offloads, unsigned *taken)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		int err = -errno;
		LOG(ERR, "/dev/net/tun: %s; %s '%s' needs it (modprobe tun)", strerror(-err),
			kinds[kind].what, name);
		return err;
	}
	int err = set_up(fd, name, kind, offloads, taken);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

int ovnet_tun_persist(int fd, const char *name)
{
	if (ioctl(fd, TUNSETPERSIST, 1) == 0)
		return 0;
	int err = -errno;
	LOG(ERR, "device '%s': cannot make it persistent: %s", name, strerror(-err));
	return err;
}

void ovnet_tun_set_carrier(int fd, const char *name, bool up)
{
	int carrier = up;

	if (ioctl(fd, TUNSETCARRIER, &carrier) < 0)
		LOG(WARN, "device '%s': cannot show that its link is %s: %s", name,
			up ? "up" : "down", strerror(errno));
}
