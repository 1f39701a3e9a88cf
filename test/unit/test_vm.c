/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM as it is ordered, which address it gets, and what QEMU and libvirt are told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/alloc.h"
#include "guests/former.h"
#include "guests/vm.h"

static char err[512];

static void says(const char *part)
{
	if (strstr(err, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err, part);
}

static int read_vm(struct vm *vm, const char *text)
{
	json_t *from = json_loads(text, 0, NULL);

	assert_non_null(from);
	int rc = vm_of_json(from, vm, err, sizeof(err));
	json_decref(from);
	return rc;
}

static void names(void **state)
{
	(void)state;
	assert_true(vm_name_ok("a"));
	assert_true(vm_name_ok("0-a.b_c"));
	assert_true(vm_name_ok("123456789012345"));
	assert_false(vm_name_ok("1234567890123456"));
	assert_false(vm_name_ok(""));
	assert_false(vm_name_ok("-a"));
	assert_false(vm_name_ok(".a"));
	assert_false(vm_name_ok("a/b"));
	assert_false(vm_name_ok("a b"));
	assert_false(vm_name_ok("a'b"));
	assert_false(vm_name_ok("b\xc3\xbc"));
}

static void an_order(void **state)
{
	struct vm vm;
	char mac[OVNET_MAC_STRLEN];

	(void)state;
	assert_int_equal(read_vm(&vm, "{\"name\":\"web\"}"), 0);
	assert_string_equal(vm.name, "web");
	assert_int_equal(vm.addr_host, 0);
	assert_int_equal(vm.memory, VM_MEMORY);
	assert_int_equal(vm.queues, 1);
	assert_false(vm.server);
	assert_int_equal(read_vm(&vm, "{\"name\":\"web\",\"address\":\"10.5.1.200\",\"memory\":64,"
				      "\"queues\":31,\"mac\":\"02:00:00:00:00:07\","
				      "\"server\":true}"),
		0);
	assert_int_equal(vm.addr_host, 0x0a0501c8);
	assert_int_equal(vm.memory, 64);
	assert_int_equal(vm.queues, 31);
	assert_true(vm.server);
	assert_string_equal(ovnet_mac_text(&vm.mac, mac, sizeof(mac)), "02:00:00:00:00:07");
	/* What is written is what is read. */
	json_t *kept = vm_to_json(&vm);
	struct vm again;
	assert_int_equal(vm_of_json(kept, &again, err, sizeof(err)), 0);
	assert_string_equal(again.name, vm.name);
	assert_int_equal(again.addr_host, vm.addr_host);
	assert_true(ovnet_mac_equal(&again.mac, &vm.mac));
	assert_int_equal(again.memory, vm.memory);
	assert_int_equal(again.queues, vm.queues);
	assert_int_equal(again.server, vm.server);
	json_decref(kept);
}

static void refused(const char *members, const char *part)
{
	char text[256];
	struct vm vm;

	snprintf(text, sizeof(text), "{\"name\":\"web\"%s%s}", members[0] != '\0' ? "," : "",
		members);
	assert_int_equal(read_vm(&vm, text), -EINVAL);
	says(part);
	says("give");
}

static void what_will_not_do(void **state)
{
	struct vm vm;

	(void)state;
	assert_int_equal(read_vm(&vm, "{}"), -EINVAL);
	says("1 to 15 letters");
	assert_int_equal(read_vm(&vm, "{\"name\":7}"), -EINVAL);
	assert_int_equal(read_vm(&vm, "[]"), -EINVAL);
	refused("\"memory\":31", "32 to 8388608 megabytes");
	refused("\"memory\":8388609", "out of range");
	refused("\"memory\":-1", "out of range");
	refused("\"memory\":\"lots\"", "is no number");
	refused("\"queues\":0", "1 to 31");
	refused("\"queues\":32", "1 to 31");
	refused("\"queues\":9223372036854775807", "1 to 31");
	refused("\"mac\":\"01:00:00:00:00:07\"", "unicast");
	refused("\"mac\":\"00:00:00:00:00:00\"", "unicast");
	refused("\"mac\":7", "unicast");
	refused("\"address\":\"10.5.1\"", "no IPv4 address");
	refused("\"address\":\"0.0.0.0\"", "no IPv4 address");
	refused("\"address\":\"fd00::7\"", "the IPv6 address follows");
	refused("\"address\":7", "no IPv4 address");
	refused("\"server\":\"true\"", "server is neither true nor false");
	refused("\"server\":1", "give true or false");
}

/* 10.5.1.0/28: .0 to .15; the last 8 for VMs, .15 is the broadcast address. */
static struct ovnet_prefix4 subnet = {0x0a050100, 28}, pool = {0x0a050108, 29};
static uint16_t in_use; /* bit n: .n */

static bool taken(void *arg, uint32_t addr_host, char *who, size_t size)
{
	(void)arg;
	snprintf(who, size, "VM x%u", addr_host & 15);
	return (in_use >> (addr_host & 15) & 1) != 0;
}

static unsigned choose(uint32_t want, uint32_t former)
{
	struct alloc a = {.subnet = &subnet,
		.pool = &pool,
		.want = want != 0 ? 0x0a050100 + want : 0,
		.former = former != 0 ? 0x0a050100 + former : 0,
		.taken = taken};

	err[0] = '\0';
	uint32_t got = alloc_address(&a, err, sizeof(err));
	assert_int_equal(got == 0, err[0] != '\0');
	return got != 0 ? got - 0x0a050100 : 0;
}

static void the_lowest_that_is_free(void **state)
{
	(void)state;
	in_use = 0;
	for (unsigned i = 8; i < 15; i++) {
		assert_int_equal(choose(0, 0), i);
		in_use |= (uint16_t)(1 << i);
	}
	assert_int_equal(choose(0, 0), 0);
	says("7 of 7 addresses of vm.pool, 10.5.1.8/29, are in use, the last one by VM x14");
	says("vm del");
	in_use = 1 << 8 | 1 << 9 | 1 << 11;
	assert_int_equal(choose(0, 0), 10);
	/* A pool in the middle has no broadcast address in it. */
	pool = (struct ovnet_prefix4){0x0a050104, 30};
	in_use = 0xf0;
	assert_int_equal(choose(0, 0), 0);
	says("4 of 4 addresses");
	pool = (struct ovnet_prefix4){0x0a050108, 29};
}

static void the_former_one_while_it_is_free(void **state)
{
	(void)state;
	in_use = 0;
	assert_int_equal(choose(0, 12), 12);
	in_use = 1 << 12;
	assert_int_equal(choose(0, 12), 8);
	assert_int_equal(choose(0, 3), 8); /* no VMs' address any more */
	assert_int_equal(choose(0, 15), 8);
}

static void the_one_asked_for_or_none(void **state)
{
	(void)state;
	in_use = 1 << 9;
	assert_int_equal(choose(13, 12), 13);
	assert_int_equal(choose(9, 0), 0);
	says("10.5.1.9 is in use by VM x9; give another one of vm.pool, 10.5.1.8/29, or none");
	assert_int_equal(choose(15, 0), 0);
	says("no host's");
	assert_int_equal(choose(1, 0), 0);
	says("the gateway's");
	assert_int_equal(choose(5, 0), 0);
	says("10.5.1.5 is not in the VMs' part of this node's subnet 10.5.1.0/28; give one of");
	assert_int_equal(choose(0x123, 0), 0);
	says("is not in this node's subnet 10.5.1.0/28");
}

static void the_former_are_remembered(void **state)
{
	struct former f = {0}, again = {0};

	(void)state;
	assert_int_equal(former_of(&f, "a"), 0);
	former_note(&f, "a", 1);
	former_note(&f, "b", 2);
	former_note(&f, "a", 3);
	assert_int_equal(former_of(&f, "a"), 3);
	assert_int_equal(f.n, 2);
	former_note(&f, "c", 2); /* b's is c's now */
	assert_int_equal(former_of(&f, "b"), 0);
	former_forget(&f, 3);
	assert_int_equal(former_of(&f, "a"), 0);
	for (unsigned i = 0; i < FORMER_MAX; i++) {
		char name[IFNAMSIZ];
		snprintf(name, sizeof(name), "n%u", i);
		former_note(&f, name, 0x0a000000 + i);
	}
	assert_int_equal(f.n, FORMER_MAX);
	assert_int_equal(former_of(&f, "c"), 0); /* it went first */
	json_t *kept = former_to_json(&f);
	assert_int_equal(json_array_size(kept), FORMER_MAX);
	json_array_append_new(kept, json_pack("{s:s,s:s}", "name", "-x", "address", "10.5.1.1"));
	json_array_append_new(kept, json_pack("{s:s,s:s}", "name", "x", "address", "10.5.1"));
	json_array_append_new(kept, json_integer(7));
	former_of_json(&again, kept);
	assert_int_equal(again.n, FORMER_MAX);
	assert_int_equal(former_of(&again, "n7"), 0x0a000007);
	json_decref(kept);
	former_free(&f);
	former_free(&again);
}

static const struct vm web = {"1.w_e-b", 0x0a0501c0, {{2, 32, 10, 5, 1, 192}}, 300, 1, false};

/* All words, a blank between them. */
static char *joined(const struct vm_plug *p)
{
	static char line[2048];
	json_t *words = vm_qemu(p);
	const json_t *one;
	size_t i, len = 0;

	json_array_foreach (words, i, one)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 0 ? " " : "",
			json_string_value(one));
	json_decref(words);
	return line;
}

