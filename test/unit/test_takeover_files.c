/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the host's that name flannel's device, in a root of the suite's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "takeover/takeover.h"

static char root[] = "/tmp/ovnet-takeover-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755); /* there already */
		*slash = '/';
	}
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void each_with_what_to_do(void **state)
{
	(void)state;
	assert_null(takeover_files_naming(root, "flannel.1", "ovnet0"));
	put("/etc/firewalld/zones/trusted.xml",
		"<zone target=\"ACCEPT\">\n  <interface name=\"flannel.1\"/>\n</zone>\n");
	put("/etc/firewalld/zones/trusted.xml.old", "<interface name=\"flannel.1\"/>\n");
	put("/etc/firewalld/zones/public.xml", "<interface name=\"flannel.10\"/>\n");
	put("/etc/sysctl.d/90-flannel.conf", "# net.ipv4.conf.flannel/1.rp_filter = 1\n"
					     "net.ipv4.conf.flannel/1.rp_filter = 0\n"
					     "net/ipv4/conf/flannel.1/forwarding = 1\n");
	put("/etc/sysconfig/iptables", "-A INPUT -i flannel.1 -j ACCEPT\n-A INPUT -i xflannel.1\n");
	char *text = takeover_files_naming(root, "flannel.1", "ovnet0"), want[1024];
	assert_non_null(text);
	snprintf(want, sizeof(want),
		"%1$s/etc/firewalld/zones/trusted.xml line 2: `firewall-cmd --permanent "
		"--zone=trusted --add-interface=ovnet0` and `firewall-cmd --reload`\n"
		"%1$s/etc/sysctl.d/90-flannel.conf line 2: add the same line for ovnet0\n"
		"%1$s/etc/sysctl.d/90-flannel.conf line 3: add the same line for ovnet0\n"
		"%1$s/etc/sysconfig/iptables line 1: add the same for ovnet0\n",
		root);
	assert_string_equal(text, want);
	free(text);
}

static void a_long_list_is_cut(void **state)
{
	char many[60 * 32] = "";

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		strcat(many, "-A INPUT -i flannel.1\n");
	put("/etc/sysconfig/iptables", many);
	char *text = takeover_files_naming(root, "flannel.1", "");
	assert_non_null(text);
	assert_non_null(strstr(text, "... and 13 more\n"));
	assert_non_null(strstr(text, "add the same for ovnet's\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_with_what_to_do),
		cmocka_unit_test(a_long_list_is_cut),
	};
	char command[64];

	if (mkdtemp(root) == NULL)
		return EXIT_FAILURE;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command) == 0 ? rc : EXIT_FAILURE;
}
