/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of attach/ need of each other. Private to it. */
#ifndef OVNET_APP_ATTACH_ITEM_H
#define OVNET_APP_ATTACH_ITEM_H

#include "attach/attach.h"

#define ATTACH_STATE_FILE    "ports.json"
#define ATTACH_STATE_VERSION 1

/* item.c: takes over `conf`. NULL: no memory, `conf` is freed. */
struct attached *item_add(struct attach *a, struct conf_port *conf, enum attach_source source);
/* Out of the list; the item is the caller's. */
void item_take(struct attach *a, struct attached *it);
void item_free(struct attached *it);
/* NULL: the port is none of ours. */
struct attached *item_of(const struct attach *a, const struct ovnet_port *port);
/* All there are, with `last` behind them instead of `but`. NULL: no memory; to be freed. */
const struct conf_port **item_confs(const struct attach *a, const struct attached *but,
	const struct conf_port *last, unsigned *n);

/* enter.c */
bool address_is_ours(const struct node *n, const struct ovnet_prefix *p);
void enter_item(struct attach *a, const struct attached *it);
/* Takes what is not in `keep` (NULL: all) out of the FIB. 0 or -ENOMEM: entered again. */
int leave_item(struct attach *a, const struct attached *it, const struct conf_port *keep);
void warn_outside(struct attach *a);

/*
 * open.c: true: it is open, and entered. Otherwise it->why says why not, or it->behind is set.
 * After one or many, finish_opening(): have any been opened?
 */
bool open_item(struct attach *a, struct attached *it);
void finish_opening(struct attach *a, bool opened);
/*
 * Closes its port, under the name and devices it has; it stays, without one. `gone`: it goes with
 * the port, and is no longer in the list. 0 or -ENOMEM: nothing has changed.
 */
int close_item(struct attach *a, struct attached *it, bool gone);
/* Every second: one of those that are closed, but not free at once. */
void look_after_closed(struct attach *a);
void warn_closed(const struct attach *a);
void tell_changed(const struct attach *a);

/* state.c: all but one that is about to go (NULL: all). 0 or -errno, logged. */
int attach_save(const struct attach *a, const struct attached *but);
/* What of ports.json did not do. */
void warn_left_out(const struct attach *a);

#endif