static void qemu_is_told_all(void **state)
{
	const struct vm_plug p = {&web, "/run/vm/1.w_e-b.sock", 1450, true};

	(void)state;
	assert_string_equal(joined(&p),
		"-m 300M -object memory-backend-memfd,id=ovnet-memory,size=300M,share=on "
		"-numa node,memdev=ovnet-memory "
		"-chardev socket,id=ovnet-1.w_e-b,path=/run/vm/1.w_e-b.sock,server=on,wait=off "
		"-netdev vhost-user,id=net-1.w_e-b,chardev=ovnet-1.w_e-b,queues=1 "
		"-device virtio-net-pci,netdev=net-1.w_e-b,mac=02:20:0a:05:01:c0,host_mtu=1450,"
		"mq=off,mrg_rxbuf=on,rx_queue_size=1024,tx_queue_size=1024");
	struct ovnet_mac mac = vm_mac_of(web.addr_host);
	assert_true(ovnet_mac_equal(&mac, &web.mac));
}

static void qemu_of_another_kind(void **state)
{
	struct vm vm = web;
	const struct vm_plug p = {&vm, "/run/a,b c/web.sock", 1450, false};

	(void)state;
	vm.queues = 2;
	vm.server = true;
	const char *line = joined(&p);
	assert_non_null(strstr(line, ",path=/run/a,,b c/web.sock,reconnect=1"));
	assert_non_null(strstr(line, "queues=2"));
	assert_non_null(strstr(line, "mq=on"));
	assert_non_null(strstr(line, ",vectors=0"));
}

