/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/af_xdp_prog.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ovnet_xdp.skel.h"
#include "port/xdp/ovnet_xdp.h"

OVNET_LOG_TYPE(port)

#define PROG_NAME "ovnet_xdp"
/* While old and new addresses are in the map together, both have to fit. */
#define MAX_ENTRIES (OVNET_XDP_ENTRIES / 2)

static_assert(OVNET_XDP_QUEUES >= OVNET_MAX_QUEUES, "every queue needs its slot in the XSKMAP");

struct ovnet_xdp_prog {
	struct ovnet_xdp *skel;
	int link_fd;
	char iface[32];
};

struct holder {
	uint32_t id; /* 0: nobody */
	uint32_t mode_flag;
	char name[BPF_OBJ_NAME_LEN]; /* "": only CAP_SYS_ADMIN may know it */
};

__attribute__((format(printf, 2, 0))) static int print(
	enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	LOG(DEBUG, "%s", line);
	return n;
}

static void find_holder(uint32_t ifindex, struct holder *h)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	*h = (struct holder){0};
	if (bpf_xdp_query((int)ifindex, 0, &query) < 0)
		return;
	h->id = query.drv_prog_id != 0 ? query.drv_prog_id : query.skb_prog_id;
	h->mode_flag = query.drv_prog_id != 0 ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	if (h->id == 0)
		h->id = query.hw_prog_id;
	if (h->id == 0)
		return;
	int fd = bpf_prog_get_fd_by_id(h->id);
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		memcpy(h->name, info.name, sizeof(h->name));
	close(fd);
}

/* Fails, as it should, for a program that hangs on a link: its process lives, or is ending. */
static bool remove_stale(const char *iface, uint32_t ifindex, const struct holder *h)
{
	int fd = bpf_prog_get_fd_by_id(h->id);

	if (fd < 0)
		return false;
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = fd);
	bool removed = bpf_xdp_detach((int)ifindex, h->mode_flag | XDP_FLAGS_REPLACE, &opts) == 0;
	if (removed)
		LOG(NOTICE, "interface '%s': removed an XDP program a former ovnetd left behind",
			iface);
	close(fd);
	return removed;
}

static bool is_held(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

static int attach_mode(int prog_fd, uint32_t ifindex, uint32_t mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);

	return bpf_link_create(prog_fd, (int)ifindex, BPF_XDP, &opts);
}

static int attach_once(const char *iface, int prog_fd, uint32_t ifindex)
{
	int native = attach_mode(prog_fd, ifindex, XDP_FLAGS_DRV_MODE);

	if (native >= 0 || is_held(native))
		return native;
	int generic = attach_mode(prog_fd, ifindex, XDP_FLAGS_SKB_MODE);
	if (generic >= 0)
		LOG(NOTICE,
			"interface '%s': its driver refused native XDP (%s); generic XDP is "
			"used, which is slower",
			iface, strerror(-native));
	return generic;
}

/* By its number: its name is hidden from ovnetd as a rule. */
static void log_held(const char *iface, const struct holder *h)
{
	if (h->id == 0)
		LOG(ERR, "interface '%s': its driver takes no XDP program now; try again", iface);
	else
		LOG(ERR,
			"interface '%s': XDP program %u is attached already (`ip -d link show dev "
			"%s` names it; " PROG_NAME " is another ovnetd's); detach it (ip link set "
			"dev %s xdp off) or set driver = \"af_packet\"",
			iface, h->id, iface, iface);
}

/* Is it gone, or may it be soon? One of ours is on its daemon's link, or was left behind. */
static bool is_worth_a_try(
	const char *iface, uint32_t ifindex, struct holder *h, struct ovnet_patience *patience)
{
	find_holder(ifindex, h);
	if (h->name[0] != '\0' && strcmp(h->name, PROG_NAME) != 0)
		return false;
	if (h->id != 0 && remove_stale(iface, ifindex, h))
		return true;
	return ovnet_patience_wait(patience, "the XDP program on %s", iface);
}

/* Link fd or negative errno. */
static int attach(const char *iface, int prog_fd, uint32_t ifindex, struct ovnet_patience *patience)
{
	struct holder h;
	int fd;

	do {
		fd = attach_once(iface, prog_fd, ifindex);
	} while (is_held(fd) && is_worth_a_try(iface, ifindex, &h, patience));
	if (is_held(fd)) {
		log_held(iface, &h);
		return -EBUSY;
	}
	if (fd < 0)
		LOG(ERR, "interface '%s': cannot attach an XDP program: %s%s", iface, strerror(-fd),
			fd == -EPERM ? " (CAP_NET_ADMIN and CAP_BPF are needed)" : "");
	return fd;
}

static int set_config(struct ovnet_xdp_prog *p, uint16_t udp_port, uint16_t flags)
{
	struct ovnet_xdp_config c = {.udp_port_be = htons(udp_port), .flags = flags};
	const uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(p->skel->maps.config), &zero, &c, BPF_ANY);
}

static int load(struct ovnet_xdp_prog *p, bool all)
{
	libbpf_set_print(print);
	p->skel = ovnet_xdp__open_and_load();
	int err = p->skel == NULL ? -errno : all ? set_config(p, 0, OVNET_XDP_ALL) : 0;
	if (err < 0)
		LOG(ERR, "interface '%s': the kernel refused the XDP program: %s", p->iface,
			strerror(-err));
	return err;
}

