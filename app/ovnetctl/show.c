/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table.h"
#include "views.h"

/*
 * The same row in the reading before; NULL if it is new. The search starts behind the last find:
 * rows keep their order, so that it is one step for all but new rows.
 */
static const json_t *row_before(
	const json_t *rows, size_t *hint, const char *key, const json_t *row)
{
	const json_t *id = json_object_get(row, key);
	size_t n = json_array_size(rows);

	for (size_t i = 0; id != NULL && i < n; i++) {
		size_t at = (*hint + i) % n;
		const json_t *other = json_array_get(rows, at);
		if (json_equal(json_object_get(other, key), id)) {
			*hint = at + 1;
			return other;
		}
	}
	return NULL;
}

/* A column no row has a value for takes no room. */
static bool is_empty(const struct column *c, const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *v = json_object_get(row, c->member);
		if (v != NULL && !json_is_null(v))
			return false;
	}
	return true;
}

static void add_heading(struct table *t, const struct column *c, const struct reading *r)
{
	char text[64];

	if (r->watching && c->kind == COLUMN_BYTES)
		snprintf(text, sizeof(text), "%.2s-BIT/s", c->heading);
	else
		snprintf(text, sizeof(text), "%s%s", c->heading,
			r->watching && c->kind == COLUMN_COUNT ? "/s" : "");
	t->right[t->n_columns++] = c->kind == COLUMN_NUMBER || c->kind == COLUMN_COUNT ||
				   c->kind == COLUMN_BYTES || c->kind == COLUMN_PERCENT;
	table_add(t, text);
}

static const json_t *rows_of(const struct view *view, const json_t *result)
{
	return view->list != NULL ? json_object_get(result, view->list) : result;
}

static void show_table(FILE *out, const struct view *view, const struct reading *r)
{
	const json_t *rows = rows_of(view, r->now), *old = rows_of(view, r->before);
	struct column all[TABLE_MAX_COLUMNS], shown[TABLE_MAX_COLUMNS];
	unsigned n_all = view_columns(view, all);
	struct table t = {0};
	char text[1024];
	size_t i, hint = 0;
	json_t *row;

	for (unsigned n = 0; n < n_all; n++) {
		if (is_empty(&all[n], rows))
			continue;
		shown[t.n_columns] = all[n];
		add_heading(&t, &all[n], r);
	}
	json_array_foreach (rows, i, row) {
		const json_t *before = row_before(old, &hint, view->key, row);
		for (unsigned n = 0; n < t.n_columns; n++) {
			column_text(&shown[n], row, before, r, text, sizeof(text));
			table_add(&t, text);
		}
	}
	table_print(&t, out);
	table_free(&t);
}

void show_view(FILE *out, const struct view *view, const struct reading *r)
{
	if (view->columns == NULL)
		show_status(out, r->now);
	else if (json_array_size(rows_of(view, r->now)) == 0)
		fprintf(out, "%s\n", view->empty);
	else
		show_table(out, view, r);
}

void show_members(FILE *out, const struct view *view, const json_t *row)
{
	const struct reading r = {0};
	char text[1024];

	for (const struct column *c = view->columns; c->member != NULL; c++) {
		const json_t *v = json_object_get(row, c->member);
		if (v == NULL || json_is_null(v))
			continue;
		column_text(c, row, NULL, &r, text, sizeof(text));
		char *safe = printable(text);
		fprintf(out, "%-12s%s\n", c->member, safe);
		free(safe);
	}
}

static const char *text_of(const json_t *o, const char *member, char *buf, size_t size)
{
	const struct column c = {.member = member, .kind = COLUMN_TEXT};
	const struct reading r = {0};

	column_text(&c, o, NULL, &r, buf, size);
	return buf;
}

/* "name  value, value"; members that are missing leave no trace, nor does a line without any. */
struct line {
	char text[1024];
	size_t len;
};

static void part(struct line *l, const char *before, const char *value)
{
	if (l->len < sizeof(l->text))
		l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s%s",
			l->len > 0 ? ", " : "", before, value);
}

static void member(struct line *l, const char *before, const json_t *o, const char *name)
{
	char buf[512];

	text_of(o, name, buf, sizeof(buf));
	if (strcmp(buf, "-") != 0)
		part(l, before, buf);
}

static void end_line(FILE *out, const char *name, struct line *l)
{
	if (l->len > 0) {
		char *safe = printable(l->text);
		fprintf(out, "%-12s%s\n", name, safe);
		free(safe);
	}
	l->len = 0;
	l->text[0] = '\0';
}

static void since(struct line *l, const char *before, const json_t *o, const char *name, bool ahead)
{
	json_int_t t = json_integer_value(json_object_get(o, name));
	json_int_t now = (json_int_t)time(NULL);
	char buf[64], text[96];

	if (t == 0)
		return;
	duration_text(ahead ? t - now : now - t, buf, sizeof(buf));
	snprintf(text, sizeof(text), "%s%s", buf, ahead ? "" : " ago");
	part(l, before, text);
}

/* "HEADING value" of each of the scope's counters that has a heading. */
static void counters(struct line *l, enum ovnet_counter_scope scope, const json_t *o)
{
	char heading[64];

	for (const struct ovnet_counter *c = NULL; (c = ovnet_counter_next(scope, c)) != NULL;) {
		if (c->heading == NULL)
			continue;
		snprintf(heading, sizeof(heading), "%s ", c->heading);
		member(l, heading, o, c->name);
	}
}

