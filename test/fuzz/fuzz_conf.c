/* SPDX-License-Identifier: BSD-3-Clause */
/* ovnet.conf, checked as by ovnetd --check-config. */
#include "conf/conf.h"
#include "fuzz.h"

const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text it was reading when it meets a syntax error. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
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
	conf_free(&conf);
	return 0;
}
