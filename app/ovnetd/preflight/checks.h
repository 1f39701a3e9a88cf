/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the checks of this folder share. Each is a function that looks at one thing and says one
 * line at least; what it judges by stands in a pure function where that is worth a test. One
 * thread.
 */
#ifndef OVNET_APP_PREFLIGHT_CHECKS_H
#define OVNET_APP_PREFLIGHT_CHECKS_H

#include "kernel/kernel.h"
#include "lease/tree_read.h"
#include "node/node.h"
#include "run/warnings.h"
#include "underlay/uplinks.h"

enum preflight_level { PREFLIGHT_OK, PREFLIGHT_WARN, PREFLIGHT_FAIL };

struct preflight_line {
	enum preflight_level level;
	const char *check;
	char *text, *fix; /* fix: NULL where nothing is to be done */
};

struct preflight {
	const struct conf *conf;
	const char *root; /* in front of the files that are looked at; "" but in tests */
	struct event_base *base;
	struct ovnet_kernel *kernel;
	struct warnings warnings; /* of what is asked of other rooms */
	struct node node;
	struct underlay under; /* chosen, nothing is open */
	unsigned n_links;
	struct uplink links[CONF_MAX_UPLINKS]; /* interfaces that are there; addresses learnt */
	bool running;                          /* an ovnetd is at the control socket */
	struct lease_tree tree;
	bool has_netconf; /* in there, good */
	bool has_own;     /* this node's lease is in the tree and fits */
	struct ovnet_lease own;

	const char *check; /* under way */
	struct preflight_line *lines;
	size_t n, room;
};

/* lines.c */
__attribute__((format(printf, 3, 4))) void preflight_say(
	struct preflight *p, enum preflight_level level, const char *fmt, ...);
/* What to do about the last line. */
__attribute__((format(printf, 2, 3))) void preflight_fix(struct preflight *p, const char *fmt, ...);
/* print.c */
void preflight_print(const struct preflight *p);
void preflight_print_json(const struct preflight *p);

/* file.c: at most size - 1 bytes of p->root + path, with a NUL. Bytes, or negative errno. */
ssize_t preflight_read(const struct preflight *p, const char *path, char *buf, size_t size);
bool preflight_exists(const struct preflight *p, const char *path);
/* The number in such a file; `fallback` if it is not there. */
long long preflight_number(const struct preflight *p, const char *path, long long fallback);
/*
 * Calls `each` with the text of all files in these folders (ends with NULL) whose name ends so, by
 * name as systemd reads them: of one name only the first folder's. Until it returns false.
 */
void preflight_each_file(const struct preflight *p, const char *const *folders, const char *ending,
	bool (*each)(void *arg, const char *path, const char *text), void *arg);

/* The checks. */
void check_running(struct preflight *p);
void check_uplinks(struct preflight *p);
void check_certificates(struct preflight *p);
void check_etcd(struct preflight *p);
void check_config(struct preflight *p);
void check_lease(struct preflight *p);
void check_flanneld(struct preflight *p);
void check_port(struct preflight *p);
void check_docker(struct preflight *p);
void check_forward(struct preflight *p);
void check_rp_filter(struct preflight *p);
void check_br_netfilter(struct preflight *p);
void check_hugepages(struct preflight *p);
void check_udev(struct preflight *p);
void check_network_manager(struct preflight *p);

/* What they judge by. */
struct link_facts {
	const char *name, *kind; /* kind: of the kernel's, "vlan", ... */
	enum conf_driver driver;
	bool zero_copy, up, running, bond, veth, has_address;
	uint16_t mtu, rx_channels;
};
/* uplink_judge.c */
void judge_link(struct preflight *p, const struct link_facts *f);

/* docker.c */
struct docker_facts {
	struct ovnet_addr addr;                    /* of docker0 */
	const struct ovnet_prefix4 *network, *own; /* NULL: not known */
};
void judge_docker(struct preflight *p, const struct docker_facts *f);

/* udev.c: does this .link file speak for an interface of that name, and with which policy ("")? */
bool link_file_policy(const char *text, const char *name, char *policy, size_t size);
/* network_manager.c: does this configuration leave such an interface alone? */
bool nm_leaves_alone(const char *text, const char *name);
/* hugepages.c: the path of the process's cgroup of hugetlb in /proc/self/cgroup. v2: `unified`. */
bool cgroup_path(const char *text, bool *unified, char *path, size_t size);
/* certs.c: days until `file`'s certificate ends. -ENOENT: no certificate in there. */
int certificate_days(const char *file, long *days, char *name, size_t size);

#endif
