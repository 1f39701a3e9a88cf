/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attach ports ordered while the parts of bed/wired.h run, kept in a directory of the case's own.
 * For suites linked with --wrap=ovnet_queue_map_build.
 */
#ifndef OVNET_BED_ORDERS_H
#define OVNET_BED_ORDERS_H

#include "attach/attach.h"
#include "bed/wired.h"

extern struct attach attach;
extern bool no_memory;   /* for queue maps */
extern unsigned changed; /* times it was told */
extern char dir[];       /* node.state_dir */

/* Setup and teardown of a case. */
int orders_make(void **state);
int orders_clean(void **state);

/* For start(): one port of the configuration. */
#define CONF                           \
	"node: { iface = \"u0\"; };\n" \
	"ports = ( { name = \"fixed\"; driver = \"tap\"; addresses = \"10.5.9.5\"; } );"

struct wired *start(const char *conf);
void stop(struct wired *w);
/* The daemon's next life. */
void again(struct wired *w);
/* node.state_dir is another one from now on. */
void keep_in(struct wired *w, const char *where);

/* Members as JSON. */
struct attached *add_as(enum attach_source source, bool keep, const char *text);
struct attached *add(const char *text);
int set(const char *name, const char *text);
int del_as(enum attach_source source, const char *name);
int del(const char *name);
/* Is this in the words the last one was refused with? */
void said(const char *part);
/* The port's id, or that of the host device for what is at no attach port. */
uint16_t lives(const struct wired *w, const char *text);

#endif
