/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made on the spot, and an etcd that serves TLS with them. */
#ifndef OVNET_BED_LIVE_TLS_H
#define OVNET_BED_LIVE_TLS_H

#include "bed/live_node.h"

struct live_cert {
	const char *name; /* NAME.crt, NAME.key */
	const char *ca;   /* who signs; NULL: itself */
	const char *cn;   /* NULL: none, as the gateway would take it for a user's name */
	const char *use;  /* extended key usage */
};

#define USE_BOTH "serverAuth,clientAuth"

/* "DIR/NAME.SUFFIX" in one of a few buffers. */
const char *tls_file(const struct live_etcd *e, const char *name, const char *suffix);

/* `names`: as openssl wants them. */
void make_cert_for(const struct live_etcd *e, const struct live_cert *c, const char *names);

void make_cert(const struct live_etcd *e, const struct live_cert *c);

/*
 * `second`, which was prepared for https, with a server certificate, and client certificates
 * wanted; etcdctl shows `client`.
 */
void start_tls(const char *server, const char *client);

void forget_tls(void);

#endif
