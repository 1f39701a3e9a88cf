/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flags of flanneld v0.1 to v0.28 that are no settings of ours: units and scripts that were
 * written for flanneld start ovnetd as it is, or learn what to change.
 */
#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "conf/reader.h"

OVNET_LOG_TYPE(main)

#define KUBE_ONLY  "it belongs to --kube-subnet-mgr"
#define LOG_LEVEL  "--log-level=debug is what makes ovnetd say more"
#define LOG_STDERR "ovnetd logs to standard error only"
#define NO_REMOTE                                                                    \
	"flanneld had this mode up to v0.7.1 only; leave it out, every ovnetd asks " \
	"etcd itself (--etcd-endpoints)"
#define NO_NETWORKS                                                                   \
	"ovnetd has one network, as flanneld since v0.8; leave it out and give that " \
	"network's --etcd-prefix"

/* clang-format off */
const struct flannel_flag flannel_flags[] = {
	{"ip-blackhole-route", true, false, NULL, "host.blackhole", "auto", "off"},
	{"kube-subnet-mgr", true, true, "ovnetd takes leases from etcd only; leave it out and give --etcd-endpoints"},
	{"kube-api-url", false, false, KUBE_ONLY},
	{"kubeconfig-file", false, false, KUBE_ONLY},
	{"kube-annotation-prefix", false, false, KUBE_ONLY},
	{"net-config-path", false, false, KUBE_ONLY},
	{"set-node-network-unavailable", true, false, KUBE_ONLY},
	{"networks", false, true, NO_NETWORKS},
	{"subnet-dir", false, true, NO_NETWORKS},
	{"listen", false, true, NO_REMOTE},
	{"remote", false, true, NO_REMOTE},
	{"remote-keyfile", false, true, NO_REMOTE},
	{"remote-certfile", false, true, NO_REMOTE},
	{"remote-cafile", false, true, NO_REMOTE},
	{"v", false, false, LOG_LEVEL},
	{"vmodule", false, false, LOG_LEVEL},
	{"log_backtrace_at", false, false, LOG_LEVEL},
	{"logtostderr", true, false, LOG_STDERR},
	{"alsologtostderr", true, false, LOG_STDERR},
	{"stderrthreshold", false, false, LOG_STDERR},
	{"log_dir", false, false, LOG_STDERR},
	{"log_file", false, false, LOG_STDERR},
	{"log_file_max_size", false, false, LOG_STDERR},
	{"one_output", true, false, LOG_STDERR},
	{"skip_headers", true, false, LOG_STDERR},
	{"skip_log_headers", true, false, LOG_STDERR},
	{"add_dir_header", true, false, LOG_STDERR},
	{NULL},
};
/* clang-format on */

static_assert(
	sizeof(flannel_flags) / sizeof(flannel_flags[0]) <= LOADER_MAX_IDLE, "each is noted once");

const struct flannel_flag *flannel_flag_find(const char *name)
{
	for (const struct flannel_flag *f = flannel_flags; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* Units spell out flanneld's defaults: that asks for nothing. */
static bool is_off(const char *value)
{
	return value[0] == '\0' || strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
}

const char *flannel_flag_value(const struct flannel_flag *f, const char *value)
{
	int on = option_switch_of(value);

	return on < 0 ? NULL : on ? f->on : f->off;
}

void flannel_flag_take(
	struct loader *l, struct origin at, const struct flannel_flag *f, const char *value)
{
	char name[OPTION_NAME_MAX];

	if (!f->refused) {
		for (unsigned i = 0; i < l->n_idle; i++)
			if (l->idle[i] == f)
				return;
		l->idle[l->n_idle++] = f;
		return;
	}
	if (is_off(value))
		return;
	if (at.kind == FROM_ENVIRONMENT)
		environment_name(f->name, name);
	else
		snprintf(name, sizeof(name), "--%s", f->name);
	complain(l, at, name, "not supported: %s", f->text);
}

void flannel_flags_tell(const struct loader *l)
{
	for (unsigned i = 0; i < l->n_idle; i++)
		LOG(NOTICE, "--%s has no effect: %s", l->idle[i]->name, l->idle[i]->text);
}
