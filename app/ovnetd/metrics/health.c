/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon.h"

struct tell {
	void (*found)(void *arg, const struct health_finding *f);
	void *arg;
};

__attribute__((format(printf, 5, 6))) static void tell(const struct tell *t, enum severity severity,
	bool blocks, const char *key, const char *fmt, ...)
{
	char text[700];
	const struct health_finding f = {severity, blocks, key, text};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->found(t->arg, &f);
}

static bool is_of(const char *key, const char *name)
{
	size_t len = strlen(name);

	return strncmp(key, name, len) == 0 && key[len] == ' ';
}

/* No uplink is left to send by. */
static bool all_down(const struct daemon *d)
{
	unsigned down = 0;

	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		down += is_of(d->warnings.row[i].key, "uplink-down") ||
			is_of(d->warnings.row[i].key, "twin-address");
	return down > 0 && down >= d->underlay.n;
}

static void warnings(const struct daemon *d, const struct tell *t)
{
	const bool cut_off = all_down(d);

	for (unsigned i = 0; i < WARNINGS_MAX; i++) {
		const char *key = d->warnings.row[i].key;
		bool blocks;
		if (key[0] == '\0')
			continue;
		enum severity severity = warning_severity(key, &blocks);
		blocks = blocks ||
			 (cut_off && (is_of(key, "uplink-down") || is_of(key, "twin-address")));
		tell(t, severity, blocks, key, "%s", d->warnings.row[i].text);
	}
}

/* Half of the nodes send to the one, half to the other. */
static void clash(const struct daemon *d, const struct tell *t)
{
	char key[2][OVNET_LEASE_KEY_MAX], ip[2][OVNET_ADDR_STRLEN];
	struct ovnet_lease l[2];

	if (!ovnet_lease_client_clash(d->lease, &l[0], &l[1]))
		return;
	for (unsigned i = 0; i < 2; i++) {
		ovnet_lease_key_text(&l[i], key[i], sizeof(key[i]));
		ovnet_addr_text(&l[i].public_ip, ip[i], sizeof(ip[i]));
	}
	tell(t, SEVERITY_CRITICAL, false, "two-owners",
		"two nodes own the same addresses: lease %s of %s (in force here) and lease %s of "
		"%s; a restarted ovnetd whose lease is the younger one claims another, flanneld "
		"keeps it: stop it there, delete its lease, start it again",
		key[0], ip[0], key[1], ip[1]);
}

/* Not yet, or no longer, by our own doing. */
static void progress(
	const struct daemon *d, const struct ovnet_lease_status *s, const struct tell *t)
{
	static const char key[] = "starting";
	const struct node *n = &d->node;

	if (s->state == OVNET_LEASE_WAIT_CONFIG && !node_has(n, NODE_READY))
		tell(t, SEVERITY_CRITICAL, true, key,
			"no lease yet: waiting for the network config (%s/config of etcd)",
			d->conf.etcd.prefix);
	else if (!node_has(n, NODE_READY))
		tell(t, SEVERITY_CRITICAL, true, key, "no lease yet: waiting for one");
	else if (s->stale ? d->peers.n_queued > 0 : !node_has(n, NODE_SETTLED))
		tell(t, SEVERITY_CRITICAL, true, key,
			"the other nodes are being entered: %u known so far, %u of them to do",
			d->peers.n, d->peers.n_queued);
}

/* That it is another node's has been said, with that node's name. */
static bool is_told(const struct daemon *d, const char *key)
{
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (strcmp(d->warnings.row[i].key, key) == 0)
			return true;
	return false;
}

static void own_lease(
	const struct daemon *d, const struct ovnet_lease_status *s, const struct tell *t)
{
	const int64_t left = s->expires_at - (int64_t)time(NULL);
	const bool away = !s->connected;
	struct ovnet_lease_own own;

	if (s->error[0] != '\0')
		tell(t, SEVERITY_WARNING, false, "etcd", "%s", s->error);
	if (!ovnet_lease_client_own(d->lease, &own))
		return;
	if (!own.held && node_has_lease(&d->node) && !is_told(d, "lease-lost"))
		tell(t, SEVERITY_CRITICAL, true, "lease-not-held",
			"our lease %s is not held: it was given back or removed; see `ovnetctl "
			"lease`",
			own.key);
	if (s->expires_at != 0 && left <= 0)
		tell(t, SEVERITY_CRITICAL, true, "lease-ended",
			"our lease %s has ended %lld s ago and could not be renewed: another node "
			"may take its subnet; bring etcd back",
			own.key, (long long)-left);
	else if (s->expires_at != 0 && away && left < HEALTH_LEASE_SOON_S)
		tell(t, SEVERITY_CRITICAL, false, "lease-ends",
			"our lease %s ends in %lld s and etcd is away: another node may take its "
			"subnet then; bring etcd back",
			own.key, (long long)left);
}

/* Some nodes may be off; that none is there is rather our own link. */
static void next_hops(const struct daemon *d, const struct tell *t)
{
	const struct ovnet_fib_nh_counts n = ovnet_fib_nh_counts(d->engine.fib);

	if (n.failed > 0 && n.resolved + n.pending == 0)
		tell(t, SEVERITY_WARNING, false, "next-hops",
			"no other node is reached: none of the %u hosts and gateways that packets "
			"go to answers for its MAC address; look at the uplink, its VLAN, the "
			"switch",
			n.failed);
}

void health_each(
	const struct daemon *d, void (*found)(void *arg, const struct health_finding *f), void *arg)
{
	const struct tell t = {found, arg};
	struct ovnet_lease_status s;
	int stuck;

	warnings(d, &t);
	if (d->lease == NULL) {
		tell(&t, SEVERITY_CRITICAL, true, "starting",
			"no lease yet: interface, memory and ports are being set up");
		return;
	}
	ovnet_lease_client_status(d->lease, &s);
	progress(d, &s, &t);
	own_lease(d, &s, &t);
	clash(d, &t);
	if (d->engine.fib != NULL)
		next_hops(d, &t);
	stuck = samples_stuck(&d->metrics.samples, &d->engine);
	if (stuck >= 0)
		tell(&t, SEVERITY_CRITICAL, true, "worker-stuck",
			"worker %d has not looked at its queues for %d s: what they carry waits; "
			"restart ovnetd, and please report it",
			stuck, SAMPLES_S);
}

static void add_up(void *arg, const struct health_finding *f)
{
	struct health *h = arg;

	h->n[f->severity]++;
	h->ready = h->ready && !f->blocks;
	if (f->severity > h->worst)
		h->worst = f->severity;
}

struct health health_sum(const struct daemon *d)
{
	struct health h = {.ready = true};

	health_each(d, add_up, &h);
	return h;
}

static void list(void *arg, const struct health_finding *f)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:b}", "severity", severity_name(f->severity), "key",
		f->key, "text", f->text, "blocks", f->blocks);

	/* A text cut in the middle of a character is no JSON string. */
	if (o == NULL)
		o = json_pack("{s:s,s:s,s:s,s:b}", "severity", severity_name(f->severity), "key",
			f->key, "text", "see the log", "blocks", f->blocks);
	json_array_append_new(arg, o);
}

json_t *health_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	const struct daemon *d = arg;
	const struct health h = health_sum(d);
	json_t *findings = json_array();

	(void)params, (void)err, (void)err_size;
	health_each(d, list, findings);
	return json_pack("{s:s,s:i,s:b,s:o}", "severity", severity_name(h.worst), "code",
		(int)h.worst, "ready", h.ready, "findings", findings);
}
