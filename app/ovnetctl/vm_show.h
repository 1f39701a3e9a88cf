/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon says of a VM, for people and for shells. To standard output. */
#ifndef OVNETCTL_VM_SHOW_H
#define OVNETCTL_VM_SHOW_H

#include <jansson.h>

void vm_print(const json_t *vm);
void vm_print_list(json_t *vms);
void vm_print_deleted(const json_t *vm);
/* QEMU's arguments as words for a shell: each option with its value, `between` them. */
void vm_print_qemu(const json_t *vm, const char *between);
void vm_print_libvirt(const json_t *vm, const char *indent);

#endif
