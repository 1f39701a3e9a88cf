/* SPDX-License-Identifier: BSD-3-Clause */
/* What /metrics is made of: the text, the names, ends of certificates; the pages of a daemon that
 * has only just begun, and how bad what is. */
#include "bed/cmocka.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "metrics/health.h"
#include "metrics/names.h"

static struct daemon d; /* nothing has started */

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" not in:\n%s", part, text);
}

static const char *end(struct text *t)
{
	text_sample(t, "", NULL, 0); /* room for the NUL */
	assert_false(t->failed);
	t->bytes[t->len - 3] = '\0';
	return t->bytes;
}

static void text_is_escaped(void **state)
{
	struct text_labels l = {.len = 0};
	struct text t = {0};

	(void)state;
	text_label(&l, "port", "a\"b\\c\nd\xc3\xa4\x01");
	text_label_number(&l, "queue", 12);
	text_family(&t, "x_total", "counter", "back\\slash\nand line");
	text_sample(&t, "x_total", &l, UINT64_MAX);
	text_sample(&t, "x_total", NULL, 0);
	text_sample_real(&t, "y", &(struct text_labels){.len = 0}, 0.25);
	assert_string_equal(end(&t),
		"# HELP x_total back\\\\slash\\nand line.\n# TYPE x_total counter\n"
		"x_total{port=\"a\\\"b\\\\c\\nd\\\\xc3\\\\xa4\\\\x01\",queue=\"12\"} "
		"18446744073709551615\nx_total 0\ny 0.25\n");
	free(t.bytes);
}

static void long_values_are_cut_whole(void **state)
{
	struct text_labels l = {.len = 0};
	char value[2 * TEXT_LABELS_MAX];

	(void)state;
	memset(value, '\n', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	text_label(&l, "a", value);
	assert_true(l.len < sizeof(l.bytes));
	assert_int_equal(l.bytes[l.len], '\0');
	assert_string_equal(l.bytes + l.len - 3, "\\n\""); /* no half of an escape */
	const size_t len = l.len;
	text_label(&l, "there_is_no_room_for_this_one", "x");
	assert_int_equal(l.len, len);
	assert_int_equal(l.bytes[len], '\0');
}

static bool is_metric(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!islower(*c) && *c != '_')
			return false;
	return strncmp(name, "ovnet_", 6) == 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* By unit and kind, as Prometheus has it; no two of a name. PORT and PEER are not given. */
static void counters_have_names(void **state)
{
	static char names[OVNET_COUNTER_COUNT][TEXT_NAME_MAX];

	(void)state;
	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *c = &ovnet_counters[i];
		uint64_t divisor = metric_name(c, names[i]);
		if (!is_metric(names[i]))
			fail_msg("%s is no name", names[i]);
		assert_int_equal(ends_in(names[i], "_total"), ovnet_counter_grows(c));
		assert_int_equal(divisor != 1,
			c->kind == OVNET_KIND_MILLISECONDS || c->kind == OVNET_KIND_NANOSECONDS);
		if (c->kind >= OVNET_KIND_SECONDS && c->kind <= OVNET_KIND_TIME)
			assert_true(ends_in(names[i], "_seconds"));
		for (unsigned j = 0; j < i; j++)
			if (c->scope != OVNET_SCOPE_PORT &&
				ovnet_counters[j].scope != OVNET_SCOPE_PORT &&
				strcmp(names[i], names[j]) == 0)
				fail_msg("two of %s", names[i]);
	}
	char name[TEXT_NAME_MAX];
	metric_name(&ovnet_counters[OVNET_COUNTER_QUEUE_rx_packets], name);
	assert_string_equal(name, "ovnet_port_rx_packets_total");
	metric_name(&ovnet_counters[OVNET_COUNTER_DROP_drops], name);
	assert_string_equal(name, "ovnet_drop_packets_total");
	metric_name(&ovnet_counters[OVNET_COUNTER_LEASE_expires_at], name);
	assert_string_equal(name, "ovnet_lease_expiry_timestamp_seconds");
}

static void add_certificate(FILE *out, EVP_PKEY *key, time_t ends)
{
	X509 *x = X509_new();

	assert_non_null(x);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), 1000000));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), ends));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(out, x), 1);
	X509_free(x);
}

