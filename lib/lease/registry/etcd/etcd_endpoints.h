/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of etcd's addresses as the operator gave it. */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_ENDPOINTS_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_ENDPOINTS_H

#include <stdbool.h>

#define ETCD_ENDPOINTS_MAX 32

struct etcd_endpoints {
	char *urls[ETCD_ENDPOINTS_MAX]; /* without a slash at the end */
	unsigned n;
};

/* `tls`: an address without a scheme means https. -EINVAL: logged; free it all the same. */
int etcd_endpoints_read(struct etcd_endpoints *out, const char *list, bool tls);
void etcd_endpoints_free(struct etcd_endpoints *e);

#endif
