/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The load of perf/run.sh leases, from outside the daemon: writes leases to etcd through its
 * gateway and sees them arrive in the kernel's table, as anybody else could.
 *
 * ovnetd enters a lease in its FIB first, its route second, and takes the route away first,
 * the FIB entry second. So the notification of the route, on a socket of our own, comes no
 * earlier than the workers forward to a new peer, and within microseconds of their ceasing to
 * forward to one that is gone.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "ctl/ctl_server.h"
#include "lease/flannel/lease_value.h"
#include "lease/registry/etcd/base64.h"

#define LEASES_MAX  65536u
#define PREFIX      "/coreos.com/network/subnets/"
#define TXN_OPS     100
#define WRITERS     4
#define RTPROT      111
#define PATIENCE_NS 60000000000ull

static void die(const char *what, const char *why)
{
	fprintf(stderr, "lease_load: %s: %s\n", what, why);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void nap(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	nanosleep(&t, NULL);
}

/* Lease number i: 10.<i / 256>.<i % 256>.0/24 at 172.16.<i / 256>.<i % 256>. */
static void lease_texts(
	unsigned i, unsigned version, char *key, size_t key_size, char *value, size_t value_size)
{
	struct ovnet_lease l = {
		.subnet = {0x0a000000u + (i << 8), 24},
		.public_ip = ovnet_addr_v4(0xac100000u + i),
		.backend = OVNET_BACKEND_VXLAN,
		.has_vtep_mac = true,
		.vtep_mac = {{2, 0, 0, (uint8_t)version, (uint8_t)(i >> 8), (uint8_t)i}},
		.vni = 1,
	};
	char name[OVNET_LEASE_KEY_MAX], *text = ovnet_lease_value_text(&l);

	if (text == NULL)
		die("lease", "no memory");
	snprintf(key, key_size, PREFIX "%s", ovnet_lease_key_text(&l, name, sizeof(name)));
	snprintf(value, value_size, "%s", text);
	free(text);
}

/* One connection to etcd's gateway, for one thread. */
struct writer {
	CURL *easy;
	struct curl_slist *headers;
	const char *url;
	char body[TXN_OPS * 512];
	size_t len;
	char head[256]; /* of the answer, for the message when it is a refusal */
	size_t head_len;
};

static size_t on_answer(char *bytes, size_t one, size_t n, void *arg)
{
	struct writer *w = arg;
	size_t room = sizeof(w->head) - 1 - w->head_len, part = one * n < room ? one * n : room;

	memcpy(w->head + w->head_len, bytes, part);
	w->head_len += part;
	w->head[w->head_len] = '\0';
	return one * n;
}

static struct writer *writer_new(const char *url)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->easy = curl_easy_init()) == NULL)
		die("connection", "no memory");
	w->url = url;
	w->headers = curl_slist_append(NULL, "Expect:");
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, w->headers);
	curl_easy_setopt(w->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT, 30L);
	return w;
}

static void writer_free(struct writer *w)
{
	curl_easy_cleanup(w->easy);
	curl_slist_free_all(w->headers);
	free(w);
}

static void post(struct writer *w, const char *path)
{
	char url[256];
	long status = 0;

	snprintf(url, sizeof(url), "%s%s", w->url, path);
	w->head_len = 0;
	curl_easy_setopt(w->easy, CURLOPT_URL, url);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, w->body);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE, (long)w->len);
	CURLcode rc = curl_easy_perform(w->easy);
	if (rc != CURLE_OK)
		die(url, curl_easy_strerror(rc));
	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		die(url, w->head);
}

static void add(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof(w->body) - w->len)
		die("request", "too long");
	memcpy(w->body + w->len, text, n + 1);
	w->len += n;
}

/* The fields of a put, or of a delete. */
static void add_lease(struct writer *w, unsigned i, unsigned version, bool put)
{
	char key[128], value[256], text[1024];
	char key64[BASE64_LEN(sizeof(key)) + 1], value64[BASE64_LEN(sizeof(value)) + 1];

	lease_texts(i, version, key, sizeof(key), value, sizeof(value));
	base64_encode(key, strlen(key), key64);
	base64_encode(value, strlen(value), value64);
	if (put)
		snprintf(text, sizeof(text), "{\"key\":\"%s\",\"value\":\"%s\"}", key64, value64);
	else
		snprintf(text, sizeof(text), "{\"key\":\"%s\"}", key64);
	add(w, text);
}

static void write_one(struct writer *w, unsigned i, unsigned version, bool put)
{
	w->len = 0;
	add_lease(w, i, version, put);
	post(w, put ? "/v3/kv/put" : "/v3/kv/deleterange");
}

