/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files are read as libcurl will read them. Whether etcd takes them, and what its own
 * certificates are worth, shows where it is asked.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "preflight/checks.h"

#define SOON_DAYS 30
#define DAY_S     86400

static X509 *read_certificate(const char *file)
{
	FILE *f = fopen(file, "re");
	X509 *cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f != NULL)
		fclose(f);
	return cert;
}

static long days_left(const X509 *cert)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1)
		return -1;
	return days > 0 || (days == 0 && seconds > 0) ? days : days - 1;
}

int certificate_days(const char *file, long *days, char *name, size_t size)
{
	X509 *cert = read_certificate(file);

	if (cert == NULL)
		return -ENOENT;
	*days = days_left(cert);
	if (X509_NAME_oneline(X509_get_subject_name(cert), name, (int)size) == NULL)
		snprintf(name, size, "?");
	X509_free(cert);
	return 0;
}

static void judge_end(struct preflight *p, const char *key, const char *file)
{
	char name[256];
	long days;

	if (certificate_days(file, &days, name, sizeof(name)) < 0) {
		preflight_say(p, PREFLIGHT_FAIL, "%s: there is no certificate in %s", key, file);
		preflight_fix(p, "give a PEM file with BEGIN CERTIFICATE in it");
	} else if (days < 0) {
		preflight_say(p, PREFLIGHT_FAIL, "%s: %s (%s) has expired", key, file, name);
		preflight_fix(p, "replace the file in place by a renewed one; is this node's clock "
				 "right?");
	} else if (days < SOON_DAYS) {
		preflight_say(p, PREFLIGHT_WARN, "%s: %s (%s) expires in %ld days", key, file, name,
			days);
		preflight_fix(
			p, "replace the file in place by a renewed one; no restart is needed");
	} else {
		preflight_say(p, PREFLIGHT_OK, "%s: %s (%s), %ld days left", key, file, name, days);
	}
}

static EVP_PKEY *read_key(const char *file)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *key =
		f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, (void *)(uintptr_t) "") : NULL;

	if (f != NULL)
		fclose(f);
	return key;
}

static void judge_key(struct preflight *p, const char *certfile, const char *keyfile)
{
	X509 *cert = read_certificate(certfile);
	EVP_PKEY *key = read_key(keyfile);
	struct stat st;

	if (key == NULL) {
		preflight_say(p, PREFLIGHT_FAIL,
			"etcd.keyfile: there is no key without a "
			"passphrase in %s",
			keyfile);
		preflight_fix(p, "give the PEM file of the certificate's private key");
	} else if (cert != NULL && X509_check_private_key(cert, key) != 1) {
		preflight_say(p, PREFLIGHT_FAIL, "etcd.keyfile: %s is not the key of %s", keyfile,
			certfile);
		preflight_fix(p, "give the two files that were made together");
	} else if (stat(keyfile, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		preflight_say(
			p, PREFLIGHT_WARN, "etcd.keyfile: everybody may read or write %s", keyfile);
		preflight_fix(p, "chmod o= %s", keyfile);
	}
	if (cert != NULL && X509_check_purpose(cert, X509_PURPOSE_SSL_CLIENT, 0) != 1) {
		preflight_say(p, PREFLIGHT_FAIL, "etcd.certfile: %s may not be used by a client",
			certfile);
		preflight_fix(p, "have one made with extendedKeyUsage=clientAuth");
	}
	/* Nobody else shall take them for its own. */
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(cert);
}

void check_certificates(struct preflight *p)
{
	const struct conf *c = p->conf;

	if (c->registry.type != CONF_REGISTRY_ETCD ||
		strstr(c->etcd.endpoints, "https://") == NULL) {
		preflight_say(p, PREFLIGHT_OK, "not used: no endpoint is https://");
		if (c->registry.type == CONF_REGISTRY_ETCD &&
			(c->etcd.cafile[0] != '\0' || c->etcd.certfile[0] != '\0')) {
			p->lines[p->n - 1].level = PREFLIGHT_WARN;
			preflight_fix(
				p, "write https:// in etcd.endpoints, or leave the files out");
		}
		return;
	}
	if (c->etcd.cafile[0] != '\0')
		judge_end(p, "etcd.cafile", c->etcd.cafile);
	else
		preflight_say(p, PREFLIGHT_OK, "etcd.cafile: none, the system's authorities serve");
	if (c->etcd.certfile[0] == '\0')
		return;
	judge_end(p, "etcd.certfile", c->etcd.certfile);
	judge_key(p, c->etcd.certfile,
		c->etcd.keyfile[0] != '\0' ? c->etcd.keyfile : c->etcd.certfile);
}
