/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has an address already: interfaces, CNI's files, neighbours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bed/cmocka.h"
#include "bed/fake_kernel.h"
#include "host/in_use.h"

static char dir[] = "/tmp/ovnet-in-use-XXXXXX";
static struct in_use look;
static uint32_t cni0;

static int set_up(void **state)
{
	static const struct ovnet_kernel_events none;

	(void)state;
	fake_reset();
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	look = (struct in_use){ovnet_kernel_open(NULL, &none, NULL), dir};
	assert_non_null(look.kernel);
	cni0 = fake_link_add("cni0", "bridge", 1450, "02:00:00:00:00:c0");
	fake_addr_add(cni0, "10.5.9.1/24");
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	ovnet_kernel_close(look.kernel);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* "": nobody. */
static const char *who_has(const char *text)
{
	static char who[512];
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	who[0] = '\0';
	bool used = in_use(&look, &a, who, sizeof(who));
	assert_int_equal(used, who[0] != '\0');
	return who;
}

/* `text` NULL: a folder of that name. */
static void put(const char *network, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, network);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, network, name);
	if (text == NULL) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void expect_container(const char *addr, const char *id, const char *network)
{
	char want[512];

	snprintf(want, sizeof(want),
		"container %s of CNI network %s (%s/%s/%s; remove the file if it is gone)", id,
		network, dir, network, addr);
	assert_string_equal(who_has(addr), want);
}

static void nobody(void **state)
{
	(void)state;
	put("cbr0", "10.5.9.70", "x");
	put("cbr0", "last_reserved_ip.0", "10.5.9.7");
	fake_neigh_set(cni0, "10.5.9.7", NULL); /* asked for, in vain */
	fake_neigh_set(cni0, "10.5.9.8", "02:00:00:00:00:08");
	assert_string_equal(who_has("10.5.9.7"), "");
	assert_string_equal(who_has("fd05::7"), "");
}

static void an_interface(void **state)
{
	(void)state;
	assert_string_equal(who_has("10.5.9.1"), "interface cni0 of this node");
}

static void a_container(void **state)
{
	(void)state;
	put("other", "10.9.0.7", "abc\r\neth0");
	put("cbr0", "10.5.9.7", "4f5e2c1b0a99d8c7\r\neth0");
	put("cbr0", "fd05::7", "0123\neth0");
	put("cbr0", "10.5.9.9", "");
	put("cbr0", "10.5.9.10", "\033[2Jx");
	put("cbr0", "10.5.9.11", NULL);
	expect_container("10.5.9.7", "4f5e2c1b0a99", "cbr0");
	expect_container("10.9.0.7", "abc", "other");
	expect_container("fd05::7", "0123", "cbr0");
	expect_container("10.5.9.9", "without a name", "cbr0");
	expect_container("10.5.9.10", "without a name", "cbr0");
	expect_container("10.5.9.11", "without a name", "cbr0");
}

static void no_such_folder(void **state)
{
	(void)state;
	look.cni_dir = "/nonexistent";
	assert_string_equal(who_has("10.5.9.7"), "");
	look.cni_dir = "/dev/null"; /* a warning in the log */
	assert_string_equal(who_has("10.5.9.7"), "");
}

static void a_neighbour(void **state)
{
	(void)state;
	fake_neigh_set(cni0, "10.5.9.8", "02:00:00:00:00:08");
	assert_string_equal(who_has("10.5.9.8"),
		"02:00:00:00:00:08 on cni0 (`ip neigh del 10.5.9.8 dev cni0` if that is gone)");
	fake_neigh_set(cni0, "10.5.9.8", NULL);
	assert_string_equal(who_has("10.5.9.8"), "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(nobody),
		CASE(an_interface),
		CASE(a_container),
		CASE(no_such_folder),
		CASE(a_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
