/* SPDX-License-Identifier: BSD-3-Clause */
/* What each kind of finding breaks, and what to do. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/tree_check.h"

/* In `cure` and `breaks`: %k the key, quoted for a shell, %o its owner, %p the other owner. */
static const struct {
	const char *name;
	enum tree_severity severity;
	const char *breaks, *cure;
} kinds[] = {
	[TREE_NO_CONFIG] = {"no-config", TREE_ERROR,
		"no node can start or restart: each waits until the network config is good",
		"write it: etcdctl put %k "
		"'{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}', with your "
		"network's values; v2: etcdctl set"},
	[TREE_TWO_APIS] = {"two-apis", TREE_WARNING,
		"nodes of one API see no leases of the other (flanneld before v0.18 uses v2, later "
		"ones v3): they do not reach each other, and may take the same subnets",
		"look at both, with --etcd-api=v2 and --etcd-api=v3; move all nodes to one and "
		"delete the other's config"},
	[TREE_NOT_A_LEASE] = {"not-a-lease", TREE_ERROR,
		"ovnetd has no peer by it; flanneld v0.21.3 to v0.28 drops all its routes when "
		"such "
		"a key is written or deleted, v0.10 hangs on it",
		"delete %k and keep such keys outside of the prefix; where flanneld v0.21.3 or "
		"later runs, restart it on one node after the other afterwards"},
	[TREE_OUTSIDE_NETWORK] = {"outside-network", TREE_ERROR,
		"ovnetd refuses it, so that its nodes do not reach %o; flanneld takes it, and "
		"sends there what may be for somebody else",
		"restart the daemon on %o, which claims a subnet that fits; if that node is gone, "
		"delete %k"},
	[TREE_OTHER_BACKEND] = {"other-backend", TREE_WARNING,
		"nodes of the network's backend leave %o out: no packets in either direction",
		"restart the daemon on %o, so that it takes the network config of now"},
	[TREE_DUPLICATE] = {"duplicate", TREE_ERROR,
		"two nodes have the same addresses: ovnetd sends to %p, which was first, flanneld "
		"to "
		"whoever renewed last; pods of the other one are cut off",
		"restart ovnetd on %o, which gives this lease back and claims another subnet; a "
		"flanneld there: stop it, delete %k and its subnet.env, start it. Its containers "
		"need new addresses"},
	[TREE_OVERLAP] = {"overlap", TREE_ERROR,
		"two nodes share addresses: ovnetd refuses the lease of %o, which came later, "
		"flanneld sends by the longer prefix",
		"restart ovnetd on %o, which gives this lease back and claims another subnet; a "
		"flanneld there: stop it, delete %k and its subnet.env, start it. Its containers "
		"need new addresses"},
	[TREE_TWIN_PUBLIC_IP] = {"twin-public-ip", TREE_WARNING,
		"nodes are told apart by this address alone: two of them would take each other's "
		"lease at every start. ovnetd sends only to the newer lease",
		"if %o is one node, this is a leftover that ends with its TTL: delete %k, or wait; "
		"if two nodes have the address, give one another (node.public-ip)"},
	[TREE_TWIN_VTEP_MAC] = {"twin-vtep-mac", TREE_ERROR,
		"the kernel's vxlan device knows one node for a MAC address: flanneld sends what "
		"is "
		"for %o and for %p to one of the two",
		"machines were cloned, or their state files: on %o stop the daemon, delete %k, "
		"with "
		"flanneld also its device (ip link delete flannel.VNI), start it: it takes a new "
		"MAC address"},
	[TREE_RESERVATION] = {"reservation", TREE_NOTE,
		"it never ends: the subnet stays taken when %o is gone; flanneld of etcd v3 gives "
		"it a TTL when it starts",
		"nothing if it is meant; otherwise `ovnetctl lease release` on %o, or, if that "
		"node "
		"is gone, delete %k"},
	[TREE_NOT_RENEWED] = {"not-renewed", TREE_WARNING,
		"when it ends all nodes drop %o as a peer; until then they send to it, be it there "
		"or not",
		"look on %o whether its daemon runs and reaches etcd; if that node is gone there "
		"is "
		"nothing to do"},
};

/* As one word of a shell, or words that are none: keys are anybody's. */
static char *quoted(const char *key)
{
	for (const char *p = key; *p != '\0'; p++)
		if (!isprint((unsigned char)*p) || *p == '\'')
			return must(strdup("this key"));
	return must_printf("'%s'", key);
}

static void put(char **out, const char *text, size_t len)
{
	char *longer = must_printf("%s%.*s", *out, (int)len, text);

	free(*out);
	*out = longer;
}

static char *filled(const char *form, const struct tree_finding *f)
{
	char *out = must(strdup("")), *key = quoted(f->key);
	const char *owner = f->owner[0] != '\0' ? f->owner : "its owner";

	while (*form != '\0') {
		size_t len = strcspn(form, "%");
		put(&out, form, len);
		form += len;
		if (*form == '\0')
			break;
		const char *text = form[1] == 'k' ? key : form[1] == 'o' ? owner : f->other_owner;
		put(&out, text, strlen(text));
		form += 2;
	}
	free(key);
	return out;
}

static char *text_of(const struct ovnet_addr *a)
{
	char text[OVNET_ADDR_STRLEN];

	return must(
		strdup(a != NULL && a->family != 0 ? ovnet_addr_text(a, text, sizeof(text)) : ""));
}

static char *key_of(const struct tree_party *p)
{
	return must(strdup(p->key != NULL ? p->key : ""));
}

void tree_report_add(struct tree_report *r, enum tree_kind kind, struct tree_party of,
	struct tree_party other, const char *what, ...)
{
	va_list ap;

	r->count[kinds[kind].severity]++;
	if (r->n == TREE_FINDINGS_MAX)
		return;
	if (r->n == r->room) {
		r->room = r->room > 0 ? r->room * 2 : 64;
		r->findings = must(reallocarray(r->findings, r->room, sizeof(*r->findings)));
	}
	struct tree_finding *f = &r->findings[r->n++];
	*f = (struct tree_finding){.severity = kinds[kind].severity,
		.kind = kinds[kind].name,
		.key = key_of(&of),
		.owner = text_of(of.owner),
		.other_key = key_of(&other),
		.other_owner = text_of(other.owner)};
	va_start(ap, what);
	int n = vasprintf(&f->what, what, ap);
	va_end(ap);
	(void)must(n < 0 ? NULL : f->what);
	f->breaks = filled(kinds[kind].breaks, f);
	f->cure = filled(kinds[kind].cure, f);
}

static int worst_first(const void *a, const void *b)
{
	const struct tree_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	int by_kind = strcmp(x->kind, y->kind);
	return by_kind != 0 ? by_kind : strcmp(x->key, y->key);
}

void tree_report_sort(struct tree_report *r)
{
	if (r->n > 1)
		qsort(r->findings, r->n, sizeof(*r->findings), worst_first);
}

void tree_report_free(struct tree_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct tree_finding *f = &r->findings[i];
		char *const texts[] = {f->key, f->owner, f->other_key, f->other_owner, f->what,
			f->breaks, f->cure};
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			free(texts[j]);
	}
	free(r->findings);
	*r = (struct tree_report){0};
}