static void write_many(struct writer *w, unsigned first, unsigned n, unsigned skip, bool put)
{
	const char *comma = "";

	w->len = 0;
	add(w, "{\"success\":[");
	for (unsigned i = first; i < first + n; i++) {
		if (i == skip)
			continue;
		add(w, comma);
		add(w, put ? "{\"request_put\":" : "{\"request_delete_range\":");
		add_lease(w, i, 1, put);
		add(w, "}");
		comma = ",";
	}
	add(w, "]}");
	post(w, "/v3/kv/txn");
}

static void write_all(const char *url, unsigned first, unsigned n, unsigned skip, bool put)
{
	struct writer *w = writer_new(url);

	for (unsigned done = 0; done < n; done += TXN_OPS)
		write_many(w, first + done, n - done < TXN_OPS ? n - done : TXN_OPS, skip, put);
	writer_free(w);
}

/* What the kernel's table shows, by lease: when its route last came and went. */
static struct {
	_Atomic uint64_t came, went;
} seen[LEASES_MAX];
static _Atomic unsigned arrivals, departures;

static void on_route(const struct nlmsghdr *msg, uint64_t at)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(msg);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(*r) || r->rtm_protocol != RTPROT ||
		r->rtm_type != RTN_UNICAST || r->rtm_dst_len != 24)
		return;
	mnl_attr_for_each(attr, msg, sizeof(*r))
	{
		if (mnl_attr_get_type(attr) != RTA_DST || mnl_attr_get_payload_len(attr) != 4)
			continue;
		unsigned i = (ntohl(mnl_attr_get_u32(attr)) >> 8) & 0xffff;
		bool came = msg->nlmsg_type == RTM_NEWROUTE;
		atomic_store(came ? &seen[i].came : &seen[i].went, at);
		atomic_fetch_add(came ? &arrivals : &departures, 1);
	}
}

static void *watch_routes(void *arg)
{
	struct mnl_socket *sock = arg;
	static uint8_t buf[65536] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		uint64_t at = now_ns();
		if (n < 0)
			die("route notifications", strerror(errno));
		int left = (int)n;
		for (const struct nlmsghdr *m = (const void *)buf; mnl_nlmsg_ok(m, left);
			m = mnl_nlmsg_next(m, &left))
			if (m->nlmsg_type == RTM_NEWROUTE || m->nlmsg_type == RTM_DELROUTE)
				on_route(m, at);
	}
	return NULL;
}

static void start_watching(void)
{
	struct mnl_socket *sock = mnl_socket_open(NETLINK_ROUTE);
	int group = RTNLGRP_IPV4_ROUTE, size = 64 << 20;
	pthread_t thread;

	if (sock == NULL || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &size,
			sizeof(size)) < 0 ||
		mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		die("route notifications", strerror(errno));
	if (pthread_create(&thread, NULL, watch_routes, sock) != 0)
		die("thread", "not started");
}

static void await(_Atomic unsigned *counter, unsigned n, const char *what)
{
	uint64_t end = now_ns() + PATIENCE_NS;

	while (atomic_load(counter) < n) {
		if (now_ns() > end)
			die(what, "did not all arrive in a minute");
		nap(100000);
	}
}

/* Seconds until etcd had taken them all. */
static double write_half(const char *url, unsigned n, bool put)
{
	uint64_t start = now_ns();

	write_all(url, 1, n, 0, put);
	return (double)(now_ns() - start) / 1e9;
}

/*
 * `changes` changes as fast as etcd takes them: half of them departures, then as many arrivals. A
 * lease that is back before a busy daemon has come to its departure never leaves the kernel's
 * table, and rightly: so the arrivals begin when the departures are seen.
 */
static void storm(const char *url, unsigned changes)
{
	uint64_t start = now_ns();
	double written = write_half(url, changes / 2, false);

	await(&departures, changes / 2, "departures");
	written += write_half(url, changes / 2, true);
	await(&arrivals, changes / 2, "arrivals");
	printf("{\"storm_s\":%.3f,\"storm_write_s\":%.3f}\n", (double)(now_ns() - start) / 1e9,
		written);
}

/* Change number k of the even load: departures and arrivals in turn, `lag` changes apart. */
struct change {
	uint64_t acked;
	unsigned lease;
	bool put;
};

static struct load {
	const char *url;
	struct change *changes;
	unsigned n, per_second;
	uint64_t start;
} load;

