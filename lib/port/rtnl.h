/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to rtnetlink and its answer. Control thread; nobody outside lib/port. */
#ifndef OVNET_PORT_RTNL_H
#define OVNET_PORT_RTNL_H

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

static inline int rtnl_transact(
	struct mnl_socket *nl, const struct nlmsghdr *nlh, mnl_cb_t take, void *arg)
{
	char buf[32768]; /* what the kernel's own tools give a link with all its attributes */

	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	if (mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), take, arg) < 0)
		return -errno;
	return 0;
}

/* 0 or negative errno, the kernel's among them. */
static inline int rtnl_ask(const struct nlmsghdr *nlh, mnl_cb_t take, void *arg)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (nl == NULL)
		return -errno;
	int err = rtnl_transact(nl, nlh, take, arg);
	mnl_socket_close(nl);
	return err;
}

#endif
