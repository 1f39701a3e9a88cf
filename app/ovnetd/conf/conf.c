/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/command_line.h"
#include "conf/reader.h"

static void check_cpus_match(struct loader *l)
{
	const struct conf *c = l->conf;
	int n = conf_cpu_list(c->dpdk.worker_cpus, NULL, 0);

	if (n > 0 && n != c->dpdk.workers)
		complain_value(l, "dpdk.worker-cpus",
			"%d CPUs for %u workers; give as many CPUs as dpdk.workers says", n,
			c->dpdk.workers);
}

static void check_credentials(struct loader *l)
{
	const struct conf *c = l->conf;

	if (c->etcd.keyfile[0] != '\0' && c->etcd.certfile[0] == '\0')
		complain_value(
			l, "etcd.keyfile", "a key without its certificate; give etcd.certfile too");
	if (c->etcd.password[0] != '\0' && c->etcd.username[0] == '\0')
		complain_value(l, "etcd.password", "a password for nobody; give etcd.username too");
}

static void check_registry(struct loader *l)
{
	if (l->conf->registry.type == CONF_REGISTRY_STATIC && l->conf->registry.file[0] == '\0')
		complain_value(
			l, "registry.type", "static, but from which file? give registry.file too");
}

static void check_log_level(struct loader *l)
{
	char bad[64] = "";

	if (ovnet_log_set_levels(l->conf->control.log_level, bad, sizeof(bad)) == 0)
		return;
	complain_value(l, "control.log-level",
		"no level or module \"%s\"; give error, warn, notice, info or debug, with "
		"exceptions as in \"info,lease=debug\"",
		bad);
}

static bool is_given(const struct loader *l, const char *key)
{
	return l->given[option_find(ovnetd_options, key) - ovnetd_options].kind != FROM_PRESET;
}

static void check_src_ports(struct loader *l)
{
	unsigned min = l->conf->encap.src_port_min, max = l->conf->encap.src_port_max;

	if (min <= max)
		return;
	if (is_given(l, "encap.src-port-min"))
		complain_value(l, "encap.src-port-min",
			"%u is above src-port-max, %u; give the lower port here", min, max);
	else
		complain_value(l, "encap.src-port-max",
			"%u is below src-port-min, %u; give src-port-min too", max, min);
}

static void check_mbufs(struct loader *l)
{
	uint32_t mbufs = l->conf->dpdk.mbufs;

	if (mbufs != 0 && mbufs < CONF_MIN_MBUFS)
		complain_value(l, "dpdk.mbufs",
			"%u; give %d at least, or 0 for what the ports need", mbufs,
			CONF_MIN_MBUFS);
}

/* Nothing of the overlay's passes the kernel then. */
static void check_host(struct loader *l)
{
	if (l->conf->host.device[0] == '\0' && l->conf->host.ip_masq)
		complain_value(l, "host.ip-masq",
			"masquerade, but host.device is \"\"; give the host device a name, or "
			"leave this out");
}

/* What no single value shows. */
static void check_together(struct loader *l)
{
	check_src_ports(l);
	check_cpus_match(l);
	check_credentials(l);
	check_registry(l);
	check_mbufs(l);
	check_host(l);
	check_log_level(l);
	ports_check(l);
	uplinks_check(l);
}

static int finish(struct loader *l, enum conf_action action)
{
	if (l->errors > LOADER_MAX_ERRORS && l->said == NULL)
		fprintf(stderr, "ovnetd: and %u errors more\n", l->errors - LOADER_MAX_ERRORS);
	if (l->errors > 0) {
		conf_free(l->conf);
		return -EINVAL;
	}
	if (action == CONF_CHECK)
		printf("%s: ok\n", l->file);
	return 0;
}

int conf_read(struct loader *l, int argc, char **argv, enum conf_action *action)
{
	struct command_line cl;

	memset(l->conf, 0, sizeof(*l->conf));
	command_line_read(l, &cl, argc, argv);
	*action = cl.action;
	if (cl.action == CONF_EXIT) {
		free(cl.uses);
		return l->errors > 0 ? -EINVAL : 0;
	}
	if (cl.file != NULL) {
		l->file = cl.file;
		l->file_named = true;
	}
	if (option_set_presets(ovnetd_options, l->conf) < 0) {
		complain(l, (struct origin){FROM_FILE, 0}, "", "out of memory");
		free(cl.uses);
		conf_free(l->conf);
		return -ENOMEM;
	}
	conf_file_read(l);
	environment_read(l);
	command_line_apply(l, &cl);
	check_together(l);
	free(cl.uses);
	return finish(l, cl.action);
}

int conf_load(struct conf *conf, int argc, char **argv, enum conf_action *action)
{
	struct loader l = {.conf = conf, .file = CONF_FILE_DEFAULT};
	int rc = conf_read(&l, argc, argv, action);

	if (rc == 0 && *action != CONF_EXIT)
		flannel_flags_tell(&l);
	return rc;
}

const char *conf_device(const struct conf *conf, unsigned i, char name[CONF_DEVICE_NAME])
{
	const char *devargs;

	if (i < conf->n_uplinks) {
		snprintf(name, CONF_DEVICE_NAME, "uplink%u", i);
		devargs = conf->uplinks[i].devargs;
	} else if (i - conf->n_uplinks < conf->n_ports) {
		snprintf(name, CONF_DEVICE_NAME, "%s", conf->ports[i - conf->n_uplinks].name);
		devargs = conf->ports[i - conf->n_uplinks].devargs;
	} else {
		return NULL;
	}
	return devargs != NULL ? devargs : "";
}

void conf_free(struct conf *conf)
{
	option_free_all(ovnetd_options, conf);
	for (unsigned i = 0; i < conf->n_uplinks; i++)
		option_free_all(uplink_options, &conf->uplinks[i]);
	for (unsigned i = 0; i < conf->n_ports; i++)
		option_free_all(port_options, &conf->ports[i]);
	free(conf->ports);
	memset(conf, 0, sizeof(*conf));
}