static void *write_evenly(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	struct writer *w = writer_new(load.url);

	for (unsigned k = me; k < load.n; k += WRITERS) {
		struct change *c = &load.changes[k];
		uint64_t due = load.start + (uint64_t)k * 1000000000 / load.per_second;
		uint64_t now = now_ns();
		if (now < due)
			nap(due - now);
		write_one(w, c->lease, 2, c->put);
		c->acked = now_ns();
	}
	writer_free(w);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(double seconds)
{
	double *ms = calloc(load.n, sizeof(*ms));
	unsigned early = 0;

	if (ms == NULL)
		die("report", "no memory");
	for (unsigned k = 0; k < load.n; k++) {
		const struct change *c = &load.changes[k];
		uint64_t at = atomic_load(c->put ? &seen[c->lease].came : &seen[c->lease].went);
		ms[k] = ((double)at - (double)c->acked) / 1e6;
		early += ms[k] < 0;
	}
	qsort(ms, load.n, sizeof(*ms), by_value);
	printf("{\"event_ms_p50\":%.3f,\"event_ms_p99\":%.3f,\"event_ms_max\":%.3f,"
	       "\"events_before_ack\":%u,\"events\":%u,\"events_per_s\":%.0f}\n",
		ms[load.n / 2], ms[(size_t)load.n * 99 / 100], ms[load.n - 1], early, load.n,
		load.n / seconds);
	free(ms);
}

static void even_load(const char *url, unsigned n, unsigned per_second, unsigned lag)
{
	pthread_t writers[WRITERS];

	load = (struct load){.url = url,
		.changes = calloc(n, sizeof(*load.changes)),
		.n = n / (2 * lag) * 2 * lag,
		.per_second = per_second,
		.start = now_ns() + 10000000};
	if (load.changes == NULL)
		die("load", "no memory");
	for (unsigned k = 0; k < load.n; k++)
		load.changes[k] = (struct change){
			.lease = 1 + k / (2 * lag) * lag + k % lag, .put = k % (2 * lag) >= lag};
	for (uintptr_t i = 0; i < WRITERS; i++)
		if (pthread_create(&writers[i], NULL, write_evenly, (void *)i) != 0)
			die("thread", "not started");
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	double seconds = (double)(now_ns() - load.start) / 1e9;
	await(&departures, load.n / 2, "departures");
	await(&arrivals, load.n / 2, "arrivals");
	report(seconds);
	free(load.changes);
}

static json_t *status(const char *socket)
{
	char err[256];

	return ovnet_ctl_call(socket, "status", NULL, 60000, err, sizeof(err));
}

/* Until the daemon has so many peers and follows etcd; `resyncs` times after the first sync. */
static void await_peers(const char *socket, unsigned peers, unsigned resyncs)
{
	uint64_t end = now_ns() + 2 * PATIENCE_NS;

	for (; now_ns() < end; nap(5000000)) {
		json_t *s = status(socket), *etcd = json_object_get(s, "etcd");
		bool there = json_integer_value(json_object_get(s, "peers")) == peers &&
			     json_integer_value(json_object_get(s, "peers_pending")) == 0 &&
			     json_is_true(json_object_get(etcd, "connected")) &&
			     json_integer_value(json_object_get(etcd, "resyncs")) >= resyncs;
		json_decref(s);
		if (there)
			return;
	}
	die("peers", "not all there in two minutes");
}

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

/* Until SIGTERM: how long a client of the control socket waited at worst. */
static void probe(const char *socket)
{
	uint64_t worst = 0;

	signal(SIGTERM, on_signal);
	for (; !stop; nap(4000000)) {
		uint64_t start = now_ns();
		json_decref(status(socket));
		uint64_t took = now_ns() - start;
		worst = took > worst ? took : worst;
	}
	printf("{\"answer_ms_max\":%.3f}\n", (double)worst / 1e6);
}

static unsigned number(const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < min || n > max)
		die(text, "not a number in range");
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "", *where = argc > 2 ? argv[2] : "";

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (strcmp(verb, "fill") == 0 && argc == 4) {
		/* One subnet in the middle stays free for the daemon. */
		unsigned n = number(argv[3], 16, LEASES_MAX);
		write_all(where, 0, n, n / 2, true);
	} else if (strcmp(verb, "fill") == 0 && argc == 5) {
		unsigned n = number(argv[3], 1, LEASES_MAX);
		write_all(where, number(argv[4], 0, LEASES_MAX - n), n, UINT_MAX, true);
	} else if (strcmp(verb, "storm") == 0 && argc == 4) {
		start_watching();
		storm(where, number(argv[3], 2, LEASES_MAX - 2));
	} else if (strcmp(verb, "rate") == 0 && argc == 6) {
		unsigned lag = number(argv[5], 1, LEASES_MAX / 4);
		start_watching();
		even_load(where, number(argv[3], 2 * lag, LEASES_MAX - 2),
			number(argv[4], 1, 100000), lag);
	} else if (strcmp(verb, "await") == 0 && argc == 5) {
		await_peers(where, number(argv[3], 0, LEASES_MAX), number(argv[4], 0, 1000000));
	} else if (strcmp(verb, "probe") == 0 && argc == 3) {
		probe(where);
	} else {
		fprintf(stderr,
			"usage: lease_load fill URL LEASES [FIRST] | storm URL CHANGES |\n"
			"       rate URL CHANGES PER_SECOND LAG | await SOCKET PEERS RESYNCS | "
			"probe SOCKET\n");
		return 2;
	}
	return 0;
}