/* No path ovnetd takes: a word that cannot be made does not leave a gap. */
static void qemu_is_told_all_or_nothing(void **state)
{
	const struct vm_plug p = {&web, "/run/\xff/web.sock", 1450, true};

	(void)state;
	assert_null(vm_qemu(&p));
}

static void whole(const char *text)
{
	char path[] = "/tmp/ovnet-vm-XXXXXX", command[256];
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	snprintf(command, sizeof(command),
		"python3 -c 'import sys, xml.dom.minidom as m; "
		"m.parse(sys.argv[1])' %s",
		path);
	assert_int_equal(system(command), 0);
	assert_int_equal(remove(path), 0);
}

static void libvirt_is_told_all(void **state)
{
	struct vm vm = web;
	struct vm_plug p = {&vm, "/run/a&b<'c\">/web.sock", 1450, true};

	(void)state;
	json_t *text = vm_libvirt(&p);
	const char *xml = json_string_value(text);
	whole(xml);
	assert_non_null(strstr(xml, "<domain type='kvm'"));
	assert_non_null(strstr(xml, "<name>1.w_e-b</name>"));
	assert_non_null(strstr(xml, "<memory unit='MiB'>300</memory>"));
	assert_non_null(strstr(xml, "<access mode='shared'/>"));
	assert_non_null(strstr(xml, "path='/run/a&amp;b&lt;&apos;c\">/web.sock' mode='server'/>"));
	assert_non_null(strstr(xml, "name='host_mtu' type='unsigned' value='1450'"));
	assert_null(strstr(xml, "vectors"));
	assert_null(strstr(xml, "reconnect"));
	json_decref(text);
	vm.server = true;
	vm.queues = 4;
	p.kvm = false;
	text = vm_libvirt(&p);
	xml = json_string_value(text);
	whole(xml);
	assert_non_null(strstr(xml, "<domain type='qemu'"));
	assert_non_null(strstr(xml, "mode='client'>\n        <reconnect enabled='yes'"));
	assert_non_null(strstr(xml, "<driver queues='4'"));
	assert_non_null(strstr(xml, "name='vectors' type='unsigned' value='0'"));
	json_decref(text);
}

static void who_waits_for_whom(void **state)
{
	struct vm vm = web;
	const struct vm_plug p = {&vm, "/run/web.sock", 1450, true};

	(void)state;
	json_t *text = vm_next(&p);
	assert_non_null(strstr(json_string_value(text), "waits at its start until ovnetd"));
	json_decref(text);
	vm.server = true;
	text = vm_next(&p);
	assert_non_null(strstr(json_string_value(text), "QEMU connects at its start"));
	json_decref(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(an_order),
		cmocka_unit_test(what_will_not_do),
		cmocka_unit_test(the_lowest_that_is_free),
		cmocka_unit_test(the_former_one_while_it_is_free),
		cmocka_unit_test(the_one_asked_for_or_none),
		cmocka_unit_test(the_former_are_remembered),
		cmocka_unit_test(qemu_is_told_all),
		cmocka_unit_test(qemu_of_another_kind),
		cmocka_unit_test(qemu_is_told_all_or_nothing),
		cmocka_unit_test(libvirt_is_told_all),
		cmocka_unit_test(who_waits_for_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
