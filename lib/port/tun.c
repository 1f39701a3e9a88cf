/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "port/rtnl.h"

OVNET_LOG_TYPE(port)

struct kind {
	bool tun, vnet_hdr, multi_queue;
	uint32_t queues; /* held open by somebody */
};

static int info_data(const struct nlattr *attr, void *arg)
{
	struct kind *k = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_TUN_TYPE:
		k->tun = mnl_attr_get_u8(attr) == IFF_TUN;
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

static int ask_kind(const char *name, struct kind *k)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	*k = (struct kind){0};
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);

	return rtnl_ask(nlh, link_message, k);
}

/* 0: there is none, or nobody holds it. */
static int look_at(const char *name, struct kind *k)
{
	int err = ask_kind(name, k);

	if (err == -ENODEV)
		return 0;
	if (err < 0) {
		LOG(ERR, "host device '%s': cannot ask the kernel about it: %s", name,
			strerror(-err));
		return err;
	}
	if (!k->tun || !k->multi_queue || !k->vnet_hdr) {
		LOG(ERR,
			"host device '%s' exists and is not a multi-queue TUN with vnet headers; "
			"remove it (ip link delete %s) or set another name (host.device)",
			name, name);
		return -EEXIST;
	}
	return k->queues > 0 ? -EBUSY : 0;
}

int ovnet_tun_check(const char *name, struct ovnet_patience *patience)
{
	struct kind k;
	int err;

	if (name == NULL || name[0] == '\0' || strlen(name) >= IFNAMSIZ) {
		LOG(ERR, "host device '%s': an interface name has 1 to 15 characters",
			name != NULL ? name : "");
		return -EINVAL;
	}
	while ((err = look_at(name, &k)) == -EBUSY &&
		ovnet_patience_wait(patience, "host device '%s'", name))
		;
	if (err == -EBUSY)
		LOG(ERR,
			"host device '%s' is held by another process (%u queues); is another "
			"ovnetd running?",
			name, k.queues);
	return err;
}

static int set_up(int fd, const char *name, bool csum_offload)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
	int hdr = sizeof(struct virtio_net_hdr);

	strcpy(ifr.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		int err = -errno;
		LOG(ERR, "host device '%s': cannot open a queue: %s%s", name, strerror(-err),
			err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
		return err;
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr) < 0 ||
		ioctl(fd, TUNSETOFFLOAD, csum_offload ? TUN_F_CSUM : 0) < 0) {
		int err = -errno;
		LOG(ERR, "host device '%s': cannot set header size or offloads: %s", name,
			strerror(-err));
		return err;
	}
	return 0;
}

int ovnet_tun_queue_open(const char *name, bool csum_offload)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		int err = -errno;
		LOG(ERR, "/dev/net/tun: %s; the host device needs it (modprobe tun)",
			strerror(-err));
		return err;
	}
	int err = set_up(fd, name, csum_offload);
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
	LOG(ERR, "host device '%s': cannot make it persistent: %s", name, strerror(-err));
	return err;
}
