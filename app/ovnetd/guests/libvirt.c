/* SPDX-License-Identifier: BSD-3-Clause */
/* A domain for libvirt, from 8.2 on (qemu:override). Disks are the operator's to add. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/vm.h"

static void put_safe(FILE *f, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '\'')
			fputs("&apos;", f);
		else
			fputc(*text, f);
	}
}

static void put_head(FILE *f, const struct vm_plug *p)
{
	fprintf(f,
		"<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
		"  <name>%s</name>\n"
		"  <memory unit='MiB'>%u</memory>\n"
		"  <memoryBacking>\n"
		"    <source type='memfd'/>\n"
		"    <access mode='shared'/>\n"
		"  </memoryBacking>\n"
		"  <vcpu>%u</vcpu>\n"
		"  <os>\n"
		"    <type arch='x86_64' machine='q35'>hvm</type>\n"
		"  </os>\n"
		"  <features>\n"
		"    <acpi/>\n"
		"  </features>\n",
		p->kvm ? "kvm" : "qemu", p->vm->name, p->vm->memory, p->vm->queues);
}

/* `mode` is QEMU's side. */
static void put_interface(FILE *f, const struct vm_plug *p)
{
	const struct vm *vm = p->vm;
	char mac[OVNET_MAC_STRLEN];

	fprintf(f,
		"  <devices>\n"
		"    <interface type='vhostuser'>\n"
		"      <mac address='%s'/>\n"
		"      <source type='unix' path='",
		ovnet_mac_text(&vm->mac, mac, sizeof(mac)));
	put_safe(f, p->socket);
	if (vm->server)
		fprintf(f, "' mode='client'>\n"
			   "        <reconnect enabled='yes' timeout='1'/>\n"
			   "      </source>\n");
	else
		fprintf(f, "' mode='server'/>\n");
	fprintf(f,
		"      <model type='virtio'/>\n"
		"      <driver queues='%u' rx_queue_size='%d' tx_queue_size='%d'/>\n"
		"      <alias name='ua-ovnet'/>\n"
		"    </interface>\n"
		"    <console type='pty'/>\n"
		"  </devices>\n",
		vm->queues, VM_RING, VM_RING);
}

/* libvirt 9 looks for a device of the kernel's to set <mtu> of, and finds none. */
static void put_override(FILE *f, const struct vm_plug *p)
{
	fprintf(f,
		"  <qemu:override>\n"
		"    <qemu:device alias='ua-ovnet'>\n"
		"      <qemu:frontend>\n"
		"        <qemu:property name='host_mtu' type='unsigned' value='%u'/>\n"
		"%s"
		"      </qemu:frontend>\n"
		"    </qemu:device>\n"
		"  </qemu:override>\n"
		"</domain>\n",
		p->mtu,
		p->kvm ? ""
		       : "        <qemu:property name='vectors' type='unsigned' value='0'/>\n");
}

json_t *vm_libvirt(const struct vm_plug *p)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	put_head(f, p);
	put_interface(f, p);
	put_override(f, p);
	json_t *out = fclose(f) == 0 ? json_string(text) : NULL;
	free(text);
	return out;
}
