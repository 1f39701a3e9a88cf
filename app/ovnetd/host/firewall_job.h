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
struct ovnet_firewall_rules;
struct firewall_run;

/*
 * What else is to be done with the host's rules, once, behind the next setting of ours. `work` runs
 * in the job's thread, where it may wait; `done` then on the control thread, unless the job is
 * ended before. Both get `arg`, which is the thread's as long as `work` may run.
 */
struct firewall_order {
	void (*work)(void *arg, struct ovnet_firewall *f, const struct ovnet_firewall_rules *rules,
		bool ours_are_set);
	void (*done)(void *arg);
	void *arg;
};

struct firewall_job {
	const struct node *node;
	struct ovnet_firewall *firewall; /* the job's while there is one */
	struct firewall_run *job;
	struct event *timer, *done;
	int done_fd, stop_fd; /* the job tells its end; it is told to end */
	unsigned wanted,
		made; /* versions: of what firewall_job_update() told of, of what there is */
	struct firewall_order order; /* for the next run; work NULL: none */
};

/* 0 or negative errno. */
int firewall_job_init(struct firewall_job *r, const struct node *node, struct event_base *base);
/* The rules stay, as flanneld's do. */
void firewall_job_fini(struct firewall_job *r);
/* Network or subnet are known, or others than before. */
void firewall_job_update(struct firewall_job *r);
/* Replaces one that was not begun. */
void firewall_job_order(struct firewall_job *r, const struct firewall_order *order);

#endif
