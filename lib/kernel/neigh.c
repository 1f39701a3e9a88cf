/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wanted set. A notification only says "look again": the entry is read afresh, so that
 * what is still queued from before the question can never undo a newer answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

#define STATE_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define STATE_FIXED (NUD_PERMANENT | NUD_NOARP)

/* Without NTF_EXT_MANAGED; the tick is a second, so a little less than whole ones. */
#define ASK_UNRESOLVED_MS 900
#define ASK_RESOLVED_MS   9900

enum answer { ANSWER_NONE, ANSWER_KNOWN, ANSWER_FAILED };

struct kernel_neigh {
	LIST_ENTRY(kernel_neigh) link;
	uint32_t ifindex;
	struct ovnet_addr addr;
	unsigned refs;
	enum answer answer; /* what the caller was told */
	struct ovnet_mac mac;
	bool kept; /* by the kernel or by somebody's hand; otherwise the tick asks again */
	bool ours; /* the managed flag is ours to take off */
	bool complained;
	int64_t asked_ms; /* monotonic_ms() */
};

static struct kernel_neigh_list *bucket(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr)
{
	const uint8_t *b = addr->family == AF_INET ? (const uint8_t *)&addr->v4_be : addr->v6;
	unsigned len = addr->family == AF_INET ? sizeof(addr->v4_be) : sizeof(addr->v6);
	uint32_t hash = 2166136261u ^ ifindex;

