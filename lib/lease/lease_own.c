/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps our key: renews it, shows it once more to those who missed it, and looks whether it
 * still says what we wrote, now and then and whenever somebody touched it.
 */
#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"
#include "loop/random.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

/* Plus up to half. Also finds a stalled etcd the watch cannot see. */
#define LOOK_MS      60000
#define LOST_LOOK_MS 5000
/* Timers stand still while the machine is suspended, etcd does not: how often it is looked. */
#define AWAKE_MS 10000

static bool begin(struct ovnet_lease_client *c, struct event *timer)
{
	if (!c->own.held)
		return false;
	if (c->own.busy) {
		arm_ms(timer, 100 + random_below(NULL, 200));
		return false;
	}
	c->own.busy = true;
	return true;
}

static void look_later(struct ovnet_lease_client *c)
{
	uint32_t span = c->own.lost ? LOST_LOOK_MS : LOOK_MS;

	arm_ms(c->own.check_timer, span + random_below(NULL, span / 2));
}

void lease_own_look_soon(struct ovnet_lease_client *c)
{
	int64_t now = monotonic_ms();

	if (now - c->own.last_look_ms > LOOK_MS)
		backoff_reset(&c->own.check_backoff);
	c->own.last_look_ms = now;
	arm_ms(c->own.check_timer, backoff_next(&c->own.check_backoff));
}

void lease_own_end(struct ovnet_lease_client *c)
{
	c->own.busy = false;
	if (!c->own.look_again)
		return;
	c->own.look_again = false;
	lease_own_look_soon(c);
}

static void await_renewal(struct ovnet_lease_client *c)
{
	int64_t left_ms = c->own.renew_ms - boot_clock_ms();

	arm_ms(c->own.renew_timer, left_ms < 0 ? 0 : left_ms < AWAKE_MS ? left_ms : AWAKE_MS);
}

static void renew_in(struct ovnet_lease_client *c, uint64_t ms)
{
	c->own.renew_ms = boot_clock_ms() + (int64_t)ms;
	await_renewal(c);
}

static void renewed(struct ovnet_lease_client *c, uint32_t ttl_s)
{
	uint64_t margin_s = c->renew_margin_s < ttl_s ? c->renew_margin_s : ttl_s / 2;

	c->own.handle_gone = false;
	c->own.renewed_at = time(NULL);
	c->own.expires_at = c->own.renewed_at + ttl_s;
	c->own.end_ms = boot_clock_ms() + (int64_t)ttl_s * 1000;
	backoff_reset(&c->own.renew_backoff);
	lease_store_changed(c);
	uint64_t wait_ms = (ttl_s - margin_s) * 1000;
	uint32_t jitter_ms = random_below(NULL, (uint32_t)(wait_ms / 20));
	renew_in(c, wait_ms - jitter_ms);
}

static void permanent(struct ovnet_lease_client *c)
{
	c->own.renewed_at = time(NULL);
	c->own.expires_at = 0;
	lease_store_changed(c);
	evtimer_del(c->own.renew_timer);
}

/* The key says what it should; somebody (we, too) may have given it another TTL. */
void lease_own_adopt(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	c->own.resumed = false;
	if (kv->mod_revision > c->own.revision)
		c->own.revision = kv->mod_revision;
	if (kv->ttl_handle == c->own.handle)
		return;
	c->own.handle = kv->ttl_handle;
	if (kv->ttl_handle == 0)
		permanent(c);
	else if (kv->ttl_s != 0)
		renewed(c, kv->ttl_s);
	else
		renew_in(c, 100); /* a renewal tells its TTL */
}

void lease_own_written(struct ovnet_lease_client *c)
{
	lease_own_end(c);
	c->report(c, (struct lease_report){LEASE_KEY_WRITTEN});
}

static void on_shown(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK) {
		lease_own_adopt(c, &r->kvs[0]);
		lease_own_written(c);
		return;
	}
	if (r->status == OVNET_REGISTRY_CONFLICT || r->status == OVNET_REGISTRY_NOT_FOUND)
		c->own.look_again = true;
	else
		lease_own_show_later(c);
	lease_own_end(c);
}

