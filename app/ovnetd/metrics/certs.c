/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/certs.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "loop/thread.h"
#include "run/warnings.h"

OVNET_LOG_TYPE(health)

#define IN_A_FILE 1000 /* certificates: a bundle of authorities has some 150 */

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

struct cert_life certs_read(const char *file, bool last)
{
	FILE *in = fopen(file, "re");
	struct cert_life life = {0};
	X509 *x = NULL;

	if (in == NULL)
		return life;
	for (unsigned i = 0; i < IN_A_FILE; i++) {
		if ((x = PEM_read_X509(in, NULL, NULL, NULL)) == NULL)
			break;
		int64_t end = seconds_of(X509_get0_notAfter(x));
		if (end != 0 && (life.ends == 0 || (last ? end > life.ends : end < life.ends)))
			life = (struct cert_life){end, end - seconds_of(X509_get0_notBefore(x))};
		X509_free(x);
	}
	ERR_clear_error(); /* there are no more */
	fclose(in);
	return life;
}

static void *read_all(void *arg)
{
	struct certs *c = arg;

	for (unsigned i = 0; i < CERTS_MAX; i++) {
		struct cert *cert = &c->cert[i];
		cert->found = (struct cert_life){0};
		if (cert->file != NULL && cert->file[0] != '\0')
			cert->found = certs_read(cert->file, cert->any);
	}
	atomic_store_explicit(&c->done, true, memory_order_release);
	return NULL;
}

static void finish(struct certs *c)
{
	pthread_join(c->thread, NULL);
	c->running = false;
	for (unsigned i = 0; i < CERTS_MAX; i++)
		c->cert[i].life = c->cert[i].found;
}

void certs_fini(struct certs *c)
{
	if (c->running)
		finish(c);
	for (unsigned i = 0; i < CERTS_MAX; i++)
		free(c->cert[i].file);
	*c = (struct certs){0};
}

/* Copies: the configuration's may be others before the thread is done. */
static bool take_files(struct certs *c, const struct conf *conf)
{
	const char *const files[CERTS_MAX] = {conf->etcd.certfile, conf->etcd.cafile};
	bool any = false;

	for (unsigned i = 0; i < CERTS_MAX; i++) {
		struct cert *cert = &c->cert[i];
		const char *file = conf->registry.type == CONF_REGISTRY_ETCD ? files[i] : NULL;
		if (file != NULL && (cert->file == NULL || strcmp(cert->file, file) != 0)) {
			free(cert->file);
			*cert = (struct cert){.file = strdup(file), .any = i == 1};
		}
		any = any || (cert->file != NULL && cert->file[0] != '\0');
	}
	return any;
}

/* Those renewed every day are no news in their last two weeks. */
static bool is_soon(const struct cert_life *life, int64_t left)
{
	return left < CERTS_WARN_S && left < life->lasts / CERTS_PART;
}

static void warn(const struct certs *c, struct warnings *w)
{
	const int64_t now = time(NULL);
	const struct cert *ended = NULL, *soon = NULL;

	for (unsigned i = 0; i < CERTS_MAX; i++) {
		const struct cert_life *life = &c->cert[i].life;
		if (life->ends != 0 && life->ends <= now)
			ended = &c->cert[i];
		else if (life->ends != 0 && is_soon(life, life->ends - now))
			soon = &c->cert[i];
	}
	if (ended != NULL)
		warn_set(w, "certificate-ended",
			"a certificate in %.200s has ended: etcd is not reached any more, and our "
			"lease ends; replace it in place, no restart is needed",
			ended->file);
	else
		warn_clear(w, "certificate-ended");
	if (soon != NULL)
		warn_set(w, "certificate",
			"a certificate in %.200s ends within %lld hours: replace it in place, no "
			"restart is needed",
			soon->file, (long long)(soon->life.ends - now) / 3600 + 1);
	else
		warn_clear(w, "certificate");
}

void certs_look(struct certs *c, const struct conf *conf, struct warnings *w)
{
	if (c->running) {
		if (!atomic_load_explicit(&c->done, memory_order_acquire))
			return;
		finish(c);
	}
	warn(c, w);
	if (monotonic_ms() < c->next_ms || !take_files(c, conf))
		return;
	c->next_ms = monotonic_ms() + CERTS_EVERY * 1000;
	atomic_store_explicit(&c->done, false, memory_order_relaxed);
	c->running = thread_start(&c->thread, read_all, c) == 0;
	if (!c->running)
		LOG(WARN, "no thread to read etcd's certificates with; tried again");
}
