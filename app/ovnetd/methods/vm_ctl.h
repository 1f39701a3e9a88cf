/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods of the control socket about virtual machines. */
#ifndef OVNET_APP_METHODS_VM_CTL_H
#define OVNET_APP_METHODS_VM_CTL_H

#include <jansson.h>
#include <stddef.h>

json_t *vm_add(void *arg, const json_t *params, char *err, size_t err_size);
json_t *vm_list(void *arg, const json_t *params, char *err, size_t err_size);
json_t *vm_show(void *arg, const json_t *params, char *err, size_t err_size);
json_t *vm_del(void *arg, const json_t *params, char *err, size_t err_size);

#endif
