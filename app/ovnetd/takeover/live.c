/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is that flanneld at work? By its process, or the TUN only a process can hold; devices and routes
 * of this network say whose it is where its command line does not. Lease renewals, one a day, say
 * nothing. What all this misses shows afterwards: takeover_check().
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "node/flanneld.h"
#include "takeover/takeover.h"

OVNET_LOG_TYPE(takeover)

struct judge {
	const struct takeover *t;
	bool others; /* it serves another network, by the device we would take */
};

static bool same_prefix(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	while (a_len > 0 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 0 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && strncmp(a, b, a_len) == 0;
}

/* What ovnet handed over is no sign of a flanneld's life. */
static bool shows_itself(const struct ovnet_flannel_found *f)
{
	return ovnet_flannel_found_any(f) && !f->layout.device[0].ours && !f->layout.device[1].ours;
}

static bool is_of_concern(void *arg, const char *prefix)
{
	struct judge *j = arg;
	const struct takeover *t = j->t;
	const char *ours = t->node->conf->etcd.prefix;

	if (prefix[0] != '\0' && same_prefix(prefix, ours))
		return true;
	if (prefix[0] != '\0') {
		j->others = t->found.foreign;
		return j->others;
	}
	if (shows_itself(&t->found))
		return true;
	/* Its environment may name another; without peers it has no routes yet. */
	LOG(WARN,
		"a flanneld runs here whose command line has no --etcd-prefix: if it serves %s as "
		"well, stop it, because both would set the same routes",
		ours);
	return false;
}

int takeover_refuse_live(const struct takeover *t, const struct ovnet_netconf *c)
{
	struct judge j = {.t = t};
	char net[OVNET_PREFIX_STRLEN], what[512];
	pid_t pid = flanneld_running(is_of_concern, &j);

	ovnet_prefix4_text(&c->network, net, sizeof(net));
	if (pid != 0 && j.others)
		LOG(ERR,
			"%s is a device of the flanneld that runs here for another network "
			"(process "
			"%d), and ours would be the same: choose another VNI and Port for one of "
			"them",
			t->found.layout.device[0].name, (int)pid);
	else if (pid != 0)
		LOG(ERR,
			"flanneld runs here as well (process %d) and serves network %s: both would "
			"set the same routes; stop it first, as with `systemctl stop flanneld`",
			(int)pid, net);
	else if (t->found.held)
		LOG(ERR,
			"flanneld runs here as well, under another name or in a container: a "
			"process holds %s of network %s; stop it first, as with `systemctl stop "
			"flanneld`",
			takeover_describe(&t->found, what, sizeof(what)), net);
	return pid != 0 || t->found.held ? -EADDRINUSE : 0;
}
