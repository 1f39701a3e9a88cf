/* SPDX-License-Identifier: BSD-3-Clause */
/* What QEMU is told. Words of its own: what a shell would make of them is no matter here. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guests/vm.h"

/* A word that is missing would have the others stand in its place: then there are none, NULL. */
static void word(json_t **words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void word(json_t **words, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (json_array_append_new(*words, json_vsprintf(fmt, ap)) < 0) {
		json_decref(*words);
		*words = NULL;
	}
	va_end(ap);
}

/* In QEMU's lists a comma is written twice. */
static char *doubled(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out;

	for (; out != NULL && *text != '\0'; text++) {
		if (*text == ',')
			*to++ = ',';
		*to++ = *text;
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

/*
 * QEMU and the daemon on one memory: the guest's has to be a file both can map. MSI-X of a
 * vhost-user device ends QEMU 7.2 where TCG stands in for KVM, so no vectors there.
 */
json_t *vm_qemu(const struct vm_plug *p)
{
	const struct vm *vm = p->vm;
	json_t *words = json_array();
	char *socket = doubled(p->socket), mac[OVNET_MAC_STRLEN];

	if (words == NULL || socket == NULL) {
		json_decref(words);
		free(socket);
		return NULL;
	}
	word(&words, "-m");
	word(&words, "%uM", vm->memory);
	word(&words, "-object");
	word(&words, "memory-backend-memfd,id=ovnet-memory,size=%uM,share=on", vm->memory);
	word(&words, "-numa");
	word(&words, "node,memdev=ovnet-memory");
	word(&words, "-chardev");
	word(&words, "socket,id=ovnet-%s,path=%s,%s", vm->name, socket,
		vm->server ? "reconnect=1" : "server=on,wait=off");
	word(&words, "-netdev");
	word(&words, "vhost-user,id=net-%s,chardev=ovnet-%s,queues=%u", vm->name, vm->name,
		vm->queues);
	word(&words, "-device");
	word(&words,
		"virtio-net-pci,netdev=net-%s,mac=%s,host_mtu=%u,mq=%s,mrg_rxbuf=on,"
		"rx_queue_size=%d,tx_queue_size=%d%s",
		vm->name, ovnet_mac_text(&vm->mac, mac, sizeof(mac)), p->mtu,
		vm->queues > 1 ? "on" : "off", VM_RING, VM_RING, p->kvm ? "" : ",vectors=0");
	free(socket);
	return words;
}

json_t *vm_next(const struct vm_plug *p)
{
	const char *tcg = p->kvm ? ""
				 : " This is for -accel tcg: vectors=0, as QEMU ends at MSI-X "
				   "without KVM.";

	if (p->vm->server)
		return json_sprintf(
			"ovnetd makes the socket, and QEMU connects at its start: started while "
			"ovnetd is away, it ends. When ovnetd is restarted the guest goes on, and "
			"QEMU connects again within a second.%s",
			tcg);
	return json_sprintf("QEMU makes the socket and waits at its start until ovnetd connects, "
			    "which it tries each second. When ovnetd is restarted the guest goes "
			    "on, and ovnetd connects again.%s",
		tcg);
}