static void certificates_end(void **state)
{
	char path[] = "/tmp/ovnet-certs-XXXXXX";
	FILE *out = fdopen(mkstemp(path), "w");
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	assert_non_null(out);
	assert_non_null(key);
	assert_int_equal(certs_read(path, false).ends, 0);
	fputs("what people write in front of one\n", out);
	add_certificate(out, key, 2000000000);
	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	add_certificate(out, key, 1900000000);
	add_certificate(out, key, 1950000000);
	fclose(out);
	assert_int_equal(certs_read(path, false).ends, 1900000000);
	assert_int_equal(certs_read(path, false).lasts, 1899000000);
	assert_int_equal(certs_read(path, true).ends, 2000000000);
	unlink(path);
	assert_int_equal(certs_read(path, true).ends, 0);
	EVP_PKEY_free(key);
}

/* What certs_look() says of a certificate that has `left` seconds of `lasts`. */
static const char *said_of(int64_t left, int64_t lasts)
{
	static char key[48];
	const struct conf conf = {0}; /* no files to read */
	struct certs c = {.cert[0] = {.life = {time(NULL) + left, lasts}}};

	memset(&d.warnings, 0, sizeof(d.warnings));
	certs_look(&c, &conf, &d.warnings);
	snprintf(key, sizeof(key), "%s", d.warnings.row[0].key);
	certs_fini(&c);
	return key;
}

static void a_certificate_is_to_be_replaced_in_time(void **state)
{
	const int64_t day = 86400;

	(void)state;
	assert_string_equal(said_of(15 * day, 365 * day), "");
	assert_string_equal(said_of(13 * day, 365 * day), "certificate");
	assert_string_equal(said_of(day / 2, day), ""); /* a new one every day */
	assert_string_equal(said_of(day / 20, day), "certificate");
	assert_string_equal(said_of(-1, day), "certificate-ended");
}

static void take_blocking(void *arg, const struct health_finding *f)
{
	if (f->blocks)
		snprintf(arg, 64, "%s", f->key);
}

static int clear(void **state)
{
	(void)state;
	memset(&d.warnings, 0, sizeof(d.warnings));
	d.underlay.n = 0;
	return 0;
}

static void a_lost_subnet_is_worse_than_a_hugepage(void **state)
{
	char key[64];
	bool blocks;

	(void)state;
	struct health h = health_sum(&d);
	assert_false(h.ready); /* not yet */
	assert_int_equal(h.worst, SEVERITY_CRITICAL);
	assert_int_equal(h.n[SEVERITY_CRITICAL], 1);
	health_each(&d, take_blocking, key);
	assert_string_equal(key, "starting");
	assert_int_equal(warning_severity("hugepages", &blocks), SEVERITY_WARNING);
	assert_false(blocks);
	assert_int_equal(warning_severity("lease-lost", &blocks), SEVERITY_CRITICAL);
	assert_true(blocks);
	assert_int_equal(warning_severity("impostor", NULL), SEVERITY_CRITICAL);
	assert_int_equal(warning_severity("uplink-down eth0", NULL), SEVERITY_CRITICAL);
	assert_int_equal(warning_severity("uplink-downer", NULL), SEVERITY_WARNING);
	assert_int_equal(warning_severity("missed uplink-down", NULL), SEVERITY_WARNING);
	warn_set(&d.warnings, "hugepages", "4K pages");
	assert_int_equal(health_sum(&d).n[SEVERITY_WARNING], 1);
}

static void plain_warnings_make_room(void **state)
{
	char key[48];

	(void)state;
	for (unsigned i = 0; i < WARNINGS_MAX + 3; i++) {
		snprintf(key, sizeof(key), "missed p%u", i);
		warn_set(&d.warnings, key, "p%u loses packets", i);
	}
	assert_int_equal(health_sum(&d).n[SEVERITY_WARNING], WARNINGS_MAX);
	warn_set(&d.warnings, "lease-lost", "another node's");
	assert_int_equal(health_sum(&d).n[SEVERITY_WARNING], WARNINGS_MAX - 1);
	assert_int_equal(health_sum(&d).n[SEVERITY_CRITICAL], 2); /* and that it is starting */
	warn_clear(&d.warnings, "lease-lost");
	assert_int_equal(health_sum(&d).n[SEVERITY_CRITICAL], 1);
}