struct ovnet_xdp_prog *ovnet_xdp_prog_attach(
	const char *iface, uint32_t ifindex, bool all, struct ovnet_patience *patience, int *err)
{
	struct ovnet_xdp_prog *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		LOG(ERR, "interface '%s': out of memory", iface);
		*err = -ENOMEM;
		return NULL;
	}
	p->link_fd = -1;
	snprintf(p->iface, sizeof(p->iface), "%s", iface);
	*err = load(p, all);
	if (*err == 0) {
		p->link_fd =
			attach(iface, bpf_program__fd(p->skel->progs.ovnet_xdp), ifindex, patience);
		if (p->link_fd >= 0)
			return p;
		*err = p->link_fd;
	}
	ovnet_xdp_prog_detach(p);
	return NULL;
}

void ovnet_xdp_prog_detach(struct ovnet_xdp_prog *p)
{
	if (p == NULL)
		return;
	if (p->link_fd >= 0)
		close(p->link_fd);
	ovnet_xdp__destroy(p->skel);
	free(p);
}

int ovnet_xdp_prog_add_socket(struct ovnet_xdp_prog *p, uint32_t queue, int xsk_fd)
{
	int err = bpf_map_update_elem(bpf_map__fd(p->skel->maps.xsks), &queue, &xsk_fd, BPF_ANY);

	if (err < 0)
		LOG(ERR, "interface '%s': cannot direct queue %u to its socket: %s", p->iface,
			queue, strerror(-err));
	return err;
}

#define KEY_MAX sizeof(struct ovnet_xdp_subnet6)

/* The keys a map is to have. */
struct keys {
	int fd;
	unsigned size, n;
	uint8_t key[MAX_ENTRIES][KEY_MAX];
};

static int add_all(const struct keys *k)
{
	const uint8_t one = 1;
	int err;

	for (unsigned i = 0; i < k->n; i++)
		if ((err = bpf_map_update_elem(k->fd, k->key[i], &one, BPF_ANY)) < 0)
			return err;
	return 0;
}

static bool contains(const struct keys *k, const uint8_t *key)
{
	for (unsigned i = 0; i < k->n; i++)
		if (memcmp(k->key[i], key, k->size) == 0)
			return true;
	return false;
}

static int prune(const struct keys *k)
{
	uint8_t last[KEY_MAX], next[KEY_MAX];
	const uint8_t *from = NULL;
	int err;

	while (bpf_map_get_next_key(k->fd, from, next) == 0) {
		if (contains(k, next)) {
			memcpy(last, next, sizeof(last));
			from = last;
			continue;
		}
		if ((err = bpf_map_delete_elem(k->fd, next)) < 0)
			return err;
		from = NULL; /* the walk's place may have gone with the key */
	}
	return 0;
}

static void collect_addrs(const struct ovnet_port_filter *f, struct keys *v4, struct keys *v6)
{
	for (unsigned i = 0; i < f->n_addrs; i++) {
		if (f->addrs[i].family == AF_INET)
			memcpy(v4->key[v4->n++], &f->addrs[i].v4_be, v4->size);
		else if (f->addrs[i].family == AF_INET6)
			memcpy(v6->key[v6->n++], f->addrs[i].v6, v6->size);
	}
}

static void collect_subnets(const struct ovnet_port_filter *f, struct keys *v4, struct keys *v6)
{
	for (unsigned i = 0; i < f->n_subnets; i++) {
		const struct ovnet_prefix *p = &f->subnets[i];
		struct ovnet_xdp_subnet s4 = {.len = p->v4.len, .addr_be = htonl(p->v4.addr_host)};
		struct ovnet_xdp_subnet6 s6 = {.len = p->v6.len};

		memcpy(s6.addr, p->v6.addr, sizeof(s6.addr));
		if (p->family == AF_INET)
			memcpy(v4->key[v4->n++], &s4, sizeof(s4));
		else if (p->family == AF_INET6)
			memcpy(v6->key[v6->n++], &s6, sizeof(s6));
	}
}

int ovnet_xdp_prog_filter(struct ovnet_xdp_prog *p, const struct ovnet_port_filter *f)
{
	struct keys map[] = {
		{.fd = bpf_map__fd(p->skel->maps.addrs4), .size = 4},
		{.fd = bpf_map__fd(p->skel->maps.addrs6), .size = 16},
		{.fd = bpf_map__fd(p->skel->maps.subnets), .size = sizeof(struct ovnet_xdp_subnet)},
		{.fd = bpf_map__fd(p->skel->maps.subnets6),
			.size = sizeof(struct ovnet_xdp_subnet6)},
	};
	uint16_t subnets;
	int err = 0;

	if (f->n_addrs > MAX_ENTRIES || f->n_subnets > MAX_ENTRIES) {
		LOG(ERR, "interface '%s': %u addresses and %u subnets, at most %u each", p->iface,
			f->n_addrs, f->n_subnets, MAX_ENTRIES);
		return -E2BIG;
	}
	collect_addrs(f, &map[0], &map[1]);
	collect_subnets(f, &map[2], &map[3]);
	subnets = (map[2].n > 0 ? OVNET_XDP_SUBNETS4 : 0) | (map[3].n > 0 ? OVNET_XDP_SUBNETS6 : 0);
	for (unsigned i = 0; err == 0 && i < RTE_DIM(map); i++)
		err = add_all(&map[i]);
	if (err == 0)
		err = set_config(p, f->udp_port, subnets);
	for (unsigned i = 0; err == 0 && i < RTE_DIM(map); i++)
		err = prune(&map[i]);
	if (err < 0)
		LOG(ERR, "interface '%s': cannot change what XDP takes: %s", p->iface,
			strerror(-err));
	return err;
}
