/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the certificates that etcd is spoken to with end: read by a thread, as a disk may keep it
 * waiting, at the start and every few minutes, for they are replaced in place. Control thread.
 */
#ifndef OVNET_APP_METRICS_CERTS_H
#define OVNET_APP_METRICS_CERTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CERTS_MAX    2
#define CERTS_EVERY  300 /* seconds */
#define CERTS_WARN_S (14 * 86400)
#define CERTS_PART   10 /* warned at that part of its life, where that is later */

struct conf;
struct warnings;

struct cert_life {
	int64_t ends;  /* unix seconds; 0: not known */
	int64_t lasts; /* seconds from its beginning to its end */
};

/* Zeroed to begin with. */
struct certs {
	struct cert {
		char *file; /* NULL or "": none */
		bool any;   /* one of those in it is enough: a bundle of authorities */
		struct cert_life life, found; /* `found` is the thread's, until it is done */
	} cert[CERTS_MAX];
	pthread_t thread;
	bool running;
	_Atomic bool done;
	int64_t next_ms; /* monotonic: when they are read again */
};

/* Waits for the thread. Safe before init. */
void certs_fini(struct certs *c);
/* Now and then: takes up what the thread found, starts it when it is time, warns. */
void certs_look(struct certs *c, const struct conf *conf, struct warnings *w);
/* Of the certificate in a PEM file that ends first, or last. Any thread. */
struct cert_life certs_read(const char *file, bool last);

#endif
