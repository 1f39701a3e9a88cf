/* SPDX-License-Identifier: BSD-3-Clause */
/* When the owners of lost ports are asked to open them again. Control thread only. */
#ifndef OVNET_APP_PORTS_RETRY_H
#define OVNET_APP_PORTS_RETRY_H

struct ports;

int ports_retry_init(struct ports *ports); /* 0 or -ENOMEM */
void ports_retry_fini(struct ports *ports);
/* A port was lost just now. */
void ports_retry_soon(struct ports *ports);

#endif
