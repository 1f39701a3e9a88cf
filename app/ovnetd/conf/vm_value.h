/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of the group vm that are more than text. Pure. */
#ifndef OVNET_APP_CONF_VM_VALUE_H
#define OVNET_APP_CONF_VM_VALUE_H

#include "base/net.h"

#define CONF_VM_MAX_DNS    4  /* of each family */
#define CONF_VM_MAX_ROUTES 15 /* and the default route */

/* vm.pool: the last block of that size, or this one. */
struct conf_vm_pool {
	bool given;
	bool last; /* of the node's subnet; `net` has the length alone */
	struct ovnet_prefix4 net;
};

/* vm.routes: what guests are told beside the default route. */
struct conf_vm_route {
	struct ovnet_prefix4 to;
	struct ovnet_addr via; /* family 0: the gateway */
};

/* "", "/26", "10.5.1.192/26". 0 or -EINVAL. */
int conf_vm_pool(const char *text, struct conf_vm_pool *out);
/* "10.5.1.2, fd00::2": at most CONF_VM_MAX_DNS of each family. How many, or -EINVAL. */
int conf_vm_dns(const char *text, struct ovnet_addr out[2 * CONF_VM_MAX_DNS]);
/* "192.168.0.0/16, 10.9.0.0/16 via 10.5.1.7". How many, or -EINVAL. */
int conf_vm_routes(const char *text, struct conf_vm_route out[CONF_VM_MAX_ROUTES]);

#endif
