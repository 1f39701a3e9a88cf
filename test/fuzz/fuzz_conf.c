/* SPDX-License-Identifier: BSD-3-Clause */
/* ovnet.conf, checked as by ovnetd --check-config. */
#include <string.h>

#include "conf/conf.h"
#include "fuzz.h"

const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text it was reading when it meets a syntax error. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void check_port(const struct conf_port *p)
{
	CHECK(p->name[0] != '\0' && strlen(p->name) < 16, "name \"%s\"", p->name);
	CHECK(p->n_addresses >= 1 && p->n_addresses <= CONF_PORT_MAX_ADDRS, "%u addresses",
		p->n_addresses);
	CHECK((p->driver == CONF_PORT_DPDK) == (p->devargs[0] != '\0'), "driver %d, devargs \"%s\"",
		p->driver, p->devargs);
	CHECK((p->driver == CONF_PORT_DPDK) == (p->iface[0] == '\0'), "driver %d, iface \"%s\"",
		p->driver, p->iface);
	CHECK(!p->has_mac || ovnet_mac_is_unicast(&p->mac), "MAC of %s", p->name);
	CHECK(p->mtu == 0 || p->mtu >= 68, "MTU %u", p->mtu);
	CHECK(p->queues <= 31, "%u queues", p->queues);
}

static void check_uplink(const struct conf_uplink *up)
{
	CHECK((up->driver == CONF_DRIVER_DPDK) == (up->devargs[0] != '\0'),
		"driver %d, devargs \"%s\"", up->driver, up->devargs);
	CHECK((up->driver == CONF_DRIVER_DPDK) == (up->iface[0] == '\0'), "driver %d, iface \"%s\"",
		up->driver, up->iface);
	CHECK(up->pci[0] == '\0' || strcmp(up->pci, up->devargs) == 0, "pci %s, devargs %s",
		up->pci, up->devargs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char self[] = "ovnetd", config[] = "--config", check[] = "--check-config";
	char *path = (char *)(uintptr_t)fuzz_file(data, size);
	char *argv[] = {self, config, path, check, NULL};
	enum conf_action action;
	struct conf conf;

	if (conf_load(&conf, 4, argv, &action) != 0)
		return 0;
	CHECK(action == CONF_CHECK, "%d", action);
	CHECK(conf.n_uplinks <= CONF_MAX_UPLINKS, "%u uplinks", conf.n_uplinks);
	CHECK(conf.encap.src_port_min <= conf.encap.src_port_max, "ports %u to %u",
		conf.encap.src_port_min, conf.encap.src_port_max);
	CHECK(conf.n_ports <= CONF_MAX_PORTS, "%u ports", conf.n_ports);
	for (unsigned i = 0; i < conf.n_uplinks; i++)
		check_uplink(&conf.uplinks[i]);
	for (unsigned i = 0; i < conf.n_ports; i++)
		check_port(&conf.ports[i]);
	conf_free(&conf);
	return 0;
}
