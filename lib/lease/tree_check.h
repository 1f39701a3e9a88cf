/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with a lease tree, seen as a whole. Pure; any thread. */
#ifndef OVNET_LEASE_TREE_CHECK_H
#define OVNET_LEASE_TREE_CHECK_H

#include "lease/tree_read.h"

enum tree_severity {
	TREE_NOTE,    /* may well be meant */
	TREE_WARNING, /* costs something, or will */
	TREE_ERROR,   /* packets go astray, or nobody can join */
	TREE_SEVERITIES
};

/* Texts are the finding's own; "" where there is none. */
struct tree_finding {
	enum tree_severity severity;
	const char *kind;              /* "overlap", ... */
	char *key, *owner;             /* owner: a PublicIP */
	char *other_key, *other_owner; /* the other of two */
	char *what, *breaks, *cure;
};

#define TREE_FINDINGS_MAX 10000 /* listed; more are counted */

struct tree_report {
	struct tree_finding *findings; /* the worst first, then by key */
	size_t n, room;
	size_t count[TREE_SEVERITIES]; /* all, listed or not */
	size_t leases, nodes;          /* good ones; PublicIPs among them */
};

/* `renew_margin_s`: what is left of a lease when its node renews it. Free it. */
void tree_check(const struct lease_tree *t, uint32_t renew_margin_s, struct tree_report *out);
void tree_report_free(struct tree_report *r);

/* For the checks: tree_report.c. */
enum tree_kind {
	TREE_NO_CONFIG,
	TREE_TWO_APIS,
	TREE_NOT_A_LEASE,
	TREE_OUTSIDE_NETWORK,
	TREE_OTHER_BACKEND,
	TREE_DUPLICATE,
	TREE_OVERLAP,
	TREE_TWIN_PUBLIC_IP,
	TREE_TWIN_VTEP_MAC,
	TREE_RESERVATION,
	TREE_NOT_RENEWED,
};

/* One key a finding is about; zeroed: none. */
struct tree_party {
	const char *key;
	const struct ovnet_addr *owner; /* NULL, family 0: not known */
};

__attribute__((format(printf, 5, 6))) void tree_report_add(struct tree_report *r,
	enum tree_kind kind, struct tree_party of, struct tree_party other, const char *what, ...);
void tree_report_sort(struct tree_report *r);

#endif
