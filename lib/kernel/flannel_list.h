/* SPDX-License-Identifier: BSD-3-Clause */
/* What flannel_find.c asks flannel_list.c for. Control thread only. */
#ifndef OVNET_KERNEL_FLANNEL_LIST_H
#define OVNET_KERNEL_FLANNEL_LIST_H

#include "kernel/flannel_find.h"
#include "kernel/internal.h"

/* The devices of `out` are there: fills its peers, `n_direct`, `neighbours` and `entries`. */
int flannel_list(
	struct nl *nl, const struct ovnet_flannel_search *s, struct ovnet_flannel_found *out);

#endif