static void on_reput(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	if (!c->own.lost && begin(c, c->own.reput_timer))
		c->ops->update(c->registry, c->own.key, c->own.value,
			c->own.handle != 0 ? c->ttl_s : 0, c->own.handle, c->own.revision, on_shown,
			c);
}

/*
 * flanneld v0.18 to v0.21.2 loses an event that follows another closely: writing the same again
 * a little later brings such a peer our route (flannel-facts 10, hazard 3).
 */
void lease_own_show_later(struct ovnet_lease_client *c)
{
	arm_ms(c->own.reput_timer, 2000 + random_below(NULL, 3000));
}

static void on_renewed(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK) {
		c->renewals++;
		nag_reset(&c->own.nag);
		lease_own_adopt(c, &r->kvs[0]);
		renewed(c, r->kvs[0].ttl_s);
		lease_own_written(c);
		return;
	}
	c->retries++;
	if (r->status == OVNET_REGISTRY_NOT_FOUND) {
		c->own.handle_gone = true;
		c->own.look_again = true;
	} else {
		lease_set_error(c, r->text);
		if (nag_due(&c->own.nag, r->text))
			LOG(WARN,
				"cannot renew our lease %s, %lld s are left of it, trying again: "
				"%s",
				lease_name_of(c, c->own.key), (long long)lease_own_left_s(c),
				r->text);
	}
	arm_ms(c->own.renew_timer, backoff_next(&c->own.renew_backoff));
	lease_own_end(c);
}

static void on_renew(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	if (c->own.renew_ms > boot_clock_ms())
		await_renewal(c);
	else if (c->own.handle != 0 && !c->own.lost && begin(c, c->own.renew_timer))
		c->ops->keepalive(c->registry, c->own.key, c->ttl_s, c->own.handle, on_renewed, c);
}

bool lease_own_claims(const struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	struct ovnet_lease l = {0};
	char ignored[200];

	(void)ovnet_lease_value_parse(kv->value, kv->value_len, &l, ignored, sizeof(ignored));
	/* Once it was another node's, broken bytes in it are that node's as well. */
	return (l.public_ip.family == 0 && !c->own.lost) ||
	       ovnet_addr_equal(&l.public_ip, &c->public_ip);
}

static bool is_our_value(const struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	return strlen(c->own.value) == kv->value_len &&
	       memcmp(c->own.value, kv->value, kv->value_len) == 0;
}

/* A slow etcd gets no faster by listing everything again: only this is tried again. */
static void look_failed(struct ovnet_lease_client *c, const char *text)
{
	c->retries++;
	c->own.looks_failed++;
	if (c->sync.connected)
		lease_set_error(c, text);
	arm_ms(c->own.check_timer, backoff_next(&c->own.look_backoff));
	lease_own_end(c);
	c->report(c, (struct lease_report){LEASE_LOOK_FAILED, .text = text});
}

static void look_worked(struct ovnet_lease_client *c)
{
	if (c->own.looks_failed > 0 && c->sync.connected)
		lease_set_error(c, "");
	c->own.looks_failed = 0;
	c->report(c, (struct lease_report){LEASE_LOOK_WORKED});
	backoff_reset(&c->own.look_backoff);
	look_later(c);
	lease_own_end(c);
}

static enum lease_outcome what_is(
	const struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	if (is_our_value(c, kv))
		return LEASE_KEY_UNCHANGED;
	return lease_own_claims(c, kv) ? LEASE_KEY_OVERWRITTEN : LEASE_KEY_TAKEN;
}

static void on_seen(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;
	const struct ovnet_registry_kv *kv = r->kvs;

	if (r->status != OVNET_REGISTRY_OK && r->status != OVNET_REGISTRY_NOT_FOUND) {
		look_failed(c, r->text);
		return;
	}
	look_worked(c);
	if (r->status == OVNET_REGISTRY_NOT_FOUND)
		c->report(c, (struct lease_report){LEASE_KEY_VANISHED});
	else
		c->report(c, (struct lease_report){what_is(c, kv), .kv = kv});
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	if (begin(c, c->own.check_timer))
		c->ops->get(c->registry, c->own.key, on_seen, c);
}

