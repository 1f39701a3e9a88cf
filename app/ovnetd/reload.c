/* SPDX-License-Identifier: BSD-3-Clause */
#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conf/reload.h"
#include "daemon.h"
#include "run/tree_conf.h"

OVNET_LOG_TYPE(daemon)

#define KEYS_MAX 384 /* bytes of a list of them for people */

static bool is_of_etcd(const char *key)
{
	return strncmp(key, "etcd.", 5) == 0;
}

static void note(
	void *arg, const char *key, enum conf_effect effect, const char *was, const char *now)
{
	struct reload_report *r = arg;

	if (effect == CONF_SAME) {
		json_array_append_new(r->unchanged, json_string(key));
		return;
	}
	json_t *change = json_pack("{s:s}", "key", key);
	if (was != NULL && now != NULL) {
		json_object_set_new(change, "was", json_string(was));
		json_object_set_new(change, "now", json_string(now));
	}
	json_array_append_new(effect == CONF_TAKEN ? r->taken : r->restart, change);
}

/* "etcd.endpoints, etcd.password"; "": none. */
static const char *keys_of(const json_t *list, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i > 0 ? ", " : "",
			json_string_value(json_object_get(json_array_get(list, i), "key")));
	return buf;
}

static bool etcd_changed(const struct reload_report *r)
{
	for (size_t i = 0; i < json_array_size(r->taken); i++)
		if (is_of_etcd(
			    json_string_value(json_object_get(json_array_get(r->taken, i), "key"))))
			return true;
	return false;
}

static int take_etcd(struct daemon *d)
{
	const struct ovnet_registry_conf etcd = tree_registry_conf(&d->conf);

	blackhole_endpoints(&d->blackhole);
	return d->lease != NULL ? ovnet_lease_client_retarget(d->lease, &etcd) : 0;
}

static void tell(struct daemon *d, const struct reload_report *r)
{
	char keys[KEYS_MAX];

	if (json_array_size(r->taken) > 0)
		LOG(NOTICE, "configuration read anew, in force now: %s",
			keys_of(r->taken, keys, sizeof(keys)));
	else
		LOG(NOTICE, "configuration read anew: nothing that a reload takes up has changed");
	if (json_array_size(r->restart) > 0)
		warn_set(&d->warnings, "reload",
			"the configuration changed, restart ovnetd for it: %s",
			keys_of(r->restart, keys, sizeof(keys)));
	else
		warn_clear(&d->warnings, "reload");
}

int daemon_reload(struct daemon *d, struct reload_report *report, char *err, size_t size)
{
	*report = (struct reload_report){json_array(), json_array(), json_array()};
	int rc = conf_reload(&d->conf, d->command.argc, d->command.argv, note, report, err, size);

	if (rc == 0 && etcd_changed(report) && take_etcd(d) < 0) {
		snprintf(err, size, "etcd.endpoints will not do: see the log");
		rc = -EINVAL;
	}
	if (rc == 0) {
		tell(d, report);
		return 0;
	}
	LOG(ERR, "configuration not read anew, going on as before: %s", err);
	reload_report_free(report);
	return rc;
}

void reload_report_free(struct reload_report *report)
{
	json_decref(report->taken);
	json_decref(report->restart);
	json_decref(report->unchanged);
	*report = (struct reload_report){NULL, NULL, NULL};
}