static void show_node(FILE *out, const json_t *node, struct line *l)
{
	member(l, "", node, "public_ip");
	member(l, "on ", node, "iface");
	end_line(out, "node", l);
	member(l, "", node, "subnet");
	member(l, "of ", node, "network");
	end_line(out, "subnet", l);
	member(l, "", node, "backend");
	member(l, "VNI ", node, "vni");
	member(l, "UDP port ", node, "udp_port");
	member(l, "VTEP MAC ", node, "vtep_mac");
	end_line(out, "backend", l);
	member(l, "", node, "host_device");
	member(l, "MTU ", node, "mtu");
	member(l, "written to ", node, "subnet_file");
	end_line(out, "host device", l);
}

/* Etcd's absence: for how long, and when it is asked again. */
static void away(struct line *l, const json_t *etcd)
{
	json_int_t since = json_integer_value(json_object_get(etcd, "away_s"));
	json_int_t retry = json_integer_value(json_object_get(etcd, "retry_in_ms"));
	char buf[64];

	if (since > 0) {
		duration_text(since, buf, sizeof(buf));
		part(l, "for ", buf);
	}
	if (retry > 0) {
		duration_text((retry + 999) / 1000, buf, sizeof(buf));
		part(l, "next try in ", buf);
	}
}

static void show_etcd(FILE *out, const json_t *etcd, struct line *l)
{
	if (json_is_boolean(json_object_get(etcd, "connected")))
		part(l, "",
			json_is_true(json_object_get(etcd, "connected")) ? "connected" : "away");
	away(l, etcd);
	if (json_is_true(json_object_get(etcd, "stale")))
		part(l, "", "stale: all is from the snapshot");
	member(l, "", etcd, "transport");
	member(l, "", etcd, "endpoint");
	member(l, "", etcd, "prefix");
	member(l, "revision ", etcd, "revision");
	end_line(out, "etcd", l);
	member(l, "", etcd, "error");
	end_line(out, "  error", l);
	since(l, "renewed ", etcd, "renewed_at", false);
	since(l, "expires in ", etcd, "expires_at", true);
	end_line(out, "lease", l);
	counters(l, OVNET_SCOPE_LEASE, etcd);
	end_line(out, "  counts", l);
}

static void show_loop(FILE *out, const json_t *loop, struct line *l)
{
	counters(l, OVNET_SCOPE_LOOP, loop);
	since(l, "", loop, "stall_at", false);
	end_line(out, "event loop", l);
}

/* Where a program of the kernel lane hangs. */
static void hook(struct line *l, const json_t *h)
{
	const char *interface = json_string_value(json_object_get(h, "interface"));
	const char *direction = json_string_value(json_object_get(h, "direction"));
	json_int_t others = json_integer_value(json_object_get(h, "others"));
	bool gone = json_is_false(json_object_get(h, "attached"));
	char text[128], beside[48] = "";

	if (direction == NULL)
		return;
	if (others > 0)
		snprintf(beside, sizeof(beside), " beside %lld of others", (long long)others);
	snprintf(text, sizeof(text), "%s %s%s%s", interface != NULL ? interface : "?", direction,
		gone ? " gone" : "", beside);
	part(l, "", text);
}

/* Counters of one that was never opened say nothing. */
static void show_lane(FILE *out, const json_t *lane, struct line *l)
{
	const json_t *h;
	size_t i;

	member(l, "", lane, "state");
	member(l, "", lane, "why");
	if (json_is_true(json_object_get(lane, "out")) &&
		!json_is_true(json_object_get(lane, "in")))
		part(l, "", "out only");
	if (json_is_integer(json_object_get(lane, "udp_port"))) {
		member(l, "UDP port ", lane, "udp_port");
		counters(l, OVNET_SCOPE_LANE, lane);
	}
	end_line(out, "kernel lane", l);
	json_array_foreach (json_object_get(lane, "hooks"), i, h)
		hook(l, h);
	end_line(out, "  programs", l);
}

static void show_dpdk(FILE *out, const json_t *dpdk, struct line *l)
{
	member(l, "", dpdk, "workers");
	member(l, "", dpdk, "mode");
	member(l, "", dpdk, "cpu_level");
	end_line(out, "workers", l);
	member(l, "", dpdk, "memory");
	counters(l, OVNET_SCOPE_MEMORY, dpdk);
	end_line(out, "memory", l);
}

void show_status(FILE *out, const json_t *s)
{
	const json_t *uptime = json_object_get(s, "uptime_s");
	struct line l = {.len = 0};
	char buf[64];
	json_t *warning;
	size_t i;

	member(&l, "", s, "version");
	member(&l, "pid ", s, "pid");
	if (json_is_integer(uptime)) {
		duration_text(json_integer_value(uptime), buf, sizeof(buf));
		part(&l, "up ", buf);
	}
	end_line(out, "ovnetd", &l);
	member(&l, "", s, "state");
	member(&l, "health ", s, "health");
	counters(&l, OVNET_SCOPE_PEERS, s);
	end_line(out, "state", &l);
	show_node(out, json_object_get(s, "node"), &l);
	show_etcd(out, json_object_get(s, "etcd"), &l);
	show_dpdk(out, json_object_get(s, "dpdk"), &l);
	show_lane(out, json_object_get(s, "lane"), &l);
	show_loop(out, json_object_get(s, "loop"), &l);
	json_array_foreach (json_object_get(s, "warnings"), i, warning) {
		part(&l, "", json_is_string(warning) ? json_string_value(warning) : "-");
		end_line(out, "warning", &l);
	}
}
