/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration read anew while ovnetd runs. Control thread. */
#ifndef OVNET_APP_CONF_RELOAD_H
#define OVNET_APP_CONF_RELOAD_H

#include "conf/conf.h"

enum conf_effect {
	CONF_SAME,
	CONF_TAKEN,   /* changed, and in `running` now */
	CONF_RESTART, /* changed, but only a restart takes it up */
};

/* `was`, `now`: as they would be given; NULL: a secret, or a list. Until it returns. */
typedef void (*conf_change_fn)(
	void *arg, const char *key, enum conf_effect effect, const char *was, const char *now);

/*
 * Reads file, environment and command line as conf_load() does, compares with `running`, takes over
 * what may change while ovnetd runs, the log's levels at once, and calls `each` for every key.
 * -EINVAL: it is not good; the first error is in `err`, nothing changed and nothing was called.
 */
int conf_reload(struct conf *running, int argc, char **argv, conf_change_fn each, void *arg,
	char *err, size_t size);

#endif