	for (unsigned i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 16777619u;
	return &k->neigh[(hash ^ hash >> 16) % KERNEL_NEIGH_BUCKETS];
}

static struct kernel_neigh *find(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct kernel_neigh *n;

	LIST_FOREACH (n, bucket(k, ifindex, addr), link) {
		if (n->ifindex == ifindex && ovnet_addr_equal(&n->addr, addr))
			return n;
	}
	return NULL;
}

static bool is_fixed(const struct neigh_entry *e)
{
	return e->state & STATE_FIXED || e->learned;
}

static void complain(struct ovnet_kernel *k, struct kernel_neigh *n, int err)
{
	char text[OVNET_ADDR_STRLEN];
	bool again = n->complained;

	n->complained = err < 0;
	if (err == 0 || again)
		return;
	ovnet_addr_text(&n->addr, text, sizeof(text));
	if (err == -ENOBUFS)
		LOG(ERR,
			"neighbour %s of link %u: the kernel's table is full: raise "
			"net.%s.neigh.default.gc_thresh3 with sysctl",
			text, n->ifindex, n->addr.family == AF_INET ? "ipv4" : "ipv6");
	else
		LOG(ERR, "neighbour %s of link %u: cannot be asked for, trying again: %s", text,
			n->ifindex, nl_why(&k->nl, err));
}

/* Never touches an entry somebody fixed: NTF_USE would turn it into an ordinary one. */
static void ask(struct ovnet_kernel *k, struct kernel_neigh *n)
{
	struct neigh_entry e;
	int err = neigh_get(&k->nl, n->ifindex, &n->addr, &e);

	n->asked_ms = monotonic_ms();
	if (err == 0 && (is_fixed(&e) || e.managed)) {
		n->kept = true;
		n->ours = e.managed && e.protocol == OVNET_RTPROT; /* also a former life's */
		n->complained = false;
		return;
	}
	if (err == 0 || err == -ENOENT)
		err = neigh_use(&k->nl, n->ifindex, &n->addr, !k->no_managed);
	n->ours = err == 0 && !k->no_managed;
	complain(k, n, err);
}

static void tell(struct ovnet_kernel *k, struct kernel_neigh *n, const struct ovnet_mac *mac)
{
	n->answer = mac != NULL ? ANSWER_KNOWN : ANSWER_FAILED;
	if (mac != NULL)
		n->mac = *mac;
	/* The callback may release the entry: nothing may follow. */
	if (k->events.neighbour != NULL) {
		struct ovnet_addr addr = n->addr;
		k->events.neighbour(k->arg, n->ifindex, &addr, mac);
	}
}

static void note_keeper(struct kernel_neigh *n, const struct neigh_entry *e)
{
	n->kept = e->managed || is_fixed(e);
	n->ours = n->ours && e->managed;
}

/* What became of the entry; `e` NULL: it is gone. Ends in the callback. */
static void judge(struct ovnet_kernel *k, struct kernel_neigh *n, const struct neigh_entry *e)
{
	if (e != NULL && e->state & STATE_VALID && e->has_mac) {
		if (n->answer != ANSWER_KNOWN || !ovnet_mac_equal(&n->mac, &e->mac))
			tell(k, n, &e->mac);
		return;
	}
	/* Being asked anew after it was known: FAILED came between. */
	bool failed = e == NULL || e->state & NUD_FAILED || n->answer == ANSWER_KNOWN;
	if (failed && n->answer != ANSWER_FAILED)
		tell(k, n, NULL);
}

static void refresh(struct ovnet_kernel *k, struct kernel_neigh *n)
{
	struct neigh_entry e;
	int err = neigh_get(&k->nl, n->ifindex, &n->addr, &e);

	if (err == 0) {
		note_keeper(n, &e);
		judge(k, n, &e);
		return;
	}
	if (err != -ENOENT && err != -ENODEV) {
		complain(k, n, err); /* not an answer: the last MAC stays in use */
		return;
	}
	n->kept = n->ours = false;
	/* A table that keeps throwing it out is asked once a second, by the tick. */
	if (monotonic_ms() - n->asked_ms >= ASK_UNRESOLVED_MS)
		ask(k, n);
	judge(k, n, NULL);
}

void neigh_notified(struct ovnet_kernel *k, const struct nlmsghdr *msg)
{
	struct neigh_entry e;

	if (!neigh_parse(msg, &e))
		return;
	struct kernel_neigh *n = find(k, e.ifindex, &e.addr);
	if (n != NULL)
		refresh(k, n);
}

struct key {
	uint32_t ifindex;
	struct ovnet_addr addr;
};

/* By key and not by element: the callbacks may want and release as they like. */
void neigh_resync(struct ovnet_kernel *k)
{
	unsigned count = 0;
	struct kernel_neigh *n;
	struct key *keys = calloc(k->n_neigh + 1u, sizeof(*keys));

	if (keys == NULL) {
		LOG(ERR, "neighbours: no memory to read them again; trying at the next change");
		return;
	}
	for (unsigned b = 0; b < KERNEL_NEIGH_BUCKETS; b++)
		LIST_FOREACH (n, &k->neigh[b], link)
			keys[count++] = (struct key){n->ifindex, n->addr};
	for (unsigned i = 0; i < count; i++) {
		n = find(k, keys[i].ifindex, &keys[i].addr);
		if (n != NULL)
			refresh(k, n);
	}
	free(keys);
}

void neigh_tick(struct ovnet_kernel *k)
{
	struct kernel_neigh *n;
	int64_t now = monotonic_ms();

	for (unsigned b = 0; b < KERNEL_NEIGH_BUCKETS; b++) {
		LIST_FOREACH (n, &k->neigh[b], link) {
			int64_t every =
				n->answer == ANSWER_KNOWN ? ASK_RESOLVED_MS : ASK_UNRESOLVED_MS;
			if (!n->kept && now - n->asked_ms >= every)
				ask(k, n);
		}
	}
}

static void set_ticking(struct ovnet_kernel *k)
{
	static const struct timeval second = {.tv_sec = 1};

	if (k->n_neigh == 0)
		event_del(k->tick);
	else if (!event_pending(k->tick, EV_TIMEOUT, NULL) && event_add(k->tick, &second) < 0)
		LOG(ERR, "neighbours: no timer: unresolved ones will not be asked for again");
}

static struct kernel_neigh *add(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct kernel_neigh *n = calloc(1, sizeof(*n));

	if (n == NULL) {
		LOG(ERR, "neighbour of link %u: no memory", ifindex);
		return NULL;
	}
	n->ifindex = ifindex;
	n->addr = *addr;
	LIST_INSERT_HEAD(bucket(k, ifindex, addr), n, link);
	k->n_neigh++;
	set_ticking(k);
	return n;
}

static void first_question(struct ovnet_kernel *k, struct kernel_neigh *n)
{
	struct neigh_entry e;

	ask(k, n);
	if (neigh_get(&k->nl, n->ifindex, &n->addr, &e) < 0)
		return; /* the tick goes on */
	note_keeper(n, &e);
	if (!n->kept && !k->no_managed && !n->complained) {
		LOG(NOTICE, "this kernel does not keep neighbours fresh by itself (before 5.16): "
			    "asking again every few seconds");
		k->no_managed = true;
	}
	if (e.state & STATE_VALID && e.has_mac) {
		n->answer = ANSWER_KNOWN;
		n->mac = e.mac;
	}
}

int ovnet_kernel_neigh_want(struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr,
	struct ovnet_mac *mac)
{
	if (ifindex == 0 || ifindex > INT32_MAX || !ovnet_addr_is_unicast(addr))
		return -EINVAL;
	struct kernel_neigh *n = find(k, ifindex, addr);
	if (n == NULL) {
		n = add(k, ifindex, addr);
		if (n == NULL)
			return -ENOMEM;
		first_question(k, n);
	}
	n->refs++;
	if (n->answer != ANSWER_KNOWN)
		return 0;
	*mac = n->mac;
	return 1;
}

static void forget(struct ovnet_kernel *k, struct kernel_neigh *n)
{
	if (n->ours)
		(void)neigh_unmanage(&k->nl, n->ifindex, &n->addr);
	LIST_REMOVE(n, link);
	free(n);
	k->n_neigh--;
}

void ovnet_kernel_neigh_release(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct kernel_neigh *n = find(k, ifindex, addr);

	if (n == NULL || --n->refs > 0)
		return;
	forget(k, n);
	set_ticking(k);
}

void neigh_forget_all(struct ovnet_kernel *k)
{
	for (unsigned b = 0; b < KERNEL_NEIGH_BUCKETS; b++)
		while (!LIST_EMPTY(&k->neigh[b]))
			forget(k, LIST_FIRST(&k->neigh[b]));
}
