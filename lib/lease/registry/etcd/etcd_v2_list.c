/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * v2 knows no pages: all keys come in one answer, 20 MB for a full network. It is taken apart and
 * handed on in pages here, a part per turn of the loop.
 */
#include <errno.h>
#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/registry/etcd/etcd_v2.h"
#include "lease/registry/etcd/etcd_v2_scan.h"
#include "loop/slice.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

#define PAGE 256 /* keys at most that are looked at by the caller in one go */

struct list_op {
	struct etcd_op base; /* its value: the answer */
	struct v2_scan scan;
	int64_t index;
	size_t left_out;
};

struct page {
	struct ovnet_registry_kv kvs[PAGE];
	json_t *nodes[PAGE]; /* what kvs borrow from */
	size_t n;
};

static void finish(struct list_op *op, enum ovnet_registry_status status, const char *text,
	const struct page *p)
{
	etcd_op_finish(&op->base, &(struct ovnet_registry_result){.status = status,
					  .text = text,
					  .revision = op->index,
					  .kvs = p != NULL ? p->kvs : NULL,
					  .n_kvs = p != NULL ? p->n : 0});
}

static void finish_not_a_directory(struct list_op *op)
{
	struct v2_error error;

	v2_error_not_dir(op->base.key, &error);
	finish(op, error.status, error.text, NULL);
}

static void take(struct list_op *op, struct page *p, const char *object, size_t len)
{
	json_t *node = v2_parse(object, len);

	if (v2_is_dir(node)) {
		json_decref(node);
	} else if (v2_kv(node, op->base.key, &p->kvs[p->n])) {
		p->nodes[p->n++] = node;
	} else {
		op->left_out++;
		json_decref(node);
	}
}

/* As v2_scan_next(): 1 and -EAGAIN: there may be more. -ENOTDIR: it is a key, not a listing. */
static int gather(struct list_op *op, struct page *p)
{
	struct slice slice = slice_begin();
	const char *object;
	size_t len;
	int rc;

	do {
		rc = v2_scan_next(&op->scan, &object, &len);
		if (rc == 1)
			take(op, p, object, len);
		if (rc == 1 && op->scan.is_node && p->n > 0)
			return -ENOTDIR;
	} while ((rc == 1 || rc == -EAGAIN) && p->n < PAGE && !slice_over(&slice));
	return rc;
}

static void hand_on(struct list_op *op, const struct page *p)
{
	arm_ms(op->base.timer, 0);
	if (p->n > 0)
		op->base.cb(
			op->base.arg, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
					      .text = "",
					      .revision = op->index,
					      .kvs = p->kvs,
					      .n_kvs = p->n,
					      .more = true});
}

static void finish_good(struct list_op *op, const struct page *p)
{
	if (op->left_out > 0)
		LOG(WARN, "%zu keys under %s cannot be read (a NUL in the name?) and are ignored",
			op->left_out, op->base.key);
	finish(op, OVNET_REGISTRY_OK, "", p);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct page p;
	int rc;

	(void)fd, (void)what;
	p.n = 0;
	rc = gather(arg, &p);
	if (rc == 0)
		finish_good(arg, &p);
	else if (rc == -ENOTDIR)
		finish_not_a_directory(arg);
	else if (rc == -EINVAL)
		finish(arg, OVNET_REGISTRY_BROKEN,
			"the answer is no listing of etcd's (is this the client port of an etcd?)",
			NULL);
	else
		hand_on(arg, &p);
	for (size_t i = 0; i < p.n; i++)
		json_decref(p.nodes[i]);
}

static void on_answer(void *arg, const struct v2_answer *a)
{
	struct list_op *op = arg;

	op->index = a->index;
	if (a->status == OVNET_REGISTRY_NOT_FOUND) {
		finish(op, OVNET_REGISTRY_OK, "", NULL);
		return;
	}
	if (a->status != OVNET_REGISTRY_OK) {
		finish(op, a->status, a->text, NULL);
		return;
	}
	op->base.value = http_body_take(a->http);
	op->scan.at = op->base.value;
	op->scan.end = op->base.value != NULL ? op->base.value + a->http->len : NULL;
	op->base.timer = must(evtimer_new(op->base.client->base, on_turn, op));
	arm_ms(op->base.timer, 0);
}

void v2_list(struct ovnet_registry *e, const char *prefix, ovnet_registry_cb cb, void *arg)
{
	struct list_op *op = etcd_op_new(sizeof(*op), &e->client, prefix, NULL, cb, arg);

	v2_send(e,
		&(struct v2_request){
			.path = v2_question(prefix, "quorum=true&recursive=true&sorted=false", 0),
			.raw = true},
		on_answer, op);
}