/* Of two uplinks one may go. */
static void the_last_uplink_blocks(void **state)
{
	char key[64];

	(void)state;
	d.underlay.n = 2;
	warn_set(&d.warnings, "uplink-down eth0", "eth0 is down");
	health_each(&d, take_blocking, key);
	assert_string_equal(key, "starting");
	assert_int_equal(health_sum(&d).n[SEVERITY_CRITICAL], 2);
	warn_set(&d.warnings, "uplink-down eth1", "eth1 is down");
	key[0] = '\0';
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (strncmp(d.warnings.row[i].key, "uplink", 6) == 0)
			strcat(key, "x");
	assert_string_equal(key, "xx");
	json_t *o = health_show(&d, NULL, key, sizeof(key));
	unsigned n = 0;
	json_t *f;
	size_t i;
	json_array_foreach (json_object_get(o, "findings"), i, f)
		n += json_is_true(json_object_get(f, "blocks"));
	assert_int_equal(n, 3); /* both, and that it is starting */
	assert_int_equal(json_integer_value(json_object_get(o, "code")), 2);
	assert_string_equal(json_string_value(json_object_get(o, "severity")), "critical");
	assert_true(json_is_false(json_object_get(o, "ready")));
	json_decref(o);
}

/* A page's text; the caller frees. */
static char *page(const char *path, int *status)
{
	struct evbuffer *body = evbuffer_new();

	for (const struct http_page *p = metrics_pages; p->path != NULL; p++)
		if (strcmp(p->path, path) == 0)
			*status = p->answer(&d, body);
	assert_int_equal(evbuffer_add(body, "", 1), 0);
	char *text = strdup((char *)evbuffer_pullup(body, -1));
	evbuffer_free(body);
	return text;
}

static void pages_before_anything_started(void **state)
{
	int status = 0;
	char *text = page("/healthz", &status);

	(void)state;
	assert_int_equal(status, HTTP_OK);
	assert_string_equal(text, "flanneld is running"); /* flannel's, to the byte */
	free(text);
	warn_set(&d.warnings, "host-down", "it is down");
	warn_set(&d.warnings, "netconf", "it is other");
	text = page("/readyz", &status);
	assert_int_equal(status, HTTP_NOT_READY);
	has(text, "flanneld is not ready yet\n");
	has(text, "\nhost-down: it is down\nstarting: ");
	assert_null(strstr(text, "netconf"));
	free(text);
	text = page("/metrics", &status);
	assert_int_equal(status, HTTP_OK);
	has(text, "# TYPE ovnet_build_info gauge\novnet_build_info{version=\"");
	has(text, "\novnet_ready 0\n");
	has(text, "\novnet_health 2\n");
	has(text, "\novnet_findings{severity=\"warning\"} 1\n");
	has(text, "\novnet_peers{state=\"ok\"} 0\n");
	free(text);
	free(d.metrics.text.bytes);
	d.metrics.text = (struct text){0};
}

static void a_worker_that_goes_round_no_more_is_stuck(void **state)
{
	static struct rte_rcu_qsbr *qsbr;
	struct ovnet_worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	struct engine e = {.shared.n_workers = 1, .workers = {w}};
	struct samples s = {0};

	(void)state;
	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) / 64 * 64);
	assert_non_null(qsbr);
	assert_int_equal(rte_rcu_qsbr_init(qsbr, 1), 0);
	e.shared.rcu.qsbr = qsbr;
	samples_take(&s, &e);
	samples_take(&s, &e);
	assert_int_equal(samples_stuck(&s, &e), -1); /* asleep */
	assert_int_equal(ovnet_rcu_reader_add(&e.shared.rcu, 0), 0);
	ovnet_rcu_reader_online(&e.shared.rcu, 0);
	samples_take(&s, &e);
	assert_int_equal(samples_stuck(&s, &e), -1); /* it may just have woken up */
	w->counters.loops++;
	w->counters.busy_cycles = UINT64_MAX / 2;
	samples_take(&s, &e);
	assert_int_equal(samples_stuck(&s, &e), -1);
	assert_true(s.worker[0].busy_ratio == 1);
	samples_take(&s, &e);
	assert_int_equal(samples_stuck(&s, &e), 0);
	assert_true(s.worker[0].busy_ratio == 0);
	free(qsbr);
	free(w);
}

#define CASE(f) cmocka_unit_test_setup(f, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(text_is_escaped),
		CASE(long_values_are_cut_whole),
		CASE(counters_have_names),
		CASE(certificates_end),
		CASE(a_certificate_is_to_be_replaced_in_time),
		CASE(a_lost_subnet_is_worse_than_a_hugepage),
		CASE(plain_warnings_make_room),
		CASE(the_last_uplink_blocks),
		CASE(pages_before_anything_started),
		CASE(a_worker_that_goes_round_no_more_is_stuck),
	};
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
