/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One attach port as it is asked for at run time: by the table of the file's members, with the
 * file's checks and messages. Control thread.
 */
#ifndef OVNET_APP_CONF_PORT_REQUEST_H
#define OVNET_APP_CONF_PORT_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "conf/conf.h"

/*
 * An object of members, each by its key in the file ("mtu"): texts, numbers, booleans, or lists of
 * them. What is not there has its preset. 0 or -EINVAL with a sentence, what is wrong and the cure,
 * in `err`; `p` is to be freed in the first case only.
 */
int conf_port_read(struct conf_port *p, const json_t *members, char *err, size_t size);
/* 0 or -ENOMEM: nothing is to be freed. */
int conf_port_copy(struct conf_port *to, const struct conf_port *from);
void conf_port_free(struct conf_port *p);

/*
 * Has the last one of `ports` what another of them has, an uplink, or the host device? True: no.
 * Otherwise the sentence is in `err`.
 */
bool conf_port_is_unique(const struct conf *conf, const struct conf_port *const *ports, unsigned n,
	char *err, size_t size);

/* Is a member other than those of `but` (a NULL-terminated list of keys) not as it was? */
bool conf_port_differs(
	const struct conf_port *a, const struct conf_port *b, const char *const *but);

#endif
