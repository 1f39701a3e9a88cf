/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's masquerade and FORWARD rules (host.ip-masq, host.forward-rules): made when the subnet
 * is known, looked after every host.rules-resync seconds. A thread does it, one at a time, because
 * it may have to wait for other programs. Control thread only.
 */
#ifndef OVNET_APP_HOST_FIREWALL_JOB_H
#define OVNET_APP_HOST_FIREWALL_JOB_H

#include "node/node.h"

struct event;
struct event_base;
struct ovnet_firewall;
struct firewall_run;

struct firewall_job {
	const struct node *node;
	struct ovnet_firewall *firewall; /* the job's while there is one */
	struct firewall_run *job;
	struct event *timer, *done;
	int done_fd, stop_fd; /* the job tells its end; it is told to end */
	unsigned wanted,
		made; /* versions: of what firewall_job_update() told of, of what there is */
};

/* 0 or negative errno. */
int firewall_job_init(struct firewall_job *r, const struct node *node, struct event_base *base);
/* The rules stay, as flanneld's do. */
void firewall_job_fini(struct firewall_job *r);
/* Network or subnet are known, or others than before. */
void firewall_job_update(struct firewall_job *r);

#endif
