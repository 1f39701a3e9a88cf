/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs of a node that is wired, their state in a directory of the case. */
#ifndef OVNET_BED_VMS_H
#define OVNET_BED_VMS_H

#include "bed/wired.h"
#include "guests/guests.h"
#include "path/guest.h"

/* Ports that have addresses of the pool, and one with all of the subnet. */
#define VMS_CONF                                                                              \
	"node: { iface = \"u0\"; };\n"                                                        \
	"vm: { pool = \"10.5.9.192/29\"; };\n"                                                \
	"ports = ( { name = \"box\"; driver = \"tap\"; addresses = \"10.5.9.193\"; },\n"      \
	"          { name = \"gen\"; devargs = \"net_x\"; addresses = \"fd05:0:0:9::c2\"; }," \
	"          { name = \"all\"; devargs = \"net_y\"; addresses = \"10.5.9.0/24\"; } );\n"

extern struct attach vms_attach;
extern struct guests vms;
extern char vms_dir[64], vms_err[1024];
extern const char *vms_used; /* an address somebody on the host has */
extern unsigned vms_asked;   /* whether somebody has one */

/* Set-up and end of each case. */
int vms_make_dir(void **state);
int vms_remove_dir(void **state);

/* A node whose state is kept in the directory; no lease yet. */
struct wired *vms_start(const char *conf);
void vms_stop(struct wired *w);
/* As wired_lease(), and the ports follow. */
void vms_lease(struct wired *w, const char *netconf, const char *key);
void vms_write_state(const char *text);

/* NULL: refused, as vms_err has it. */
const struct guest *vms_add(struct wired *w, const char *json);
const struct guest *vms_added(struct wired *w, const char *json);
/* Asserts that it is, and that the sentence has `part`. */
void vms_refused(struct wired *w, const char *json, const char *part);
void vms_has(const struct guest *guest, const char *addr, const char *addr6);
/* By DHCP. */
const struct ovnet_guest *vms_told(const struct wired *w, const struct guest *guest);

#endif