void lease_own_changed(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	if (!c->own.held)
		return;
	bool ours = kv != NULL && !c->own.lost && is_our_value(c, kv);
	if (ours && kv->ttl_handle == c->own.handle)
		lease_own_adopt(c, kv);
	else if (c->own.busy)
		c->own.look_again = true;
	else if (ours)
		lease_own_adopt(c, kv);
	else
		lease_own_look_soon(c);
}

void lease_own_announce(struct ovnet_lease_client *c)
{
	c->cbs.acquired(c->arg, &c->netconf, &c->own.lease);
	lease_table_set_own(c->table, &c->own.lease);
}

/* `value` becomes ours. */
static void set_lease(struct ovnet_lease_client *c, const char *name,
	const struct ovnet_lease *lease, char *value)
{
	free(c->own.key);
	free(c->own.value);
	c->own.key = must_printf("%s%s", c->subnets_prefix, name);
	c->own.value = value;
	c->own.lease = *lease;
	c->own.held = true;
	c->own.since = time(NULL);
}

void lease_own_resume(struct ovnet_lease_client *c, const struct ovnet_lease *lease, bool reserved,
	int64_t left_s)
{
	char name[OVNET_LEASE_KEY_MAX];

	set_lease(c, ovnet_lease_key_text(lease, name, sizeof(name)), lease,
		must(ovnet_lease_value_text(lease)));
	c->own.resumed = true;
	if (!reserved) {
		c->own.expires_at = time(NULL) + left_s;
		c->own.end_ms = boot_clock_ms() + left_s * 1000;
	}
	c->own.handle = reserved ? 0 : -1;
	c->own.handle_gone = true; /* whatever it was: another one if it has to be written */
}

void lease_own_hold(struct ovnet_lease_client *c, const struct ovnet_lease *lease,
	const char *value, const struct ovnet_registry_kv *kv)
{
	char name[OVNET_LEASE_KEY_MAX];
	struct ovnet_prefix4 before = c->own.lease.subnet;

	ovnet_lease_key_text(lease, name, sizeof(name));
	set_lease(c, name, lease, must(strdup(value)));
	c->own.lost = false;
	c->own.revision = 0;
	c->own.reclaimed = 0;
	c->own.handle = -1;
	lease_own_adopt(c, kv);
	LOG(NOTICE, "Lease acquired: %s%s%s", name, kv->ttl_handle == 0 ? " (a reservation)" : "",
		before.len != 0 && !ovnet_prefix4_equal(&before, &lease->subnet)
			? " instead of the one lost"
			: "");
	lease_own_announce(c);
	lease_own_show_later(c);
	look_later(c);
}

static void timer_init(struct ovnet_lease_client *c, struct event **timer, event_callback_fn fn)
{
	*timer = must(evtimer_new(c->base, fn, c));
}

void lease_own_init(struct ovnet_lease_client *c)
{
	c->own.renew_backoff = (struct backoff){.min_ms = 1000, .max_ms = 60000};
	/* Whoever took our subnet should not have it long, but all nodes may have lost theirs. */
	c->own.check_backoff = (struct backoff){.min_ms = 200, .max_ms = 5000};
	c->own.look_backoff = (struct backoff){.min_ms = LOST_LOOK_MS, .max_ms = LOOK_MS};
	timer_init(c, &c->own.renew_timer, on_renew);
	timer_init(c, &c->own.reput_timer, on_reput);
	timer_init(c, &c->own.check_timer, on_look);
}

void lease_own_stop(struct ovnet_lease_client *c)
{
	event_free(c->own.renew_timer);
	event_free(c->own.reput_timer);
	event_free(c->own.check_timer);
	free(c->own.key);
	free(c->own.value);
}
