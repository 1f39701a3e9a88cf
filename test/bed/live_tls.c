/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/live_tls.h"

const char *tls_file(const struct live_etcd *e, const char *name, const char *suffix)
{
	static char buf[8][128];
	static unsigned i;

	i = (i + 1) % 8;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s.%s", e->dir, name, suffix);
	return buf[i];
}

void make_cert_for(const struct live_etcd *e, const struct live_cert *c, const char *names)
{
	const char *ca = c->ca != NULL ? c->ca : c->name;
	char subject[64], use[64];
	const char *const argv[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", subject, "-addext",
		names, "-addext", use, "-keyout", tls_file(e, c->name, "key"), "-out",
		tls_file(e, c->name, "crt"), c->ca != NULL ? "-CA" : NULL, tls_file(e, ca, "crt"),
		"-CAkey", tls_file(e, ca, "key"), NULL};

	snprintf(subject, sizeof(subject), "/O=%s%s%s", c->name, c->cn != NULL ? "/CN=" : "",
		c->cn != NULL ? c->cn : "");
	snprintf(use, sizeof(use), "extendedKeyUsage=%s", c->use);
	assert_int_equal(live_run((char *const *)argv, NULL, 0), 0);
}

void make_cert(const struct live_etcd *e, const struct live_cert *c)
{
	make_cert_for(e, c, "subjectAltName=IP:127.0.0.1");
}

void start_tls(const char *server, const char *client)
{
	setenv("ETCD_CERT_FILE", tls_file(&second, server, "crt"), 1);
	setenv("ETCD_KEY_FILE", tls_file(&second, server, "key"), 1);
	setenv("ETCD_TRUSTED_CA_FILE", tls_file(&second, "ca", "crt"), 1);
	setenv("ETCD_CLIENT_CERT_AUTH", "true", 1);
	setenv("ETCDCTL_CACERT", tls_file(&second, "ca", "crt"), 1);
	setenv("ETCDCTL_CERT", tls_file(&second, client, "crt"), 1);
	setenv("ETCDCTL_KEY", tls_file(&second, client, "key"), 1);
	/* Of its v2 API. */
	setenv("ETCDCTL_CA_FILE", tls_file(&second, "ca", "crt"), 1);
	setenv("ETCDCTL_CERT_FILE", tls_file(&second, client, "crt"), 1);
	setenv("ETCDCTL_KEY_FILE", tls_file(&second, client, "key"), 1);
	live_start(&second);
}

void forget_tls(void)
{
	static const char *const names[] = {"ETCD_CERT_FILE", "ETCD_KEY_FILE",
		"ETCD_TRUSTED_CA_FILE", "ETCD_CLIENT_CERT_AUTH", "ETCDCTL_CACERT", "ETCDCTL_CERT",
		"ETCDCTL_KEY", "ETCDCTL_CA_FILE", "ETCDCTL_CERT_FILE", "ETCDCTL_KEY_FILE"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}
